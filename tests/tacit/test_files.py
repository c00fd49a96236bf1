"""One writer: whole files or none, and no cell that a spreadsheet would run."""

import os
import stat

import numpy as np
import pandas as pd
import pytest

from tacit.errors import WriteError
from tacit.files import PARTIAL, check_seal, sealed, write_bytes, write_csv, write_file, write_json, write_parquet


def test_what_fails_half_way_leaves_the_old_file_and_no_sibling(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("old")

    def fill(sibling):
        sibling.write_text("half")
        raise OSError(28, "No space left on device")

    with pytest.raises(WriteError, match=r"a\.txt.*No space left"):
        write_file(path, fill)
    assert path.read_text() == "old"
    assert not list(tmp_path.glob(f".*{PARTIAL}"))


def test_a_directory_in_the_place_of_a_file_is_one_line(tmp_path):
    (tmp_path / "a.txt").mkdir()
    with pytest.raises(WriteError, match=r"could not write .*a\.txt"):
        write_bytes(tmp_path / "a.txt", b"x")


def test_files_have_the_rights_that_the_umask_leaves(tmp_path):
    write_bytes(tmp_path / "new" / "a", b"x")
    old = os.umask(0)
    os.umask(old)
    assert stat.S_IMODE((tmp_path / "new" / "a").stat().st_mode) == 0o666 & ~old


def test_json_is_strict(tmp_path):
    path = write_json(tmp_path / "a.json", {"x": np.float64("nan"), "y": [np.int64(3), np.bool_(True)]})
    assert path.read_text() == '{\n "x": null,\n "y": [\n  3,\n  true\n ]\n}\n'


@pytest.mark.parametrize("cell", ["=1+1", "+cmd", "-cmd", "@sum", "\tx", "＝1"])
def test_no_cell_or_heading_runs_in_a_spreadsheet(tmp_path, cell):
    path = write_csv(tmp_path / "a.csv", pd.DataFrame({cell: [cell, "-0.5"], "n": [-1.5, 2.0]}))
    table = pd.read_csv(path, dtype=str)
    assert table.columns[0] == "'" + cell
    assert list(table.iloc[:, 0]) == ["'" + cell, "-0.5"]
    assert list(table["n"]) == ["-1.5", "2.0"]


def test_parquet_comes_back(tmp_path):
    table = pd.DataFrame({"a": [1, 2], "b": ["x", None]})
    assert pd.read_parquet(write_parquet(tmp_path / "a.parquet", table)).equals(table)


def test_a_file_without_its_checksum_is_refused_as_one_that_was_edited_is():
    check_seal(content := sealed({"n": 1, "gap": float("nan")}))
    with pytest.raises(ValueError, match="its checksum differs"):
        check_seal(content | {"n": 2})
    with pytest.raises(ValueError, match="it has no checksum: it was edited, or written by an older version"):
        check_seal({"n": 1})
