"""Text from anywhere, made fit to print."""

import pytest

from tacit.figures.drawing import words


@pytest.mark.parametrize(
    ("raw", "printed"),
    [("a\nb\tc", "a b c"), ("\x1b[31mred\x1b[0m", "red"), ("a\x00\x08b", "a b"), (None, ""), (float("nan"), "")],
)
def test_text_is_printed_on_one_line_without_control_characters(raw, printed):
    assert words.one_line(raw) == printed


def test_a_long_name_keeps_both_of_its_ends():
    short = words.fit("the same beginning of every name and its own end", 80, 7)
    assert short.startswith("the") and short.endswith("end") and words.ELLIPSIS in short


@pytest.mark.parametrize("points", [30, 60, 90])
def test_fitted_text_is_no_wider_than_its_room(points):
    text = words.fit("W" * 60, points, 7, bold=True)
    assert points - 12 < words.width_in_points(text, 7, bold=True) <= points


def test_a_character_that_the_font_lacks_is_shown_as_replaced():
    assert words.drawable("a中b") == "a�b"


def test_wide_characters_take_two_terminal_cells():
    assert words.cells("中文") == 4
    assert words.pad("中", 4) == "中  "


def test_wrapped_lines_hold_all_the_text_and_fit():
    lines = words.wrap("one two three " + "中" * 30, 11)
    assert "".join(lines).replace(" ", "") == "onetwothree" + "中" * 30
    assert max(words.cells(line) for line in lines) <= 11


def test_names_that_would_be_cut_alike_are_numbered():
    names = [f"the same beginning {i} and the same end of it" for i in range(3)]
    cut = words.fit_all(names, 60, 7)
    assert len(set(cut)) == 3 and [text[:2] for text in cut] == ["1 ", "2 ", "3 "]
    assert words.fit_all(["one", "two"], 60, 7) == ["one", "two"]
