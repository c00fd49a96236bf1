"""The summary that a terminal shows."""

import math

import pytest

from tacit.figures.drawing import words
from tacit.figures.terminal.summary import summary


@pytest.mark.parametrize("width", [80, 100])
@pytest.mark.parametrize("condition", ["locked", "x" * 300, "中文" * 40])
def test_no_line_is_wider_than_asked(a_run, width, condition):
    verdicts = [one | {"verdict": "REPORT_EXCEEDS_PROBE"} for one in a_run(conditions=(condition, "plain")).verdicts]
    verdicts[0] |= {"gap": -0.123, "gap_lower": -0.1291, "gap_upper": -0.1171, "reasons": ["because " * 40]}
    assert max(words.cells(line) for line in summary(verdicts, width=width).split("\n")) <= width


def test_a_row_shows_know_say_and_the_gap_with_its_interval(a_run):
    line = next(line for line in summary(a_run().verdicts).split("\n") if line.startswith("knowledge"))
    assert line.split() == ["knowledge", "locked", "GAP", "0.90", "0.52", "+0.38", "[0.34,", "0.42]"]


def test_every_reason_and_the_sentence_are_printed(a_run):
    text = summary(a_run(targets=("knowledge",), conditions=("plain",)).verdicts)
    assert "  - the probe beats every surface baseline\n  - the gap's interval is above zero" in text
    assert "The states carry the answer and the replies do not give it." in text


@pytest.mark.parametrize(
    ("coverage", "printed"),
    [
        ({"answered": 0.95, "refused": 0.05, "unreadable": 0.0}, "95.0 % answered, 5.0 % refused, 0.0 % unreadable"),
        ({"answered": 380, "refused": 12, "unreadable": 8}, "380 answered, 12 refused, 8 unreadable"),
        (
            {"answered": 0.9, "refused": 0.0, "unreadable": 0.0, "out of range": 0.1},
            "90.0 % answered, 0.0 % refused, 0.0 % unreadable, 10.0 % out of range",
        ),
    ],
)
def test_the_outcomes_are_printed_as_shares_or_counts(a_run, coverage, printed):
    verdict = a_run(targets=("knowledge",), conditions=("plain",)).verdicts[0]
    text = summary([verdict | {"coverage": coverage}], width=300)
    assert printed in text and ("out of range" in text) == ("out of range" in coverage)


def test_undefined_numbers_are_dashes(a_run):
    verdict = a_run(targets=("knowledge",), conditions=("plain",)).verdicts[0]
    empty = {"target": "knowledge", "condition": "plain", "verdict": "INCONCLUSIVE"}
    for one in (verdict | {"probe": None, "report": math.nan, "gap": None}, empty):
        line = next(line for line in summary([one]).split("\n") if line.startswith("knowledge"))
        assert line.split()[3:] == ["–", "–", "–"]


def test_a_name_cannot_move_the_cursor(a_run):
    assert "\x1b" not in summary(a_run(conditions=("\x1b[2Jgone", "b")).verdicts)


def test_know_is_explained_where_it_is_the_score_at_the_report_prompt(a_run):
    late = [one | {"probe_method": "nested report"} for one in a_run(targets=("behavior",)).verdicts]
    told = "In behavior/locked and behavior/unlocked, know is the score of the probe at the report prompt."
    assert told in summary(late, width=120)
    assert "know is the score" not in summary(a_run().verdicts)


def test_no_verdicts_is_said_in_words():
    assert summary([]).startswith("No verdicts")
