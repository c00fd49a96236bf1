"""Every page of a run."""

import subprocess
import sys

import numpy as np
import pandas as pd
import pytest

from figures import draw_run


def _stems(paths):
    return list(dict.fromkeys(path.stem for path in paths))


def test_a_run_ends_in_its_figures_and_tables(a_run, tmp_path):
    run = a_run(targets=("token_count", "knowledge"), conditions=("plain",))
    paths = draw_run(run.scores, run.items, run.verdicts, tmp_path)
    assert _stems(paths) == [
        "know-and-say", "layers-token_count", "layers-knowledge", "counts-token_count", "verdicts",
    ]  # fmt: skip
    assert all(path.stat().st_size > 0 for path in paths)


def test_each_figure_has_the_table_it_was_drawn_from(a_run, tmp_path):
    run = a_run(targets=("knowledge",), conditions=("plain",))
    draw_run(run.scores, run.items, run.verdicts, tmp_path)
    table = pd.read_csv(tmp_path / "layers-knowledge.csv", float_precision="round_trip")
    drawn = table[table["method"] == "probe"]["value"]
    expected = run.scores[run.scores["method"] == "probe"]["value"]
    np.testing.assert_array_equal(drawn, expected)


def test_a_run_in_which_nothing_is_defined_is_still_drawn(a_run, tmp_path):
    run = a_run(targets=("token_count",), conditions=("plain",), n_layers=3)
    scores = run.scores.assign(value=np.nan, lower=np.nan, upper=np.nan)
    items = run.items.assign(probe=np.nan, report=None)
    verdict = {"target": "token_count", "condition": "plain", "verdict": "INCONCLUSIVE", "metric": "skill"}
    assert len(draw_run(scores, items, [verdict], tmp_path)) == 12


def test_a_run_without_verdicts_has_no_dumbbell(a_run, tmp_path):
    run = a_run(targets=("knowledge",), conditions=("plain",), n_layers=3)
    assert _stems(draw_run(run.scores, run.items, [], tmp_path)) == ["layers-knowledge", "verdicts"]


def test_more_conditions_than_fit_a_page_go_on_further_pages(a_run, tmp_path):
    run = a_run(targets=("knowledge",), conditions=tuple(f"c{i}" for i in range(7)), n_layers=3)
    stems = _stems(draw_run(run.scores, run.items, run.verdicts, tmp_path))
    pages = [pd.read_csv(tmp_path / f"{stem}.csv") for stem in stems if stem.startswith("layers-")]
    assert len(pages) == 2
    assert [c for page in pages for c in dict.fromkeys(page["condition"])] == [f"c{i}" for i in range(7)]


def test_a_column_that_items_lack_is_named(a_run, tmp_path):
    run = a_run(targets=("knowledge",), conditions=("plain",), n_layers=3)
    with pytest.raises(ValueError, match="items: the table has no column outcome"):
        draw_run(run.scores, run.items.drop(columns="outcome"), run.verdicts, tmp_path)


def test_drawing_imports_no_model_code():
    code = "import figures, sys; sys.exit(any(name in sys.modules for name in ('torch', 'transformers', 'nnsight')))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
