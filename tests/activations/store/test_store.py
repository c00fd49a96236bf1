"""A store is read only if its tables and its manifest are what was written; no model is needed here."""

from __future__ import annotations

import json

import pandas as pd
import pytest

from tacit.activations import ActivationError, open_store
from tacit.activations.store.other_runs import adopt
from tacit.activations.store.store import FORMAT
from tacit.files import sha256_of

SHARD = {"file": "k-t/00000.safetensors", "sha256": "", "rows": [0, 3], "bytes": 1, "not_finite": {}} | {
    "replies": "k-t/00000.replies.parquet", "replies_sha256": "",
}  # fmt: skip
ENTRY = {"target": "t", "condition": "c", "part": "states", "key": "k", "n_items": 3, "sites": [], "shards": [SHARD]}
TABLES = ("items.parquet", "replies.parquet")


@pytest.fixture
def folder(tmp_path):
    """The store of a run `r`, without shards."""
    folder = tmp_path / "runs" / "r" / "activations"
    folder.mkdir(parents=True)
    for name in TABLES:
        pd.DataFrame({"item_id": ["a", "b", "c"]}).to_parquet(folder / name)
    tables = {name: sha256_of(folder / name) for name in TABLES}
    manifest = {
        "format": FORMAT, "complete": True, "layers": [0], "n_layers": 1, "tables": tables, "entries": [ENTRY],
        "model": {"id": "m"}, "versions": {},
    }  # fmt: skip
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


@pytest.mark.parametrize("content", [b"[1, 2]", b"null", b"3", b'"text"', b"\xff\xfe", b"", b"{"])
def test_a_manifest_that_is_no_manifest_is_one_clear_line(folder, content):
    (folder / "manifest.json").write_bytes(content)
    with pytest.raises(ActivationError, match=r"manifest\.json .*Move it away, then run: tacit cache r$") as raised:
        open_store(folder)
    assert "\n" not in str(raised.value)
    assert adopt(folder.parents[1] / "other" / "activations", "k") is None


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"entries": None}, "has no list of entries"),
        ({"entries": [3]}, "has an entry that is not a JSON object"),
        ({"entries": [ENTRY | {"shards": [[]]}]}, "has a shard that is not a JSON object"),
        ({"entries": [ENTRY | {"n_items": "3"}]}, "has an entry that has no proper 'n_items'"),
        ({"layers": "all"}, "has no proper 'layers'"),
        ({"tables": None}, "has no proper 'tables'"),
        ({"model": None}, "has no proper 'model'"),
    ],
)
def test_a_manifest_with_fields_of_another_type_is_one_clear_line(folder, change, message):
    edit(folder, change)
    with pytest.raises(ActivationError, match=f"manifest.json {message}. Move it away"):
        open_store(folder)


@pytest.mark.parametrize("name", ["../../x/a.safetensors", "/etc/passwd", "..", "a.safetensors", "../a", "a/../../b"])
@pytest.mark.parametrize("part", ["entries", "set_aside"])
def test_a_manifest_cannot_make_tacit_touch_a_file_outside_its_folder(folder, name, part):
    edit(folder, {part: [ENTRY | {"shards": [SHARD | {"file": name}]}]})
    with pytest.raises(ActivationError, match="names a file outside its folder"):
        open_store(folder)
    assert adopt(folder.parents[1] / "other" / "activations", "k") is None


def edit(folder, change: dict) -> None:
    """Write fields into the manifest."""
    path = folder / "manifest.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | change))
