"""A Parquet file is read within a bound of rows and memory."""

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tacit.errors import TargetError
from tacit.targets import load_items, read_table
from tacit.targets.resolve import row_account
from tacit.targets.tables import parquet_files


@pytest.fixture
def large(tmp_path):
    path = tmp_path / "t.parquet"
    table = pd.DataFrame({"question": [f"Q{i}?" for i in range(1000)], "answer": [str(i) for i in range(1000)]})
    table.to_parquet(path, row_group_size=100)
    return path


def test_of_a_table_with_too_many_rows_the_same_ones_are_drawn_each_time(large, monkeypatch):
    monkeypatch.setattr(parquet_files, "MOST_ROWS", 120)
    monkeypatch.setattr(parquet_files, "MOST_IN_BATCH", 64)
    table = read_table(large)
    assert table.equals(read_table(large)) and len(table) == 120 and table.attrs["unread"] == 880
    numbers = table["answer"].astype(int)
    assert numbers.is_monotonic_increasing and numbers.is_unique and numbers.max() > 900
    assert list(table["question"]) == [f"Q{i}?" for i in numbers]


def test_unread_rows_are_in_the_account(large, monkeypatch):
    monkeypatch.setattr(parquet_files, "MOST_ROWS", 120)
    items, _ = load_items("knowledge", str(large), n=20, seed=0, count_tokens=len)
    account = row_account(str(large), items, "knowledge")
    assert account == {
        "used": 20, "not drawn, since N is smaller than the table": 100,
        "not read, since the table has more than 120": 880,
    }  # fmt: skip


def test_a_small_file_of_three_million_rows_is_read_in_bounded_memory(tmp_path):
    path = tmp_path / "bomb.parquet"
    group = pa.table({"question": ["Why?"] * 1_000_000, "answer": ["So."] * 1_000_000})
    with pq.ParquetWriter(path, group.schema, compression="zstd") as writer:
        for _ in range(3):
            writer.write_table(group)
    before = pa.total_allocated_bytes()
    table = parquet_files.read_parquet(path)
    assert len(table) == parquet_files.MOST_ROWS and table.attrs["unread"] == 3_000_000 - len(table)
    assert pa.total_allocated_bytes() - before < 2**26


def test_rows_that_take_too_much_memory_are_one_line(large, monkeypatch):
    monkeypatch.setattr(parquet_files, "MOST_BYTES", 1000)
    with pytest.raises(TargetError, match=r"takes more than .* GiB of memory \(1,000 rows\)"):
        read_table(large)
