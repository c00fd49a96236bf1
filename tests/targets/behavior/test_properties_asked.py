"""Several properties of one behaviour table, or of several, are several targets of one run."""

import json
import re

import pytest

from tacit.errors import TargetError
from tacit.targets import get_target, load_items, resolve_data
from tacit.targets.behavior.properties_asked import longest_reply

ASKED = ("first_word", "second_character", "number_of_words", "mood")


def _rows(properties, *, n=6, ask="Bird"):
    return [
        {
            "original_question": f"{ask} {i}?",
            "original_dataset": "animals_long",
            "object_level_prompt": f"{ask} {i}?",
            "hypothetical_prompt": f"What would be the {each} of your answer to: {ask} {i}?",
            "behavioral_property": each,
        }
        for i in range(n)
        for each in properties
    ]


def _jsonl(folder, name, rows):
    path = folder / name
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return str(path)


@pytest.fixture
def table(tmp_path):
    return _jsonl(tmp_path, "rows.jsonl", _rows(ASKED))


@pytest.mark.parametrize(
    "data",
    [
        ("behavior={}:first_word,number_of_words",),
        ("{}:first_word,number_of_words",),
        ("{}:first_word, number_of_words",),
        ("behavior={}:first_word", "behavior={}:number_of_words"),
        ("{}:first_word", "{}:number_of_words", "{}:first_word"),
    ],
)
def test_each_property_that_is_named_is_a_target_of_its_own(table, data):
    found = resolve_data([entry.format(table) for entry in data], None)
    assert found.paths == {
        "behavior-first_word": f"{table}:first_word",
        "behavior-number_of_words": f"{table}:number_of_words",
    }
    assert found.targets == tuple(found.paths)
    for name, path in found.paths.items():
        items, ignored = load_items(name, path, n=99, seed=0, count_tokens=len)
        assert (len(items), ignored, get_target(name, items).name) == (6, (), name)


def test_all_is_every_known_property_of_the_table(table):
    found = resolve_data([f"behavior={table}:all"], None)
    assert list(found.paths.values()) == [f"{table}:{each}" for each in ASKED[:3]]


def test_a_single_property_is_the_target_behavior(table, tmp_path):
    assert resolve_data([f"behavior={table}:first_word"], None).paths == {"behavior": f"{table}:first_word"}
    one = _jsonl(tmp_path, "one.jsonl", _rows(["first_word"]))
    assert resolve_data([f"behavior={one}:all"], None).paths == {"behavior": f"{one}:first_word"}


def test_files_with_a_property_each_are_a_target_each(tmp_path):
    first, second = (_jsonl(tmp_path, f"{each}.jsonl", _rows([each])) for each in ASKED[:2])
    found = resolve_data([f"behavior={first}", f"behavior={second}"], None)
    assert found.paths == {
        "behavior-first_word": f"{first}:first_word",
        "behavior-second_character": f"{second}:second_character",
    }
    with pytest.raises(TargetError, match=r"the property first_word is asked in two tables, .*one\.jsonl"):
        resolve_data([first, _jsonl(tmp_path, "one.jsonl", _rows(["first_word"])), second], None)


def test_behavior_among_the_wanted_targets_is_each_of_its_properties(table):
    found = resolve_data([f"{table}:first_word,second_character"], ("token_count", "behavior"))
    assert found.targets == ("token_count", "behavior-first_word", "behavior-second_character")


def test_properties_of_built_in_prompts_can_have_commas():
    found = resolve_data(["behavior=among:a,c,first_word,ends_with:!"], None)
    assert list(found.paths.values()) == ["among:a,c", "first_word", "ends_with:!"]
    assert all(re.fullmatch(r"[\w-]+", name) for name in found.targets)
    items, _ = load_items("behavior-among-a-c", "among:a,c", n=20, seed=0, count_tokens=len)
    assert {item.property for item in items} == {"among:a,c"}


def test_properties_whose_names_differ_only_in_signs_are_different_targets():
    assert len(resolve_data([r"behavior=regex:\d", r"behavior=regex:^\d"], None).targets) == 2


def test_any_property_can_be_asked_of_a_table_of_questions(tmp_path):
    path = _jsonl(tmp_path, "q.jsonl", [{"question": f"Why {i}?"} for i in range(6)])
    found = resolve_data([f"behavior={path}:first_word,length"], None)
    assert found.targets == ("behavior-first_word", "behavior-length")
    items, _ = load_items("behavior-length", f"{path}:length", n=6, seed=0, count_tokens=len)
    assert get_target("behavior-length", items).label(items[0], reply="Two words.") == 2.0


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (
            "first_word,vowel",
            r"no row has the property 'vowel'; the table has first_word \(6 rows\), .*mood \(6 rows\)",
        ),
        ("vowel,first_word", r"no row has the property 'vowel'; the table has first_word \(6 rows\)"),
        ("all,first_word", r"no row has the property 'all'; the table has first_word"),
    ],
)
def test_an_unknown_property_of_a_table_is_one_line_with_the_known_ones(table, names, message):
    with pytest.raises(TargetError, match=message) as error:
        resolve_data([f"behavior={table}:{names}"], None)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("names", ["first_word,colour_of_mood", "all"])
def test_an_unknown_property_of_questions_is_one_line_with_the_known_ones(tmp_path, names):
    path = _jsonl(tmp_path, "q.jsonl", [{"question": f"Why {i}?"} for i in range(6)])
    known = "properties are option, matching_option, .*regex:…"
    with pytest.raises(TargetError, match=known):
        resolve_data([f"behavior={path}:{names}"], None)
    with pytest.raises(TargetError, match=known):
        resolve_data(["behavior=first_word,colour_of_mood"], None)
    with pytest.raises(TargetError, match="did you mean behavior=second_word"):
        resolve_data(["behavior=among:a,c,secnd_word"], None)


def test_a_misspelt_target_is_not_taken_for_a_property():
    with pytest.raises(TargetError, match="behavior-length needs its table"):
        load_items("behavior-length", None, n=20, seed=0, count_tokens=len)


def test_properties_of_the_same_prompts_are_read_from_a_reply_that_is_long_enough_for_all():
    paths = ["r.jsonl:first_word", "q.jsonl:number_of_words", "identity", "first_word", "refuses"]
    assert [longest_reply(path, paths) for path in paths] == [96, 96, 24, 24, 48]
