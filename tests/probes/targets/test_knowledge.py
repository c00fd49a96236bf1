"""Knowledge: facts that can be checked, entities that do not exist, and the user's own questions."""

from collections import Counter

import pandas as pd
import pytest

from probes.targets import Knowledge, Report, TargetError, read_table
from probes.targets.knowledge import QUESTIONS, facts
from probes.targets.matching import is_right

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
    with pytest.raises(TargetError, match="the answer '\\?!' holds no word"):
        TARGET.from_table(table, n=None, seed=0)


def test_every_row_of_a_public_data_set_is_used(data_folder):
    table = read_table(data_folder / "movie_qa_test.csv")
    items = TARGET.from_table(table, n=None, seed=0)
    assert len(items) == len(table) == len({item.item_id for item in items})
    assert all(TARGET.label(item, reply=item.answers[0], n_tokens=None) == "yes" for item in items)
