"""A store is read only if its tables and its manifest are what was written; no model is needed here."""

from __future__ import annotations

import json

import pandas as pd
import pytest

from tacit.activations import ActivationError, open_store
from tacit.activations.store.store import FORMAT
from tacit.files import sha256_of

TABLES = ("items.parquet", "replies.parquet")


@pytest.fixture
def folder(tmp_path):
    """The store of a run `r`, without shards."""
    folder = tmp_path / "runs" / "r" / "activations"
    folder.mkdir(parents=True)
    for name in TABLES:
        pd.DataFrame({"item_id": ["a", "b", "c"]}).to_parquet(folder / name)
    tables = {name: sha256_of(folder / name) for name in TABLES}
    manifest = {"format": FORMAT, "complete": True, "layers": [0], "n_layers": 1, "tables": tables, "entries": []}
    (folder / "manifest.json").write_text(json.dumps(manifest))
    return folder


@pytest.mark.parametrize("name", TABLES)
def test_a_table_with_its_rows_in_another_order_is_not_read(folder, name):
    table = pd.read_parquet(folder / name)
    assert getattr(open_store(folder), name.partition(".")[0]).equals(table)
    table.iloc[::-1].to_parquet(folder / name)
    with pytest.raises(ActivationError, match=rf"{name} was changed after it was cached .* Run: tacit cache r$"):
        getattr(open_store(folder), name.partition(".")[0])


@pytest.mark.parametrize("name", TABLES)
def test_a_table_that_is_gone_is_one_clear_line(folder, name):
    (folder / name).unlink()
    with pytest.raises(ActivationError, match=rf"{name} is missing\. Run: tacit cache r$"):
        getattr(open_store(folder), name.partition(".")[0])
