import pytest

from tacit.errors import TargetError
from tacit.targets.elicitations import PRIMARY, Elicitation, parse, select, usual_forms

FORMS = usual_forms(rungs=("choice", "free", "shots4"), variants=("swapped", "letters"), contexts=("before", "after"))


@pytest.mark.parametrize("elicitation", FORMS, ids=lambda elicitation: elicitation.name)
def test_a_name_can_be_read_back(elicitation):
    assert parse(elicitation.name) == elicitation


@pytest.mark.parametrize(
    "name", ["", "choice", "choice/you", "shout/you/0", "choice/me/0", "choice/you/x", "logits/you/0/upside"]
)
def test_a_name_that_is_none_is_refused_with_an_example(name):
    with pytest.raises(TargetError, match="such as free/you/0"):
        parse(name)


def test_what_was_asked_for_is_selected_with_the_primary_report_first():
    found = select(FORMS, rungs=("free",), framings=("you",), paraphrases=2)
    assert found == (PRIMARY, Elicitation("free"), Elicitation("free", paraphrase=1))


def test_forms_that_show_the_act_or_answers_wait_for_the_act():
    assert {
        elicitation.name
        for elicitation in FORMS
        if elicitation.needs_act and elicitation.framing == "you" and elicitation.paraphrase == 0
    } == {
        "choice/you/after/0",
        "shots4/you/0",
    }
    assert [elicitation.name for elicitation in select(FORMS) if elicitation.needs_act] == ["shots4/you/0"]
    assert not any(elicitation.framing == "typical" for elicitation in FORMS if elicitation.rung == "shots4")
