from dataclasses import replace

import pandas as pd
import pytest

from tacit.targets import get_target
from tacit.targets.behavior.wording import word
from tacit.targets.elicitations import PRIMARY, SHOTS, parse
from tacit.targets.questions import NATURAL_ROWS, after_act, chat, natural_apart, reports, turns, with_shots


def built_in(name: str, n: int = 60):
    target = get_target(name)
    return target, target.items(n, 0, count_tokens=lambda text: len(text.split()))


def natural_of(asked):
    return {question.elicitation: question for question in natural_apart(asked)[1]}


@pytest.mark.parametrize("name", ["knowledge", "token_count", "word_count", "behavior"])
def test_every_form_about_the_model_has_one_that_states_its_answer_above_the_same_question(name):
    target, items = built_in(name)
    forms = [form for form in target.forms(items) if not form.needs_act]
    found = natural_of(reports(target, items, forms, controls=100))
    assert set(found) == {form.name for form in forms if form.framing == "you" and form.paraphrase == 0}
    for form, question in found.items():
        assert len(question.texts) == NATURAL_ROWS
        for item, text in zip(items, question.texts, strict=False):
            fact, prompt = target.control_fact(item, parse(form)), target.report_prompt(item, parse(form))
            acted = [("user", item.object_prompt), ("assistant", fact.text), ("user", prompt)]
            assert turns(text) == (acted if fact.replies else [("user", f"{fact.text}\n\n{prompt}")])
            assert "right answer" not in fact.text


@pytest.mark.parametrize(("name", "answers"), [("knowledge", {"no", "yes"}), ("behavior", {"wait", "now"})])
def test_the_answers_are_balanced_and_the_facts_differ_with_them(name, answers):
    target, items = built_in(name, 200)
    asked = [item.control_answer for item in items[:NATURAL_ROWS]]
    assert set(asked) == answers and all(asked.count(answer) >= NATURAL_ROWS // 4 for answer in answers)
    item = items[0]
    facts = {target.control_fact(replace(item, control_answer=answer), PRIMARY).text for answer in answers}
    assert len(facts) == 2


def test_a_count_is_stated_as_a_fact_about_the_marked_text():
    target, items = built_in("token_count")
    assert target.control_fact(items[0], PRIMARY).text == (
        f"The text between [[ and ]] has {items[0].control_answer} tokens."
    )


def test_after_the_act_the_reply_itself_states_it():
    target, items = built_in("behavior")
    form = parse("choice/you/after/0")
    asked = after_act(target, items, form, {item.item_id: "neither" for item in items}, controls=100)
    shown = turns(natural_of(asked)[form.name].texts[0])
    assert [role for role, _ in shown] == ["user", "assistant", "user"]
    assert shown[1][1] == items[0].control_answer and shown[2][1] == target.report_prompt(items[0], form)


def test_a_table_that_words_its_question_has_none():
    target = get_target("knowledge")
    table = pd.DataFrame({"item_id": ["a"], "question": ["Who?"], "answer": ["She"], "report_prompt": ["Hm?"]})
    items = target.from_table(table, n=None, seed=0)
    assert target.control_fact(items[0], PRIMARY) is None
    own = replace(built_in("knowledge")[1][0], reports=(("choice/you/0", "Hm?"),))
    assert all(target.control_fact(own, replace(PRIMARY, rung=rung)) is None for rung in ("choice", *SHOTS))


def test_a_chat_shows_its_earlier_messages_once_and_examples_stay_first():
    target, items = built_in("behavior", 4)
    history = [("system", "Be brief."), ("user", "Hello."), ("assistant", "Hi.")]
    talk = chat([*history, ("user", items[0].object_prompt)])
    item = replace(items[0], object_prompt=talk)
    item = replace(item, report_prompt=word(item, target.about, PRIMARY))
    shown = turns(natural_of(reports(target, [item], [PRIMARY], controls=1))[PRIMARY.name].texts[0])
    assert shown == [*turns(talk), ("assistant", item.control_answer), turns(item.report_prompt)[-1]]
    few = parse("shots4/you/0")
    asked = with_shots(target, items, few, ["wait"] * 4, [(1, 2)] * 4, controls=4)
    shown = turns(natural_of(asked)[few.name].texts[0])
    assert [role for role, _ in shown] == ["user", "assistant"] * 3 + ["user"]
    assert shown[4:6] == [("user", items[0].object_prompt), ("assistant", items[0].control_answer)]
