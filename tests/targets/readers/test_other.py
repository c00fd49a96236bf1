"""Readers of a character, a truth, agreement and a choice of yes and no, on replies labelled by hand."""

import json

import pytest

from tacit.targets.base import Report
from tacit.targets.readers.other import (
    concluded,
    read_agreement,
    read_character,
    read_choice,
    read_labelled,
    read_truth,
)
from tacit.targets.tables.published import labelled

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


LABELLED = {"A": "$100 now", "B": "I will wait for $120."}


@pytest.mark.parametrize(
    ("reply", "letter"),
    [
        ("I would choose the $100 now.", "A"),
        ("(A)", "A"),
        ("(A) $100 now", "A"),
        ("B, because I would wait for $120", "B"),
        ("I would wait for $120.", "B"),
        ('The letter is "B".', "B"),
    ],
)
def test_an_option_is_chosen_by_its_letter_or_by_its_own_text(reply, letter):
    assert read_labelled(reply, LABELLED) == Report("answered", letter)


@pytest.mark.parametrize(
    "reply",
    [
        "(A) I will wait for $120.",
        "I would not take the $100 now.",
        "$100 now or wait for $120?",
        "A or B",
        "$100 now. No, I would wait for $120.",
        "$100",
        "Waiting is fine.",
    ],
)
def test_a_letter_against_its_text_or_both_texts_choose_nothing(reply):
    assert read_labelled(reply, LABELLED) == NOTHING


def test_a_letter_inside_the_text_of_an_option_is_no_label():
    jobs = {"A": "Job B", "B": "Job A"}
    assert read_labelled("I would choose job B.", jobs) == read_labelled("(A) Job B", jobs) == Report("answered", "A")
    assert read_labelled("I would choose option B.", {"A": "Option B", "B": "Option A"}) == NOTHING
    assert read_labelled("Job A or Job B", jobs) == read_labelled("(B) Job B", jobs) == NOTHING


def test_texts_that_are_yes_and_no_are_read_as_such():
    texts = {"A": "Yes", "B": "No"}
    assert read_labelled("There is no reason to.", texts) == NOTHING
    assert read_labelled("No, I would not.", texts) == Report("answered", "B")


def test_options_without_texts_or_with_the_same_are_chosen_by_their_letters_alone():
    for texts in ({"A": "", "B": "wait"}, {"A": "B", "B": "wait"}, {"A": "wait", "B": "Wait."}):
        assert read_labelled("wait", texts) == NOTHING
        assert read_labelled("(B)", texts) == Report("answered", "B")


@pytest.mark.parametrize(
    ("reply", "expected"),
    [("First 3, then 4. Answer: yes", "yes"), ("The answer is: no.\nAnswer: yes", "yes"), ("yes", "yes")],
)
def test_the_conclusion_stands_after_the_last_mark(reply, expected):
    assert concluded(reply) == expected


def test_a_reply_that_was_cut_before_its_conclusion_has_none():
    assert concluded("First 3, then 4, yes", ended=False) == ""
    assert concluded("First 3. Answer: yes", ended=False) == "yes"


def test_the_texts_of_published_options_choose_their_own_letter_and_never_the_other(shared):
    lines = (shared / "data" / "myopic_reward.jsonl").read_text(encoding="utf-8").splitlines()
    read, n = 0, 0
    for texts in (labelled(json.loads(line)["question"]) for line in lines):
        for letter, text in texts.items():
            if len(text) > 1:  # one row's options are "B" and "A", under the letters A and B
                found = read_labelled(f"I would choose: {text}", texts)
                assert found in (Report("answered", letter), NOTHING)
                assert read_labelled(f"I would not choose: {text}", texts) == NOTHING
                read, n = read + (found != NOTHING), n + 1
    assert n == 1998 and read > 0.98 * n
