"""Every figure of a run."""

import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure

from tacit.figures import read_run, run_pages
from tests.figures.conftest import METRICS


def _pages(run, folder, on_disk, **tables):
    return list(run_pages(read_run(on_disk(run, folder, **tables))))


def test_a_run_ends_in_its_figures(a_run, on_disk, tmp_path):
    run = a_run(targets=("token_count", "knowledge"), conditions=("plain",))
    assert [page.name for page in _pages(run, tmp_path, on_disk)] == [
        "know-and-say", "layers-token_count", "layers-knowledge", "rungs", "agreement", "counts-token_count",
        "count-errors-token_count",
    ]  # fmt: skip


def test_each_figure_is_drawn_from_its_table_and_fits_a_page(a_run, on_disk, tmp_path):
    for page in _pages(a_run(targets=("token_count", "knowledge")), tmp_path, on_disk):
        figure = page.figure(page.table)
        wide, high = figure.get_size_inches()
        assert isinstance(figure, Figure) and len(page.table) and page.caption.endswith(".")
        assert wide <= 7.001 and high <= 9.001, page.name


def test_the_layers_figure_draws_the_scores_as_they_are(a_run, on_disk, tmp_path):
    run = a_run(targets=("knowledge",), conditions=("plain",))
    table = next(page.table for page in _pages(run, tmp_path, on_disk) if page.name == "layers-knowledge")
    drawn = table[table["method"] == "probe"]["value"]
    np.testing.assert_array_equal(drawn, run.scores[run.scores["method"] == "probe"]["value"])


def test_a_run_in_which_nothing_is_defined_is_still_drawn(a_run, on_disk, tmp_path):
    run = a_run(targets=("token_count",), conditions=("plain",), n_layers=3)
    run.scores[["value", "lower", "upper"]] = np.nan
    run.items["probe"], run.items["report"] = np.nan, None
    run.verdicts[:] = [{"target": "token_count", "condition": "plain", "verdict": "INCONCLUSIVE", "metric": "skill"}]
    assert [bool(page.figure(page.table)) for page in _pages(run, tmp_path, on_disk)] == [True] * 5


def test_a_run_without_verdicts_has_no_figure_of_know_and_say(a_run, on_disk, tmp_path):
    run = a_run(targets=("knowledge",), conditions=("plain",), n_layers=3)
    run.verdicts.clear()
    names = [page.name for page in _pages(run, tmp_path, on_disk)]
    assert names == ["layers-knowledge", "rungs", "agreement"]


def test_more_conditions_than_fit_a_page_go_on_further_pages(a_run, on_disk, tmp_path):
    run = a_run(targets=("knowledge",), conditions=tuple(f"c{i}" for i in range(9)), n_layers=3)
    pages = [p.table for p in _pages(run, tmp_path, on_disk) if p.name.startswith("layers-")]
    assert len(pages) > 1
    assert [c for page in pages for c in dict.fromkeys(page["condition"])] == [f"c{i}" for i in range(9)]


def test_no_page_has_the_name_of_another_targets(a_run, on_disk, tmp_path, monkeypatch):
    for target in ("mood", "mood-2"):
        monkeypatch.setitem(METRICS, target, ("auroc", 0.5))
    run = a_run(targets=("mood", "mood-2"), conditions=tuple(f"c{i}" for i in range(9)), n_layers=3)
    names = [page.name for page in _pages(run, tmp_path, on_disk)]
    assert "layers-mood-page2" in names and len(names) == len(set(names))


def test_tables_that_a_run_may_have_become_figures(a_run, on_disk, tmp_path):
    place = {"target": "knowledge", "condition": "plain", "metric": "auroc", "value": 0.8, "lower": 0.7, "upper": 0.9}
    trained = {"by": "source", "train": "a", "test": "b", "n_train": 9, "n_test": 9}
    run = a_run(targets=("knowledge",), conditions=("plain",), n_layers=3)
    run.verdicts[0]["decomposition"] = [place | {"step": step} for step in ("raw say", "know")]
    names = [
        page.name
        for page in _pages(
            run, tmp_path, on_disk,
            probes__curve=pd.DataFrame([place | {"n_labels": n, "n_repeats": 5} for n in (25, 160)]),
            probes__transfer=pd.DataFrame([place | trained]),
            probes__positions=pd.DataFrame([place | {"prompt": "object", "position": -1, "layer": 2}]),
            verdicts__matrix=pd.DataFrame([place | {"predictor": "a", "target_run": "b", "kind": "probe", "n": 9}]),
            verdicts__reliability=pd.DataFrame([place | {"kind": "probe", "confidence": 0.5, "outcome": 0.4, "n": 9}]),
        )
    ]  # fmt: skip
    assert {"decomposition", "learning-curve", "transfer-matrix", "position-map", "predictor-matrix"} < set(names)
    assert "reliability-diagram" in names


def test_a_column_that_items_lack_is_named(a_run, on_disk, tmp_path):
    run = a_run(targets=("knowledge",), conditions=("plain",), n_layers=3)
    run.items.drop(columns="outcome", inplace=True)  # noqa: PD002
    with pytest.raises(ValueError, match="items: the table has no column outcome"):
        _pages(run, tmp_path, on_disk)


def test_drawing_imports_no_model_code():
    code = "import figures, sys; sys.exit(any(name in sys.modules for name in ('torch', 'transformers', 'nnsight')))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
