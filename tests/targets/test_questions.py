import pytest

from tacit.targets.elicitations import PRIMARY
from tacit.targets.questions import Question


@pytest.mark.parametrize(
    ("prompt", "elicitation", "key"),
    [
        ("object", "", "object"),
        ("report", PRIMARY.name, "report"),
        ("report", "free/you/0", "report:free/you/0"),
        ("control", "free/you/0", "control:free/you/0"),
    ],
)
def test_a_question_is_named_by_its_kind_and_any_elicitation_but_the_primary(prompt, elicitation, key):
    assert Question(prompt, ("a",), elicitation=elicitation).key == key


def test_the_model_speaks_only_where_words_or_probabilities_are_read():
    assert not Question("object", ("a",)).speaks
    assert Question("object", ("a",), tokens=3).speaks
    assert Question("report", ("a",), answers=("yes", "no")).speaks
    assert Question("candidate", ("a",), continuations=("b",)).speaks
