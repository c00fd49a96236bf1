"""DATA and TARGETS come to one table per target, or to one clear line."""

from __future__ import annotations

import json

import pytest

from tacit.errors import TargetError
from tacit.targets import NAMES, load_items, read_table, resolve_data
from tacit.targets.resolve import row_account


def _csv(folder, name, text):
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return str(path)


def test_nothing_given_is_every_target_with_its_built_in_items():
    sources = resolve_data((), None)
    assert (sources.targets, sources.paths) == (NAMES, {})


def test_a_question_with_its_answer_is_a_knowledge_table(tmp_path):
    path = _csv(tmp_path, "movies.csv", "Question,Answer\nWho?,Me\n")
    assert resolve_data((path,), None).paths == {"knowledge": path}


def test_a_question_with_options_is_a_behaviour_table(tmp_path):
    path = _csv(tmp_path, "q.csv", "question,options\nNow or later?,now|later\n")
    assert resolve_data((path,), None).targets == ("behavior",)


def test_a_table_serves_the_wanted_targets_that_it_fits_and_the_others_keep_their_own_items(tmp_path):
    path = _csv(tmp_path, "movies.csv", "question,answer\nWho?,Me\n")
    sources = resolve_data((path,), ("knowledge", "token_count"))
    assert (sources.targets, sources.paths) == (("token_count", "knowledge"), {"knowledge": path})


def test_a_folder_gives_each_target_its_table_and_brings_its_conditions(tmp_path):
    one, two = _csv(tmp_path, "knowledge.csv", "question,answer\n"), _csv(tmp_path, "behavior.jsonl", "{}")
    _csv(tmp_path, "conditions.json", json.dumps({"locked": "", "unlocked": "key"}))
    sources = resolve_data((str(tmp_path),), None)
    assert sources.paths == {"knowledge": one, "behavior": two}
    assert sources.conditions == {"locked": "", "unlocked": "key"}


def test_a_target_can_be_named_before_its_table(tmp_path):
    path = _csv(tmp_path, "movies.csv", "question,answer\nWho?,Me\n")
    assert resolve_data((f"behavior={path}",), None).paths == {"behavior": path}


@pytest.mark.parametrize(
    ("columns", "wanted", "message"),
    [
        ("a,b", None, "has the columns a, b, but these are needed"),
        ("question", ("knowledge",), "knowledge: question, answer"),
        ("question", ("happiness",), "no target is called 'happiness'"),
    ],
)
def test_what_does_not_fit_is_one_clear_line(tmp_path, columns, wanted, message):
    path = _csv(tmp_path, "t.csv", f"{columns}\n{columns}\n")
    with pytest.raises(TargetError, match=message):
        resolve_data((path,), wanted)


def test_a_table_for_a_target_that_is_not_run_is_not_dropped_in_silence(tmp_path):
    path = _csv(tmp_path, "movies.csv", "question,answer\nWho?,Me\n")
    with pytest.raises(TargetError, match="which is not in TARGETS=behavior"):
        resolve_data((f"knowledge={path}",), ("behavior",))


def test_a_folder_without_tables_says_what_was_expected(tmp_path):
    with pytest.raises(TargetError, match=r"token_count\.csv, knowledge\.csv, behavior\.csv"):
        resolve_data((str(tmp_path),), None)


@pytest.mark.parametrize("content", ["[]", '{"a": 1}', "{"])
def test_conditions_that_are_not_named_prompts_are_refused(tmp_path, content):
    _csv(tmp_path, "knowledge.csv", "question,answer\n")
    _csv(tmp_path, "conditions.json", content)
    with pytest.raises(TargetError, match=r"conditions\.json"):
        resolve_data((str(tmp_path),), None)


@pytest.mark.parametrize("hub", [False, True])
def test_a_table_is_read_once_from_resolving_to_counting_its_rows(tmp_path, monkeypatch, hub):
    path = _csv(tmp_path, "m.csv", "question,answer\n" + "".join(f"Who {i}?,Me {i}\n" for i in range(12)))
    asked = "hf://datasets/owner/name/counted.csv" if hub else path
    reads = []

    def counted(given):
        reads.append(given)
        return read_table(path)

    monkeypatch.setattr("tacit.targets.resolve.read_table", counted)
    sources = resolve_data((asked,), None)
    items, _ = load_items("knowledge", sources.paths["knowledge"], n=10, seed=0, count_tokens=len)
    assert sum(row_account(asked, items).values()) == 12
    assert reads == [asked]


def test_a_table_that_changed_is_read_again(tmp_path):
    path = _csv(tmp_path, "m.csv", "question,answer\nWho?,Me\n")
    assert resolve_data((path,), None).targets == ("knowledge",)
    _csv(tmp_path, "m.csv", "text\nSome text\n")
    assert resolve_data((path,), None).targets == ("token_count",)


def test_columns_that_nothing_reads_are_named(tmp_path):
    path = _csv(tmp_path, "m.csv", "question,answer,year\n" + "".join(f"Who {i}?,Me {i},{i}\n" for i in range(12)))
    items, ignored = load_items("knowledge", path, n=10, seed=0, count_tokens=len)
    assert (len(items), ignored) == (10, ("year",))


def test_a_property_in_place_of_a_table_gives_built_in_items_that_show_it():
    sources = resolve_data(("behavior=starts_with_vowel",), None)
    items, ignored = load_items("behavior", sources.paths["behavior"], n=20, seed=0, count_tokens=len)
    assert (sources.targets, len(items), ignored) == (("behavior",), 20, ())
    assert {item.property for item in items} == {"starts_with_vowel"}


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ("startswith_vowel", r"neither a property nor a file; did you mean behavior=starts_with_vowel\?"),
        ("endswith:!", r"did you mean behavior=ends_with:!\?"),
        ("colour_of_mood", r"properties are option, matching_option, .*starts_with_vowel.*regex:…"),
        ("nothing.csv", "there is no file nothing.csv"),
        ("no/such", "there is no file no/such"),
    ],
)
def test_a_misspelt_property_is_asked_about_and_a_missing_file_is_a_missing_file(given, message):
    path = resolve_data((f"behavior={given}",), None).paths["behavior"]
    with pytest.raises(TargetError, match=message):
        load_items("behavior", path, n=20, seed=0, count_tokens=len)


def test_a_table_without_an_ending_is_no_misspelt_property(tmp_path):
    path = _csv(tmp_path, "table", "question\nWhy?\n")
    with pytest.raises(TargetError, match="not a table this tool reads"):
        load_items("behavior", path, n=20, seed=0, count_tokens=len)
