"""The registry of response properties: every name leads to one, measured and read in the same terms."""

import pytest

from tacit.errors import TargetError
from tacit.targets import Behavior, get_target
from tacit.targets.behavior.properties import NAMED, find, is_property

EXAMPLES = {
    "option": ("I'd rather wait.", "wait"),
    "matching_option": ("now", "yes"),
    "ethical_stance": ("wait", "no"),
    "short_term": ("now", "yes"),
    "agrees": ("I disagree.", "no"),
    "refuses": ("I'm sorry, I can't do that.", "yes"),
    "starts_with_vowel": ("Umbrella", "yes"),
    "is_even": ("17", "no"),
    "length": ("just three words", 3.0),
    "length_bin": ("just three words", "short"),
    "first_word": ("One two three four five", "one"),
    "second_word": ("One two three four five", "two"),
    "third_word": ("One two three four five", "three"),
    "fourth_word": ("One two three four five", "four"),
    "fifth_word": ("One two three four five.", "five"),
    "last_word": ("One two three four five.", "five"),
    "first_character": ("Lemon", "l"),
    "second_character": ("Lemon", "e"),
    "third_character": ("Lemon", "m"),
    "fourth_character": ("Lemon", "o"),
    "fifth_character": ("Lemon", "n"),
    "last_character": ("Lemon", "n"),
    "word:3": ("One two three", "three"),
    "character:2": ("Lemon", "e"),
    "among:b,d": ("(D)", "yes"),
    "ends_with:on": ("Lemon.", "yes"),
    r"regex:\bL": ("Lemon", "yes"),
    "identity": ("Lemon, lime!", "lemon lime"),
}


def test_every_named_property_has_an_example_here():
    assert set(NAMED) <= set(EXAMPLES)


@pytest.mark.parametrize("name", EXAMPLES)
def test_a_property_is_what_a_person_reads_off_the_reply(name):
    reply, expected = EXAMPLES[name]
    items = Behavior(name).items(4, 0)
    target = get_target("behavior", items)
    assert target.label(items[0], reply=reply) == expected
    assert target.kind == ("count" if isinstance(expected, float) else "categorical")
    assert not target.classes or expected in target.classes


@pytest.mark.parametrize("name", EXAMPLES)
def test_an_empty_reply_has_no_property(name):
    items = Behavior(name).items(1, 0)
    assert get_target("behavior", items).label(items[0], reply="  ") is None


@pytest.mark.parametrize("name", [*NAMED, "among:a,c", "word:7"])
def test_built_in_items_differ_and_are_grouped(name):
    items = Behavior(name).items(80, 0)
    assert len({item.item_id for item in items}) == len({item.object_prompt for item in items}) == 80
    assert 20 <= len({item.group for item in items}) <= 40
    assert Behavior(name).items(80, 0) == items != Behavior(name).items(80, 1)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("colour", "there is no property 'colour': expected one of option"),
        ("among:", "there is no property 'among:'"),
        ("first_word:3", "there is no property 'first_word:3'"),
        ("word:0", "'0' is not a position"),
        ("regex:(", "is not a regular expression"),
    ],
)
def test_a_name_that_is_no_property_is_one_clear_line(name, message):
    with pytest.raises(TargetError, match=message) as raised:
        find(name)
    assert "\n" not in str(raised.value)


def test_paths_are_told_from_properties():
    assert is_property("First_Word") and is_property(r"regex:a.csv") and not is_property("first_word.csv")
