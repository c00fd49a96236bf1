"""The figure of the tool's own controls: drawn points are the tables."""

import matplotlib.pyplot as plt
import pandas as pd
import pytest

from tacit.figures.plots import validation


@pytest.fixture
def ax():
    yield plt.figure().add_subplot()
    plt.close("all")


CONTROLS = pd.DataFrame(
    {
        "control": ["N1 oracle", "N1 zero gap", "N1 zero gap, clustered", "N2 hash", "P4 private", "P6 nonlinear"],
        "gap_rate": [1.0, 0.02, 0.045, 0.0, float("nan"), 0.0],
        "simulations": [200, 200, 200, 200, 40, 40],
    }
)
COVERAGE = pd.DataFrame(
    {"name": ["one item a group", "groups of four"], "coverage": [0.951, 0.943], "simulations": [2000, 2000]}
)
POWER = pd.DataFrame(
    [(n, gap, min(1.0, 0.02 + gap * n / 60), 400) for n in (80, 160, 320, 640) for gap in (0.0, 0.05, 0.2)],
    columns=["n", "gap", "above_zero", "simulations"],
)


def test_only_worlds_without_a_gap_are_among_the_false_gaps(ax):
    drawn = validation.false_gaps(CONTROLS, ax=ax)
    names = [label.get_text() for label in drawn.get_yticklabels()]
    assert names == ["N1 zero gap (200)", "N1 zero gap, clustered (200)", "N2 hash (200)", "P6 nonlinear (40)"]
    assert list(drawn.lines[-1].get_xdata()) == [0.02, 0.045, 0.0, 0.0]


def test_coverage_is_drawn_against_the_band_that_is_required(ax):
    drawn = validation.coverage(COVERAGE, ax=ax)
    assert list(drawn.lines[-1].get_xdata()) == [0.951, 0.943]
    assert drawn.patches[0].get_x() == 0.93


def test_power_has_a_labelled_line_for_every_planted_gap(ax):
    drawn = validation.draw(POWER, ax=ax)
    assert [text.get_text() for text in drawn.get_legend().get_texts()] == ["0", "0.05", "0.2"]
    assert list(drawn.lines[0].get_ydata()) == [0.02] * 4


def test_the_whole_figure_is_saved_with_its_table(tmp_path):
    for name, table in (("controls", CONTROLS), ("coverage", COVERAGE), ("power", POWER)):
        table.to_csv(tmp_path / f"{name}.csv", index=False)
    paths = validation.main(tmp_path)
    assert [path.name for path in paths] == ["validation.pdf", "validation.png", "validation.csv"]
    assert paths[0].read_bytes().startswith(b"%PDF")


def test_a_table_without_a_column_is_named(ax):
    with pytest.raises(ValueError, match="coverage: the table has no column coverage"):
        validation.coverage(COVERAGE.drop(columns="coverage"), ax=ax)
