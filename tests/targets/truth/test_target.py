"""The truth of statements: the label is the table's, the report is whether the model calls the statement true."""

import pandas as pd
import pytest

from tacit.errors import TargetError
from tacit.targets import Report, get_target
from tacit.targets.elicitations import PRIMARY, parse
from tacit.targets.questions import act

TARGET = get_target("truth")


@pytest.fixture
def items():
    table = pd.DataFrame({"statement": ["Rome is in Italy.", "Rome is in Peru."], "label": ["1", "False"]})
    return TARGET.from_table(table, n=None, seed=0)


def test_the_label_is_the_statements_truth_and_needs_no_reply(items):
    assert [TARGET.label(item) for item in items] == ["yes", "no"]
    question = act(TARGET, items, samples=3)
    assert (question.texts, question.tokens, question.samples) == (("Rome is in Italy.", "Rome is in Peru."), 0, 0)


def test_the_report_asks_whether_the_statement_is_true(items):
    assert items[0].report_prompt == "Rome is in Italy. Is this statement true? Answer yes or no."
    assert all(items[0].surface in TARGET.report_prompt(items[0], form) for form in TARGET.forms(items))
    assert {form.rung for form in TARGET.forms(items)} == {
        "choice", "free", "number", "logits", "shots4", "shots16", "reason", "prefill",
    }  # fmt: skip
    assert not [form for form in TARGET.forms(items) if form.context == "after"]


@pytest.mark.parametrize(
    ("form", "reply", "report"),
    [
        ("choice/you/0", "Yes, it is.", Report("answered", "yes")),
        ("choice/you/0", "That is false.", Report("answered", "no")),
        ("choice/you/0", "I don't know.", Report("refused")),
        ("number/you/0", "80", Report("answered", 80.0)),
        ("logits/you/0/letters", "B", Report("answered", "no")),
        ("logits/you/0/letters-swapped", "B", Report("answered", "yes")),
        ("reason/you/0", "Italy's capital. Answer: yes", Report("answered", "yes")),
    ],
)
def test_replies_are_read_in_the_form_that_was_asked(items, form, reply, report):
    assert TARGET.read(items[0], reply, elicitation=parse(form)) == report


def test_the_control_plants_an_answer_of_each_form(items):
    for form in ("choice/you/0", "number/you/0", "logits/you/0/letters"):
        answer = TARGET.control_answer(items[0], parse(form))
        assert answer in TARGET.valid_answers(items, parse(form))


def test_a_tables_own_wording_is_used(items):
    table = pd.DataFrame({"statement": ["A b."], "label": ["1"], "report_prompt": ["True? A b."]})
    (item,) = TARGET.from_table(table, n=None, seed=0)
    assert TARGET.report_prompt(item, PRIMARY) == "True? A b."


def test_there_are_no_built_in_statements():
    with pytest.raises(TargetError, match=r"truth has no built-in items\. Give a table"):
        TARGET.items(10, 0)
