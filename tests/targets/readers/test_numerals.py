"""Numbers found in a sentence."""

import pytest

from tacit.targets.readers.numerals import numerals


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("17", 17),
        ("1,024", 1024),
        ("12,345,678", 12345678),
        ("17.0", 17),
        ("seventeen", 17),
        ("Twenty-one", 21),
        ("a hundred", 100),
        ("17k", 17000),
        ("1.2K", 1200),
    ],
)
def test_a_whole_number_has_its_value(text, value):
    assert [numeral.value for numeral in numerals(text)] == [value]


@pytest.mark.parametrize(
    "text",
    [
        "17.5",
        "17,5",
        "1.024",
        "-17",
        "17%",
        "17th",
        "$17",
        "17²",
        "17/20",
        "two three",
        "17kb",
        "17k%",
        "1,2k",
        "1.2345k",
        "17k/20k",
        "17M",
        "$17k",
        "-17k",
    ],
)
def test_whatever_is_not_a_plain_whole_number_has_no_value(text):
    assert {numeral.value for numeral in numerals(text)} == {None}


@pytest.mark.parametrize("text", ["GPT-4", "x1", "no numbers", "someone", "often"])
def test_parts_of_names_and_words_are_no_numbers(text):
    assert numerals(text) == []
