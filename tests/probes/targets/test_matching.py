"""Right and wrong answers, as question answering scores them, and stricter."""

import pytest

from probes.targets.matching import is_right, normalise


@pytest.mark.parametrize(
    ("text", "normal"),
    [
        ("The  Eiffel Tower!", "eiffel tower"),
        ("São Tomé", "sao tome"),
        ("Saint-Exupéry", "saint exupery"),
        ("U.S.A.", "usa"),
        ("The The", "the the"),
        ("  ", ""),
        ("'Washington, D.C.'", "washington dc"),
    ],
)
def test_normalisation_drops_case_articles_punctuation_and_accents(text, normal):
    assert normalise(text) == normal


@pytest.mark.parametrize(
    ("reply", "answer"),
    [
        ("Paris", "Paris"),
        ("paris.", "Paris"),
        ("**Paris**", "Paris"),
        ("The capital of France is Paris.", "Paris"),
        ("It's Paris, not Lyon.", "Paris"),
        ("Paris\n\nParis is a city. London is not.", "Paris"),
        ("It was written by J. R. R. Tolkien in 1937.", "J. R. R. Tolkien"),
        ("Au", "Au"),
        ("The chemical symbol for gold is Au.", "Au"),
        ("The symbol is Au, from Latin aurum.", "Au"),
        ("It ended in 1945.", "1945"),
        ("On 2 September 1945.", "1945"),
        ("Its atomic number is 26.", "26"),
        ("Brasilia", "Brasília"),
        ("<think>Lyon?</think>Paris", "Paris"),
    ],
)
def test_a_right_reply_is_right(reply, answer):
    assert is_right(reply, (answer,))


@pytest.mark.parametrize(
    ("reply", "answer"),
    [
        ("", "Paris"),
        ("London", "Paris"),
        ("It is not Paris.", "Paris"),
        ("It isn't Paris", "Paris"),
        ("Paris is not the capital.", "Paris"),
        ("Paris or Lyon", "Paris"),
        ("Lyon or Paris.", "Paris"),
        ("Is it Paris?", "Paris"),
        ("London. Paris is nice, too.", "Paris"),
        ("London\nParis", "Paris"),
        ("Parisian", "Paris"),
        ("I think it is Fe", "I"),
        ("As far as I know it is Zn.", "As"),
        ("He is my friend.", "He"),
        ("no", "No"[::-1]),
        ("Between 1939 and 1945.", "1945"),
        ("26 or 27", "26"),
        ("126", "26"),
        ("<think>Paris", "Paris"),
    ],
)
def test_a_wrong_negated_or_hedged_reply_is_not_right(reply, answer):
    assert not is_right(reply, (answer,))


def test_any_alias_will_do():
    assert is_right("It is Kiev.", ("Kyiv", "Kiev"))


def test_an_answer_that_the_question_already_holds_must_be_the_whole_reply():
    question = "What is the capital of Mexico?"
    assert not is_right("The capital of Mexico is Lima.", ("Mexico",), question=question)
    assert is_right("Mexico", ("Mexico",), question=question)
