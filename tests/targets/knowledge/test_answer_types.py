"""What a question asks for."""

import pytest

from tacit.targets.knowledge.answer_types import answer_type


@pytest.mark.parametrize(
    ("question", "answer", "kind"),
    [
        ("Who wrote 'Emma'?", "Jane Austen", "person"),
        ("By whom was the penicillin found?", "Fleming", "person"),
        ("Where was Marie Curie born?", "Warsaw", "place"),
        ("What is the capital of Peru?", "Lima", "place"),
        ("Which country borders Portugal?", "Spain", "place"),
        ("When did the war end?", "1945", "date"),
        ("In which year did the Titanic sink?", "1912", "date"),
        ("How many moons has Mars?", "2", "number"),
        ("What is the atomic number of iron?", "26", "number"),
        ("What do you get for six times nine?", "54", "number"),
        ("What is the currency of Japan?", "yen", "other"),
    ],
)
def test_the_kind_of_answer_is_told_by_the_question_and_else_by_the_digits(question, answer, kind):
    assert answer_type(question, answer) == kind
