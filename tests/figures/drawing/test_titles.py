"""Two names in one line."""

import pandas as pd
import pytest

from tacit.figures.drawing import panels, style, titles, words

LONG = "a name that goes on and on for ever and "


def _table(pairs):
    return pd.DataFrame(pairs, columns=["target", "condition"])


def test_a_title_that_fits_stays_whole():
    assert titles.title(_table([("token_count", "locked")]), 200) == "token count · locked"


def test_a_long_target_leaves_its_condition_to_be_read():
    title = titles.title(_table([(LONG * 3, "locked")]), 200)
    assert title.endswith(" · locked") and words.width_in_points(title, style.TITLE, bold=True) <= 200


def test_long_names_of_one_figure_stay_apart():
    pairs = [(f"{LONG}{i} {LONG}", f"{LONG}{k} {LONG}") for i in "ab" for k in "cd"]
    short = titles.titled(_table(pairs), 200)
    assert short["title"].nunique() == 4
    assert all(title.count(words.ELLIPSIS) == 2 and titles.BETWEEN in title for title in short["title"])


def test_the_panels_of_a_figure_have_titles_of_their_own():
    table = _table([(f"{LONG}{i} {LONG}", LONG + k) for i in "ab" for k in "cd"])
    fig = panels.panels(lambda part, ax: panels.heading(ax, part, "note"), table, ["target", "condition"],
                        panels.Frame(2.0, 1.0))  # fmt: skip
    heads = [text.get_text() for ax in fig.axes for text in ax.texts if text.get_text() != "note"]
    assert len(heads) == len(set(heads)) == 4


def test_an_axis_moves_to_the_right_where_its_numbers_are_wide():
    fig = style.new_figure(3.4, 2.0)
    with style.paper():
        narrow, wide = (style.place(fig, (0.4, y, 2.0, 0.6)) for y in (0.2, 1.2))
        for ax, top in ((narrow, 1), (wide, 100_000)):
            ax.set_ylim(0, top)
            ax.set_ylabel("predicted count")
            panels.clear_left(ax, 0.4)
    fig.draw_without_rendering()
    assert wide.yaxis.label.get_window_extent().x0 >= 0
    assert wide.get_position().x1 == pytest.approx(narrow.get_position().x1)
    assert wide.get_position().x0 > narrow.get_position().x0
