"""Knowledge: facts that can be checked, entities that do not exist, and the user's own questions."""

from collections import Counter

import pandas as pd
import pytest

from tacit.errors import TargetError
from tacit.targets import Knowledge, Report, read_table
from tacit.targets.elicitations import PRIMARY, parse
from tacit.targets.knowledge.answer_matching import is_right
from tacit.targets.knowledge.facts import QUESTIONS, facts

TARGET = Knowledge()


@pytest.fixture(scope="module")
def made():
    return TARGET.items(300, 0)


def test_there_are_facts_enough_of_every_tier_and_relation():
    assert len(facts()) >= 350
    assert min(Counter(fact.tier for fact in facts()).values()) >= 100
    assert set(Counter(fact.relation for fact in facts())) == set(QUESTIONS)


def test_every_facts_question_is_its_relations_template():
    assert all(fact.question == QUESTIONS[fact.relation].format(entity=fact.entity) for fact in facts())


def test_no_question_comes_twice():
    assert len({fact.question for fact in facts()}) == len(facts())


def test_every_fact_accepts_its_own_answers_and_not_another_relations():
    for fact in facts():
        for answer in (fact.answer, *fact.aliases):
            assert is_right(answer, (fact.answer, *fact.aliases), question=fact.question)
        assert not is_right("Xanadu", (fact.answer, *fact.aliases), question=fact.question)


def test_no_answer_is_given_away_by_its_question():
    assert not [fact for fact in facts() if is_right(fact.question.rstrip("?"), (fact.answer, *fact.aliases))]


def test_a_third_of_the_items_is_made_up_and_asked_in_the_same_words(made):
    invented = [item for item in made if "-invented-" in item.item_id]
    assert len(invented) == 100
    assert all(item.surface == QUESTIONS[item.source].format(entity=item.entity) for item in made)


def test_made_up_entities_are_not_among_the_facts(made):
    real = {fact.entity.lower() for fact in facts()}
    assert not [item for item in made if "-invented-" in item.item_id and item.entity.lower() in real]


def test_item_ids_are_unique(made):
    assert len({item.item_id for item in made}) == len(made)


def test_more_items_than_facts_are_filled_up_with_made_up_ones():
    items = TARGET.items(len(facts()) * 2, 0)
    assert len({item.item_id for item in items}) == len(facts()) * 2


def test_the_same_seed_gives_the_same_items_and_another_seed_others():
    assert TARGET.items(50, 1) == TARGET.items(50, 1)
    assert TARGET.items(50, 1) != TARGET.items(50, 2)


def test_the_planted_answers_are_balanced(made):
    yes = sum(item.control_answer == "yes" for item in made)
    assert 110 < yes < 190


def test_the_label_says_whether_the_reply_is_right(made):
    item = next(item for item in made if "-invented-" not in item.item_id)
    assert TARGET.label(item, reply=f"It is {item.answers[0]}.", n_tokens=None) == "yes"
    assert TARGET.label(item, reply="I don't know.", n_tokens=None) == "no"


@pytest.mark.parametrize("reply", [None, "", " \n", "<think>Let me see"])
def test_a_reply_without_content_has_no_label(made, reply):
    assert TARGET.label(made[0], reply=reply, n_tokens=None) is None


def test_the_report_is_yes_or_no(made):
    assert TARGET.read(made[0], "Yes, I do.") == Report("answered", "yes")
    assert TARGET.valid_answers(made) == TARGET.classes == ("no", "yes")


def test_a_tables_aliases_labels_and_prompts_are_read():
    table = pd.DataFrame(
        {
            "question": ["Q1?", "Q2?"],
            "answer": ["A", "B"],
            "aliases": ["a1 | a2", ""],
            "label": ["True", "0"],
            "entity": ["E", ""],
            "object_prompt": ["Say Q1.", ""],
        }
    )
    first, second = TARGET.from_table(table, n=None, seed=0)
    assert first.answers == ("A", "a1", "a2")
    assert (first.label, second.label, first.entity) == ("yes", "no", "E")
    assert first.object_prompt == "Say Q1."
    assert "Q2?" in second.object_prompt


def test_a_label_other_than_yes_or_no_is_an_error():
    table = pd.DataFrame({"question": ["Q1?", "Q2?"], "answer": ["A", "B"], "label": ["yes", "perhaps"]})
    with pytest.raises(TargetError, match="'perhaps', expected yes or no"):
        TARGET.from_table(table, n=None, seed=0)


def test_an_answer_without_a_word_is_an_error():
    table = pd.DataFrame({"question": ["Q1?"], "answer": ["?!"]})
    with pytest.raises(TargetError, match="the answer '\\?!' contains no word"):
        TARGET.from_table(table, n=None, seed=0)


def test_every_row_of_a_public_data_set_is_used(data_folder):
    table = read_table(data_folder / "movie_qa_test.csv")
    items = TARGET.from_table(table, n=None, seed=0)
    assert len(items) == len(table) == len({item.item_id for item in items})
    assert all(TARGET.label(item, reply=item.answers[0], n_tokens=None) == "yes" for item in items)


def test_every_form_asks_in_words_of_its_own(made):
    elicitations = TARGET.forms(made)
    asked = Counter(TARGET.report_prompt(made[0], elicitation) for elicitation in elicitations)
    assert (elicitations[0], len(elicitations), len({elicitation.name for elicitation in elicitations})) == (
        PRIMARY,
        45,
        45,
    )
    assert sorted(asked.values()) == [1] * 27 + [2] * 3 + [4] * 3  # these share the words of `choice`


