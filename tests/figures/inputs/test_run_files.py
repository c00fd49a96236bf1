"""A run read back from its folder, and what is said when it cannot be."""

import json

import pytest

from tacit.figures import FigureError, read_run, read_verdicts
from tacit.figures.inputs.run_files import headline_items


@pytest.fixture
def folder(a_run, on_disk, tmp_path):
    return on_disk(a_run(targets=("knowledge",), conditions=("plain",), n_layers=3), tmp_path / "a-run")


@pytest.mark.parametrize(
    ("missing", "command"),
    [("probes/scores.csv", "tacit probe a-run"), ("probes/items.parquet", "tacit probe a-run"),
     ("figures/verdicts.json", "tacit compare a-run")],
)  # fmt: skip
def test_a_missing_file_is_named_with_the_command_that_writes_it(folder, missing, command):
    (folder / missing).unlink()
    with pytest.raises(FigureError, match=f"{missing} is not there.*Run: {command}"):
        read_run(folder)


@pytest.mark.parametrize("broken", ["probes/items.parquet", "probes/probes.json", "settings.json"])
def test_a_file_that_cannot_be_read_is_named_in_one_line(folder, broken):
    (folder / broken).write_text("{half a")
    with pytest.raises(FigureError, match=broken) as caught:
        read_run(folder)
    assert "\n" not in str(caught.value)


def test_verdicts_that_are_no_list_are_refused(folder):
    (folder / "figures/verdicts.json").write_text(json.dumps({"verdict": "GAP"}))
    with pytest.raises(FigureError, match="no list of verdicts"):
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
