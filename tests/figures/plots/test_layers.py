"""Know by layer."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest

from tacit.figures.drawing import style, words
from tacit.figures.inputs.layer_rows import LINES, layer_rows
from tacit.figures.inputs.verdict_rows import verdict_rows
from tacit.figures.plots import layers


@pytest.fixture
def rows(a_run):
    run = a_run(targets=("token_count",), conditions=("plain",))
    return layer_rows(run.scores, verdict_rows(run.verdicts), target="token_count")


@pytest.fixture
def drawn():
    """`layers.draw`, with its figures closed afterwards."""
    yield layers.draw
    plt.close("all")


def _lines(ax):
    return {line.get_label(): line for line in ax.lines}


def _texts(ax):
    return [text.get_text() for text in ax.texts]


def test_each_probe_line_is_the_table(rows, drawn):
    lines = _lines(drawn(rows))
    curves = rows[(rows["kind"] == "probe") & (rows["method"] != "nested")]
    assert len(curves.groupby(["method", "site"])) == 4
    for (method, site), part in curves.groupby(["method", "site"]):
        np.testing.assert_array_equal(lines[f"probe|{method}|{site}"].get_xydata(), part[["layer", "value"]])


def test_reports_and_baselines_are_level_lines_at_their_value(rows, drawn):
    lines = _lines(drawn(rows))
    level = rows[rows["kind"].isin(["report", "baseline"])]
    assert len(level) == 11
    for _, row in level.iterrows():
        assert set(lines[f"{row['kind']}|{row['method']}|{row['site']}"].get_ydata()) == {row["value"]}


def test_the_band_of_a_probe_is_its_interval(rows, drawn):
    ax = drawn(rows)
    part = rows[(rows["kind"] == "probe") & (rows["method"] == "ridge") & (rows["site"] == "object")]
    corners = {tuple(point) for point in ax.collections[0].get_paths()[0].vertices}
    assert {*zip(part["layer"], part["lower"], strict=True), *zip(part["layer"], part["upper"], strict=True)} <= corners


def test_the_nested_choice_is_marked_at_its_layer(rows, drawn):
    assert _lines(drawn(rows))["probe|nested|object"].get_xydata().tolist() == [[5, 0.9]]


def test_chance_and_n_are_labelled(rows, drawn):
    texts = _texts(drawn(rows))
    assert "chance, median 0.00" in texts
    assert "n = 400 items in 372 groups" in texts


def test_an_undefined_score_leaves_a_gap_and_is_counted(rows, drawn):
    rows.loc[(rows["method"] == "ridge") & (rows["layer"] == 3), ["value", "lower", "upper"]] = np.nan
    ax = drawn(rows)
    assert np.isnan(_lines(ax)["probe|ridge|object"].get_ydata()[3])
    assert any("2 of 41 scores undefined" in text for text in _texts(ax))


def test_a_score_between_undefined_ones_has_its_interval(rows, drawn):
    mine = (rows["method"] == "ridge") & (rows["site"] == "object")
    rows.loc[mine & ~rows["layer"].isin([3]), ["value", "lower", "upper"]] = np.nan
    bars = [c.get_segments() for c in drawn(rows).collections if c.get_label() == "_interval"]
    one = rows[mine & (rows["layer"] == 3)].iloc[0]
    assert [seg.tolist() for each in bars for seg in each] == [[[3, one["lower"]], [3, one["upper"]]]]


def test_a_baseline_that_is_undefined_says_so(rows, drawn):
    rows.loc[rows["method"] == "tf-idf", "value"] = np.nan
    assert "tf-idf undef." in _texts(drawn(rows))


def test_a_panel_without_any_score_says_so(rows, drawn):
    rows.loc[rows["kind"] != "chance", ["value", "lower", "upper"]] = np.nan
    assert "no score is defined here" in _texts(drawn(rows))


def test_a_baseline_far_beneath_chance_does_not_flatten_the_rest(rows, drawn):
    rows.loc[rows["method"] == "surface numbers", ["value", "lower", "upper"]] = (-40, -45, -35)
    ax = drawn(rows)
    assert ax.get_ylim()[0] > -1
    assert "surface −40" in _texts(ax)


def test_two_conditions_on_one_axes_are_refused(a_run):
    run = a_run(targets=("knowledge",))
    both = layer_rows(run.scores, verdict_rows(run.verdicts), target="knowledge")
    with pytest.raises(ValueError, match=r"layers\.panels"):
        layers.draw(both)


@pytest.mark.parametrize(
    "conditions", [("plain",), ("locked", "unlocked"), ("x" * 300, "$_{\\broken"), ("a", "b", "c")]
)
@pytest.mark.parametrize("n_layers", [3, 81])
def test_no_text_leaves_the_figure_or_touches_another(a_run, conditions, n_layers):
    run = a_run(targets=("token_count",), conditions=conditions, n_layers=n_layers)
    fig = layers.panels(layer_rows(run.scores, verdict_rows(run.verdicts), target="token_count"))
    fig.draw_without_rendering()
    boxes = [text.get_window_extent() for ax in fig.axes for text in ax.texts]
    page = fig.bbox
    assert all(box.x0 >= 0 and box.x1 <= page.x1 and box.y0 >= 0 and box.y1 <= page.y1 for box in boxes)
    for i, box in enumerate(boxes):
        assert not any(box.shrunk(0.98, 0.7).overlaps(other.shrunk(0.98, 0.7)) for other in boxes[i + 1 :])


def test_a_label_is_cut_alike_in_all_panels(a_run):
    run = a_run(targets=("token_count",))
    run.scores["method"] = run.scores["method"].replace("source", "a baseline with a long name of its own")
    run.scores.loc[run.scores["metric"] == "skill", ["value", "lower", "upper"]] *= 0.12
    run.scores.loc[run.scores["method"].str.startswith("a base"), ["value", "lower", "upper"]] = 0.5
    fig = layers.panels(layer_rows(run.scores, verdict_rows(run.verdicts), target="token_count"))
    assert len({text for ax in fig.axes for text in _texts(ax) if text.startswith("a base")}) == 1


@pytest.mark.parametrize("name", [*LINES[:-1], *style.BASELINES])
def test_the_label_of_every_known_method_is_whole_beside_any_score(rows, name):
    probes, one = rows[rows["kind"] == "probe"], rows[rows["method"] == "said"]
    one = one.assign(method=name, value=-0.0004, lower=-0.001, upper=0.0)
    each = [part.assign(condition=condition) for condition in ("locked", "unlocked") for part in (probes, one)]
    fig = layers.panels(pd.concat(each, ignore_index=True))
    assert all(f"{words.method(name)} −0.0004" in _texts(ax) for ax in fig.axes)


def test_bands_and_star_are_explained(rows, drawn):
    assert "bands: 95 % intervals; star: layer chosen on inner folds" in _texts(drawn(rows))


def test_wide_numbers_keep_the_axis_name_on_the_paper(a_run):
    run = a_run(targets=("token_count",), conditions=("plain",))
    run.scores.loc[run.scores["metric"] == "skill", ["value", "lower", "upper"]] *= -0.001
    fig = layers.panels(layer_rows(run.scores, verdict_rows(run.verdicts), target="token_count"))
    fig.draw_without_rendering()
    assert fig.axes[0].yaxis.label.get_window_extent().x0 >= 0
