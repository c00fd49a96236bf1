"""Know and say side by side."""

import math

import matplotlib.pyplot as plt
import pandas as pd
import pytest
from matplotlib.text import Text

from tacit.figures.inputs.verdict_rows import verdict_rows
from tacit.figures.plots import know_and_say


@pytest.fixture
def drawn():
    """`know_and_say.draw`, with its figures closed afterwards."""
    yield know_and_say.draw
    plt.close("all")


def _drawn_at(ax, label):
    return [line.get_xdata()[0] for line in ax.lines if line.get_label() == label]


def _texts(ax):
    return [text.get_text() for text in ax.texts]


def test_every_point_and_chance_tick_is_the_table(a_run, drawn):
    rows = verdict_rows(a_run().verdicts)
    ax = drawn(rows)
    assert _drawn_at(ax, "probe") == list(rows["probe"])
    assert _drawn_at(ax, "report") == list(rows["report"])
    assert _drawn_at(ax, "chance") == list(rows["chance"])


def test_every_interval_is_the_table(a_run, drawn):
    rows = verdict_rows(a_run().verdicts)
    ends = [tuple(line.get_xdata()) for line in drawn(rows).lines if line.get_label() == "_interval"]
    know, say = (list(zip(rows[f"{s}_lower"], rows[f"{s}_upper"], strict=True)) for s in ("probe", "report"))
    assert ends == [pair for pairs in zip(know, say, strict=True) for pair in pairs]


def test_bars_and_brackets_are_named_as_intervals(a_run, drawn):
    ax = drawn(verdict_rows(a_run().verdicts))
    assert "gap, know − say [95 %]" in _texts(ax)
    assert "95 % interval" in [text.get_text() for text in ax.get_legend().get_texts()]


def test_each_target_names_its_own_metric_and_each_row_its_verdict(a_run, drawn):
    texts = _texts(drawn(verdict_rows(a_run().verdicts)))
    assert " (skill)" in texts and texts.count(" (AUROC)") == 2
    assert texts.count("Gap") == 3 and texts.count("No gap") == 3


def test_a_row_without_a_report_says_so_and_draws_no_point(a_run, drawn):
    verdict = a_run(targets=("knowledge",), conditions=("plain",)).verdicts[0]
    ax = drawn(verdict_rows([verdict | {"report": None, "gap": math.nan, "verdict": "REPORT_INVALID"}]))
    assert "say undefined" in _texts(ax)
    assert _drawn_at(ax, "report") == []


def test_a_score_left_of_the_axes_is_an_arrow_with_its_value(a_run, drawn):
    verdict = a_run(targets=("token_count",), conditions=("plain",)).verdicts[0]
    ax = drawn(verdict_rows([verdict | {"report": -2.31, "report_lower": -3.0, "report_upper": -2.0}]))
    assert "−2.31" in _texts(ax)
    assert _drawn_at(ax, "report, off the axis") == [ax.get_xlim()[0]]


def test_a_table_without_rows_is_refused():
    with pytest.raises(ValueError, match="no rows"):
        know_and_say.draw(verdict_rows([]))


@pytest.mark.parametrize("condition", ["plain", "y" * 400, "a 中 $x_{"])
def test_no_text_leaves_the_figure_or_touches_another(a_run, condition):
    run = a_run(conditions=(condition, "unlocked"))
    verdicts = [one | {"verdict": "REPORT_EXCEEDS_PROBE"} for one in run.verdicts]
    fig = know_and_say.figure(verdict_rows(verdicts))
    fig.draw_without_rendering()
    boxes = [text.get_window_extent() for text in fig.axes[0].texts]
    assert all(box.x0 >= 0 and box.x1 <= fig.bbox.x1 and box.y0 >= 0 and box.y1 <= fig.bbox.y1 for box in boxes)
    for i, box in enumerate(boxes):
        assert not any(box.shrunk(0.95, 0.8).overlaps(other.shrunk(0.95, 0.8)) for other in boxes[i + 1 :])


def _on_its_own(table):
    return know_and_say.draw(table).figure


def _on_axes_of_the_caller(table):
    return know_and_say.draw(table, ax=plt.subplots(figsize=(7, 5))[1]).figure


@pytest.mark.parametrize("draw", [know_and_say.figure, _on_its_own, _on_axes_of_the_caller])
@pytest.mark.parametrize("n", [600, 123_456])
@pytest.mark.parametrize("dpi", [72, 200])
def test_every_text_is_whole_inside_the_figure(a_run, drawn, draw, n, dpi):
    fig = draw(verdict_rows([one | {"n": n} for one in a_run().verdicts]))
    fig.set_dpi(dpi)
    fig.draw_without_rendering()
    low, high = fig.axes[0].get_xlim()
    seen = [t for t in fig.findobj(Text) if t.get_text() and t.get_visible()]
    ticks = {tick.label1: low <= tick.get_loc() <= high for tick in fig.axes[0].xaxis.get_major_ticks()}
    boxes = [(text.get_text(), text.get_window_extent()) for text in seen if ticks.get(text, True)]
    assert {f"{n}", "n", "score, in the metric named at the left", "95 % interval"} <= {name for name, _ in boxes}
    room = fig.bbox.padded(-2 * dpi / 72)
    assert not [name for name, box in boxes if box.x0 < room.x0 or box.x1 > room.x1]
    assert not [name for name, box in boxes if box.y0 < 0 or box.y1 > fig.bbox.y1]


def test_several_runs_are_named_in_their_rows(a_run, drawn):
    rows = verdict_rows(a_run(targets=("knowledge",), conditions=("plain",)).verdicts)
    both = pd.concat([rows.assign(run="one"), rows.assign(run="two")], ignore_index=True)
    assert {"one · plain", "two · plain"} <= set(_texts(drawn(both)))


def test_runs_and_conditions_that_begin_alike_stay_apart(a_run):
    rows = verdict_rows(a_run(targets=("knowledge",)).verdicts)
    names = [f"vendor/great-model-{size}-instruct-awq-int4" for size in ("7b", "70b")]
    both = pd.concat([rows.assign(run=name) for name in names], ignore_index=True)
    texts = _texts(know_and_say.figure(both).axes[0])
    shown = [text for text in texts if text.endswith((" · locked", " · unlocked"))]
    assert len(shown) == len(set(shown)) == 4


def test_two_scores_off_the_axis_do_not_touch_and_a_cut_interval_is_an_arrow(a_run):
    verdict = a_run(targets=("token_count",), conditions=("plain",)).verdicts[0]
    off = {"probe": -0.5, "probe_lower": -1.2, "probe_upper": 0.3, "report": -0.45, "report_lower": -3.0,
           "report_upper": 0.1}  # fmt: skip
    cut = {"report": 0.02, "report_lower": -2.0, "report_upper": 0.3, "condition": "cut"}
    fig = know_and_say.figure(verdict_rows([verdict | off, verdict | cut]))
    fig.draw_without_rendering()
    numbers = [text.get_window_extent() for text in fig.axes[0].texts if text.get_text() in ("−0.50", "−0.45")]
    assert len(numbers) == 2 and not numbers[0].overlaps(numbers[1])
    assert all(box.x1 < fig.axes[0].bbox.x0 for box in numbers)
    assert _drawn_at(fig.axes[0], "_cut") == [fig.axes[0].get_xlim()[0]]
