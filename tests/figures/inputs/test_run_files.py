"""A run read back from its folder, and what is said when it cannot be."""

import json

import pytest

from tacit.figures import FigureError, read_run, read_verdicts
from tacit.figures.inputs.run_files import headline_items
from tacit.files import sealed


@pytest.fixture
def folder(a_run, on_disk, tmp_path):
    return on_disk(a_run(targets=("knowledge",), conditions=("plain",), n_layers=3), tmp_path / "a-run")


@pytest.mark.parametrize(
    ("missing", "command"),
    [("probes/scores.csv", "tacit probe a-run"), ("probes/items.parquet", "tacit probe a-run"),
     ("verdicts/verdicts.json", "tacit compare a-run")],
)  # fmt: skip
def test_a_missing_file_is_named_with_the_command_that_writes_it(folder, missing, command):
    (folder / missing).unlink()
    with pytest.raises(FigureError, match=f"{missing} is missing.*Run: {command}"):
        read_run(folder)


@pytest.mark.parametrize("broken", ["probes/items.parquet", "probes/probes.json", "settings.json"])
def test_a_file_that_cannot_be_read_is_named_in_one_line(folder, broken):
    (folder / broken).write_text("{half a")
    with pytest.raises(FigureError, match=broken) as caught:
        read_run(folder)
    assert "\n" not in str(caught.value)


def test_verdicts_that_are_no_list_are_refused(folder):
    written = {"schema": "tacit-verdicts/1", "verdicts": {"verdict": "GAP"}}
    (folder / "verdicts/verdicts.json").write_text(json.dumps(sealed(written)))
    with pytest.raises(FigureError, match=r"does not contain a list of verdicts\. Run: tacit compare a-run"):
        read_verdicts(folder)


@pytest.mark.parametrize("written", [[{"verdict": "GAP"}], {"schema": "tacit-verdicts/2", "verdicts": []}])
def test_verdicts_of_another_schema_are_refused_with_the_command_that_writes_them(folder, written):
    (folder / "verdicts/verdicts.json").write_text(json.dumps(written))
    with pytest.raises(FigureError, match=r"has schema .*'tacit-verdicts/1'\. Run: tacit compare a-run") as caught:
        read_verdicts(folder)
    assert "\n" not in str(caught.value)


def test_verdicts_where_an_older_version_wrote_them_are_named_with_the_command_that_replaces_them(folder):
    (folder / "verdicts/verdicts.json").rename(folder / "figures/verdicts.json")
    message = r"figures/verdicts\.json were written by an older version\. Run: tacit compare a-run"
    with pytest.raises(FigureError, match=message):
        read_verdicts(folder)


def test_an_optional_table_without_rows_is_as_if_it_were_not_there(folder):
    (folder / "probes/curve.csv").write_text("target,condition,n_labels\n")
    (folder / "probes/null.csv").write_text("")
    assert not {"curve", "null"} & set(read_run(folder).tables)


def test_items_show_the_probe_that_the_verdict_is_about(folder):
    items = read_run(folder).items
    one = items.iloc[0]
    verdict = {"target": one["target"], "condition": one["condition"], "probe_method": "nested report"}
    mine = (items["target"] == one["target"]) & (items["condition"] == one["condition"])
    late = items.assign(**{"read:nested report": -1.5, "right:nested report": False})
    found = headline_items(late, [verdict])
    assert (found.loc[mine, "probe"] == -1.5).all()
    assert not found.loc[mine, "probe_right"].any()
    assert found.loc[~mine, "probe"].equals(items.loc[~mine, "probe"])
