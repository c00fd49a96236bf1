"""Behaviour: what a model then does, and what it says that it would do."""

from collections import Counter

import pandas as pd
import pytest

from tacit.errors import TargetError
from tacit.targets import Behavior, Report, get_target

TARGET = Behavior()


@pytest.fixture(scope="module")
def made():
    return TARGET.items(240, 0)


def test_choices_are_of_many_things_and_the_thing_is_the_group(made):
    assert len({item.group for item in made}) == 40
    assert all(item.group in item.object_prompt for item in made)


def test_the_order_of_the_options_is_balanced_within_every_thing(made):
    for count in Counter((item.group, item.source) for item in made).values():
        assert count == 3


def test_no_question_comes_twice(made):
    assert len({item.object_prompt for item in made}) == len({item.item_id for item in made}) == len(made)


def test_the_same_seed_gives_the_same_items_and_another_seed_others(made):
    assert TARGET.items(240, 0) == made
    assert TARGET.items(240, 1) != made


def test_the_label_is_the_option_chosen_and_none_where_it_cannot_be_read(made):
    assert TARGET.label(made[0], reply="I would wait.", n_tokens=None) == "wait"
    assert TARGET.label(made[0], reply="I would not wait.", n_tokens=None) is None
    assert TARGET.label(made[0], reply=None, n_tokens=None) is None


def test_options_are_classes_and_valid_answers(made):
    target = get_target("behavior", made)
    assert (target.kind, target.classes, target.valid_answers(made)) == (
        "categorical",
        ("now", "wait"),
        ("now", "wait"),
    )
    assert target.read(made[0], "now") == Report("answered", "now")


def test_the_first_word_is_read_without_case_and_punctuation():
    target = Behavior("first_word")
    item = target.items(1, 0)[0]
    assert target.label(item, reply='"Well, that depends.', n_tokens=None) == "well"
    assert target.label(item, reply="…", n_tokens=None) is None
    assert target.read(item, 'The first word would be "Well".') == Report("answered", "well")
    assert (target.kind, target.classes) == ("categorical", ())


def test_a_cut_reply_has_no_length():
    target = Behavior("length")
    item = target.items(1, 0)[0]
    assert target.kind == "count"
    assert target.label(item, reply="Three short words.", n_tokens=None) == 3.0
    assert target.label(item, reply="Three short words", n_tokens=None, ended=False) is None
    assert target.read(item, "About 20 words.") == Report("answered", 20.0)


def test_more_open_questions_than_there_are_is_an_error():
    with pytest.raises(TargetError, match="there are 320 built-in questions"):
        Behavior("length").items(321, 0)


def test_a_tables_options_are_named_in_the_prompt_where_its_question_does_not():
    table = pd.DataFrame({"question": ["A drink?", "Tea or coffee?"], "options": ["tea|coffee", "tea|coffee"]})
    items = TARGET.from_table(table, n=None, seed=0)
    assert all("tea" in item.object_prompt.lower() and "coffee" in item.report_prompt for item in items)
    assert get_target("behavior", items).classes == ("tea", "coffee")


def test_a_table_without_options_asks_for_the_first_word():
    items = TARGET.from_table(pd.DataFrame({"question": ["Hello?"]}), n=None, seed=0)
    assert get_target("behavior", items).feature == items[0].property == "first_word"


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"property": ["colour", "colour"]}, "there is no property 'colour': expected one of option"),
        ({"property": ["length", "first_word"]}, "properties first_word, length, expected one per target"),
        ({"options": ["a1|b1", "c1|d1"]}, "2 different sets of options"),
        ({"options": ["a1", "a1"]}, "expected at least two"),
        ({"options": ["a1|b1", "a1|b1"], "label": ["a1", "c1"]}, "the label is 'c1', expected a1 or b1"),
        ({"property": ["length", "length"], "label": ["5", "long"]}, "the label is 'long', expected a whole number"),
    ],
)
def test_a_table_that_makes_no_behaviour_is_an_error(columns, message):
    with pytest.raises(TargetError, match=message):
        TARGET.from_table(pd.DataFrame({"question": ["Q1?", "Q2?"], **columns}), n=None, seed=0)


def test_a_tables_label_takes_the_spelling_of_its_option():
    table = pd.DataFrame({"question": ["Q1?", "Q2?"], "options": ["now|wait"] * 2, "label": ["NOW", "wait"]})
    assert [item.label for item in TARGET.from_table(table, n=None, seed=0)] == ["now", "wait"]
