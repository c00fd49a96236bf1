"""Predicted against true counts."""

import matplotlib.pyplot as plt
import numpy as np
import pytest

from tacit.figures import count_targets
from tacit.figures.inputs.count_rows import count_rows
from tacit.figures.plots import counts


@pytest.fixture
def run(a_run):
    return a_run(targets=("token_count", "knowledge"), conditions=("plain",))


@pytest.fixture
def said(run):
    rows = count_rows(run.scores, run.items, target="token_count")
    return rows[rows["series"] == "report"].reset_index(drop=True)


@pytest.fixture
def drawn():
    """`counts.draw`, with its figures closed afterwards."""
    yield counts.draw
    plt.close("all")


def _collection(ax, label):
    return next(c for c in ax.collections if c.get_label() == label)


def test_only_targets_that_are_counted_are_drawn(run):
    assert count_targets(run.scores, run.items) == ["token_count"]


def test_every_item_with_a_number_is_drawn_where_the_table_has_it(said, drawn):
    points = {tuple(point) for point in _collection(drawn(said), "items").get_offsets()}
    answered = said[said["predicted"].notna()]
    assert points == set(zip(answered["label"], answered["predicted"], strict=True))


def test_shares_are_printed_as_the_scores_have_them(run, said, drawn):
    assert any("exact 5 %, ±1 20 %" in text.get_text() for text in drawn(said).texts)


def test_shares_that_scores_lack_are_said_to_be_missing(run, drawn):
    scores = run.scores[run.scores["metric"] == "skill"]
    rows = count_rows(scores, run.items, target="token_count")
    ax = drawn(rows[rows["series"] == "probe"])
    assert any(text.get_text().startswith("exact: not given") for text in ax.texts)


def test_answers_without_a_number_are_counted(said, drawn):
    said["predicted"] = np.where(said.index < 37, np.nan, said["label"])
    assert any("37 no number" in text.get_text() for text in drawn(said).texts)


def test_an_absurd_answer_is_an_arrow_and_does_not_stretch_the_axes(said, drawn):
    said["predicted"] = np.where(said.index < 5, 1e6, said["label"])
    ax = drawn(said)
    assert ax.get_ylim()[1] < 100
    assert len(_collection(ax, "beyond").get_offsets()) == 5
    assert any("5 beyond" in text.get_text() for text in ax.texts)


def test_a_report_with_no_number_at_all_says_so(said, drawn):
    said["predicted"] = np.nan
    assert any(text.get_text() == "no count to draw" for text in drawn(said).texts)


def test_the_size_of_a_disc_is_explained_where_discs_differ(said, drawn):
    said["label"], said["predicted"] = np.repeat(np.arange(20.0), 20), np.repeat(np.arange(20.0), 20)
    key = [text.get_text() for text in drawn(said).get_legend().get_texts()]
    assert key == ["items on a point:", "1", "5", "15 or more"]
    said["predicted"] = np.arange(400.0) / 20
    assert drawn(said).get_legend() is None


def test_wide_numbers_keep_the_axis_name_on_the_paper(run):
    rows = count_rows(run.scores, run.items, target="token_count")
    fig = counts.panels(rows.assign(label=rows["label"] * 100_000, predicted=rows["predicted"] * 100_000))
    fig.draw_without_rendering()
    assert fig.axes[0].yaxis.label.get_window_extent().x0 >= 0
    assert all(ax.get_window_extent().x1 <= fig.bbox.x1 for ax in fig.axes)


def test_shaded_cells_hold_every_item_once(a_run, drawn):
    run = a_run(targets=("token_count",), conditions=("plain",), n=3000)
    rows = count_rows(run.scores, run.items, target="token_count")
    ax = drawn(rows[rows["series"] == "probe"])
    inside = rows[(rows["series"] == "probe") & rows["predicted"].between(*ax.get_ylim())]
    assert ax.collections[0].get_array().sum() == len(inside)
    assert any(text.get_text().startswith("darker") for text in ax.texts)


def test_words_above_one_panel_end_before_the_next_begins(run):
    rows = count_rows(run.scores, run.items, target="token_count").assign(exact=1.0, within_1=1.0)
    fig = counts.panels(rows)
    fig.canvas.draw()
    know, say = (
        [text.get_window_extent() for text in ax.texts if text.get_text() and text.get_fontweight() != "bold"]
        for ax in fig.axes[:2]
    )
    assert max(box.x1 for box in know) < min(box.x0 for box in say)
    plt.close(fig)
