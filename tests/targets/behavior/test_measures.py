"""Response properties measured on replies, each against what a person would say by looking."""

import pytest
import regex

from tacit.errors import TargetError
from tacit.targets.behavior import measures


@pytest.mark.parametrize(
    ("reply", "n", "expected"),
    [
        ("Lion", 1, "l"),
        ("**Lion**", 2, "i"),
        ("I am", 2, "space"),
        ("ok", 3, None),
        ("", 1, None),
        ("I can't answer that.", 1, None),
        ("<think>zebra</think>Lion", 1, "l"),
        ("Lion!", -1, "!"),
    ],
)
def test_the_nth_character_is_counted_on_the_visible_reply(reply, n, expected):
    assert measures.nth_character(reply, n, ended=True) == expected


@pytest.mark.parametrize(
    ("reply", "n", "ended", "expected"),
    [
        ('"Well, that depends.', 1, True, "well"),
        ("It's a well-known fact", 3, True, "well-known"),
        ("Two words", 3, True, None),
        ("Two words", -1, True, "words"),
        ("Two wor", 2, False, None),
        ("Two wor", 1, False, "two"),
        ("Two wor", -1, False, None),
    ],
)
def test_the_nth_word_is_whole_or_none(reply, n, ended, expected):
    assert measures.nth_word(reply, n, ended=ended) == expected


def test_a_cut_reply_has_no_end_and_no_length():
    reply = "one two three"
    assert measures.nth_character(reply, -1, ended=False) is None
    assert measures.n_words(reply, ended=False) is None
    assert measures.ends_with(reply, "e", ended=False) is None
    assert measures.matches(reply, regex.compile("four"), ended=False) is None
    assert measures.length_bin(reply, ended=False) is None


def test_a_cut_reply_that_is_long_already_is_long():
    assert measures.length_bin("word " * 41, ended=False) == "long"
    assert measures.length_bin("word " * 40, ended=False) is None


@pytest.mark.parametrize(("words", "expected"), [(0, None), (1, "short"), (10, "short"), (11, "medium"), (41, "long")])
def test_bins_of_length_hold_their_edges(words, expected):
    assert measures.length_bin("word " * words, ended=True) == expected


@pytest.mark.parametrize(
    ("reply", "expected"),
    [("Orange", "yes"), ("'apple'", "yes"), ("Teal", "no"), ("", None), ("Sorry, I am unable to answer.", None)],
)
def test_a_vowel_is_one_of_five_letters(reply, expected):
    assert measures.starts_with_vowel(reply) == expected


@pytest.mark.parametrize(("reply", "end", "expected"), [("Three lamps.", "s", "yes"), ("A lamp!", "s", "no")])
def test_an_end_is_looked_for_before_the_punctuation(reply, end, expected):
    assert measures.ends_with(reply, end, ended=True) == expected


@pytest.mark.parametrize(
    ("reply", "expected"),
    [("12", "yes"), ("I'd say seven.", "no"), ("7", "no"), ("twelve", "yes"), ("12 or 13", None), ("many", None)],
)
def test_only_a_reply_with_one_number_is_even_or_odd(reply, expected):
    assert measures.is_even(reply, ended=True) == expected


@pytest.mark.parametrize(
    ("reply", "expected"),
    [
        ("I'm sorry, but I can't help with that.", "yes"),
        ("As an AI, I have no childhood.", "yes"),
        ("Lamps give light.", "no"),
        ("Lamps give light. They are useful. You cannot say more.", "no"),
        ("", None),
    ],
)
def test_a_refusal_comes_at_the_start(reply, expected):
    assert measures.refusal(reply) == expected


def test_a_pattern_is_looked_for_in_what_is_visible():
    assert measures.matches("<think>7</think>none", regex.compile(r"\d"), ended=True) == "no"
    assert measures.matches("about 7", regex.compile(r"\d"), ended=True) == "yes"


@pytest.mark.parametrize("pattern", [r"(a+)+$", r"^(\w+\s?)*$"])
def test_a_pattern_that_the_standard_library_never_finishes_is_bounded_in_time(monkeypatch, pattern):
    monkeypatch.setattr(measures, "MOST_SECONDS", 0.2)
    try:
        assert measures.matches("a" * 60 + "! b!", regex.compile(pattern), ended=True) == "no"
    except TargetError as error:
        assert "backtracks" in str(error)


@pytest.mark.parametrize("pattern", [r"(.*a){25}$"])
def test_a_pattern_that_backtracks_without_end_is_named_within_its_time(monkeypatch, pattern):
    monkeypatch.setattr(measures, "MOST_SECONDS", 0.2)
    with pytest.raises(TargetError, match=r"took longer than 0.2 s on a reply of \d+ characters.*backtracks") as raised:
        measures.matches("a" * 60 + "! " + "a b " * 30 + "!", regex.compile(pattern), ended=True)
    assert repr(pattern) in str(raised.value)
