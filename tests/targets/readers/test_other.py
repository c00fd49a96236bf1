"""Readers of a character, a truth, agreement and a choice of yes and no, on replies labelled by hand."""

import pytest

from tacit.targets.base import Report
from tacit.targets.readers.other import concluded, read_agreement, read_character, read_choice, read_truth

YES, NO, NOTHING, REFUSED = (
    Report("answered", "yes"),
    Report("answered", "no"),
    Report("unreadable"),
    Report("refused"),
)


@pytest.mark.parametrize(
    ("reply", "expected"),
    [
        ("p", "p"),
        ("P.", "p"),
        ("**p**", "p"),
        ('"p"', "p"),
        ("The second character would be 'p'.", "p"),
        ("The letter is p.", "p"),
        ("space", "space"),
        ("?", "?"),
    ],
)
def test_a_character_that_is_named_is_read(reply, expected):
    assert read_character(reply) == Report("answered", expected)


@pytest.mark.parametrize("reply", ["", "parrot", "'p' or 'q'", "It depends on the answer"])
def test_no_character_is_made_of_a_reply_that_names_none(reply):
    assert read_character(reply) == NOTHING


def test_a_reply_that_declines_is_refused():
    assert read_character("I can't predict that.") == REFUSED


@pytest.mark.parametrize(
    ("reply", "expected"),
    [("true", YES), ("False.", NO), ("Yes", YES), ("No, false.", NO), ("not true", NOTHING), ("Yes, false", NOTHING)],
)
def test_true_and_false_are_yes_and_no(reply, expected):
    assert read_truth(reply) == expected


@pytest.mark.parametrize(
    ("reply", "expected"),
    [
        ("I agree.", YES),
        ("Yes, I agree with you.", YES),
        ("I disagree.", NO),
        ("I don't agree with that.", NO),
        ("I would have to disagree, lamps are fine.", NO),
        ("Some agree and some disagree.", NOTHING),
        ("Lamps are nice.", NOTHING),
    ],
)
def test_agreement_is_read_from_its_words(reply, expected):
    assert read_agreement(reply) == expected


def test_options_that_are_yes_and_no_are_read_as_such_and_spelled_as_given():
    assert read_choice("No, there's nothing in it.", ("Yes", "No")) == Report("answered", "No")
    assert read_choice("I take (B).", ("A", "B")) == Report("answered", "B")


@pytest.mark.parametrize(
    ("reply", "expected"),
    [("First 3, then 4. Answer: yes", "yes"), ("The answer is: no.\nAnswer: yes", "yes"), ("yes", "yes")],
)
def test_the_conclusion_stands_after_the_last_mark(reply, expected):
    assert concluded(reply) == expected


def test_a_reply_that_was_cut_before_its_conclusion_has_none():
    assert concluded("First 3, then 4, yes", ended=False) == ""
    assert concluded("First 3. Answer: yes", ended=False) == "yes"