def test_the_primary_report_begins_with_the_question_as_the_object_prompt_does(made):
    for item in made:
        assert item.report_prompt.startswith(f"{item.surface} ") and item.object_prompt.startswith(f"{item.surface} ")


def test_after_the_act_only_the_follow_up_is_worded(made):
    after = [elicitation for elicitation in TARGET.forms(made) if elicitation.context == "after"]
    assert len(after) == 6
    assert not [elicitation for elicitation in after if made[0].surface in TARGET.report_prompt(made[0], elicitation)]


def test_a_letter_means_the_class_that_the_form_lists_under_it(made):
    for name, yes, no in (("letters", "A", "B"), ("letters-swapped", "B", "A")):
        elicitation = parse(f"logits/you/0/{name}")
        assert TARGET.valid_answers(made, elicitation) == (no, yes)
        assert f"{yes}) yes" in TARGET.report_prompt(made[0], elicitation)
        assert TARGET.read(made[0], yes, elicitation=elicitation) == Report("answered", "yes")
        assert TARGET.read(made[0], f"{no}) no", elicitation=elicitation) == Report("answered", "no")


def test_every_form_reads_back_what_its_control_plants(made):
    for elicitation in TARGET.forms(made):
        for item in made[:20]:
            read = TARGET.read(item, TARGET.control_answer(item, elicitation), elicitation=elicitation)
            wanted = (
                {"yes": 90.0, "no": 10.0}[item.control_answer] if elicitation.rung == "number" else item.control_answer
            )
            assert read == Report("answered", wanted), elicitation.name


def test_every_valid_answer_is_readable_in_its_form_and_stands_for_its_class(made):
    for elicitation in TARGET.forms(made):
        answers = TARGET.valid_answers(made, elicitation)
        values = tuple(TARGET.read(made[0], answer, elicitation=elicitation).value for answer in answers)
        if elicitation.rung in ("free", "reason"):
            assert answers == ()
        elif elicitation.rung == "number":
            assert values == tuple(float(percent) for percent in range(0, 101, 10))
        else:
            assert values == TARGET.classes, elicitation.name


def test_forms_that_are_read_for_their_distribution_alone_cost_no_reply(made):
    assert {elicitation.rung for elicitation in TARGET.forms(made) if TARGET.reply_cap(elicitation) == 0} == {"logits"}


def test_not_knowing_says_no_before_the_act_and_nothing_after_it(made):
    assert TARGET.read(made[0], "I don't know.") == Report("answered", "no")
    assert TARGET.read(made[0], "I don't know.", elicitation=parse("choice/you/after/0")) == Report("refused")


def test_a_confidence_is_a_number_and_reasoning_ends_in_its_answer(made):
    assert TARGET.read(made[0], "I'd say 85%.", elicitation=parse("number/you/0")) == Report("answered", 85.0)
    text = "No country of that name comes to mind at first. But yes, I have read of it.\n\nAnswer: yes"
    assert TARGET.read(made[0], text, elicitation=parse("reason/you/0")) == Report("answered", "yes")


def test_items_with_a_report_of_their_own_are_asked_in_the_tables_words_alone():
    table = pd.DataFrame({
        "question": ["Q1?", "Q2?"], "answer": ["A", "B"], "report_prompt": ["Know Q1?", "Know Q2?"],
        "report_prompt:free/you/0": ["And Q1?", "And Q2?"], "popularity": ["12", ""],
    })  # fmt: skip
    items = TARGET.from_table(table, n=None, seed=0)
    shots = [parse("shots4/you/0"), parse("shots16/you/0")]
    assert TARGET.forms(items) == (PRIMARY, parse("free/you/0"), *shots)
    assert [TARGET.report_prompt(items[0], elicitation) for elicitation in TARGET.forms(items)] == [
        "Know Q1?", "And Q1?", "Know Q1?", "Know Q1?",
    ]  # fmt: skip
    assert [item.popularity for item in items] == ["12", ""]


def test_the_type_of_answer_is_the_tables_own_where_it_gives_one():
    table = pd.DataFrame({"question": ["Who wrote it?", "Who did?"], "answer": ["A", "B"], "answer_type": ["poet", ""]})
    assert [item.answer_type for item in TARGET.from_table(table, n=None, seed=0)] == ["poet", "person"]


def test_relation_popularity_and_type_of_answer_are_kept(made):
    types = {item.source: item.answer_type for item in made}
    assert types == {
        "capital": "place", "state_capital": "place", "currency": "other", "symbol": "other", "author": "person",
        "painter": "person", "composer": "person", "director": "person", "year": "date", "atomic_number": "number",
    }  # fmt: skip
    assert {item.popularity for item in made} == {"easy", "medium", "obscure", "invented"}


def test_what_it_knows_is_judged_by_samples_and_by_scored_candidates(made):
    item = next(item for item in made if "-invented-" not in item.item_id)
    texts = TARGET.candidates(item, made, ["Xanadu", item.answers[0]])
    assert set(item.answers) < set(texts) and "Xanadu" in texts
    assert TARGET.share_right(item, ["Xanadu", item.answers[0]]) == 0.5
    best_first = [(text, 0.0 if text in item.answers else -1.0) for text in texts]
    assert TARGET.ranking(item, best_first) == 1.0
    assert TARGET.ranking(item, [(text, -1.0 - score) for text, score in best_first]) == 0.0
