"""Reading users' tables, and the errors that tell them what to do."""

import json
from dataclasses import replace

import pandas as pd
import pytest

from tacit.errors import TargetError
from tacit.targets import (
    Knowledge,
    frame_to_items,
    get_target,
    ignored_columns,
    items_to_frame,
    read_table,
    targets_for,
)
from tacit.targets.tables.table_checks import check_table
from tacit.targets.tables.user_tables import own_reports, sample_rows

ROWS = [{"Question": "Q1?", "ANSWER": "1"}, {"Question": "Q2?", "ANSWER": "NA"}]


def written(folder, ending):
    path, frame = folder / f"table.{ending}", pd.DataFrame(ROWS)
    if ending == "csv":
        frame.to_csv(path, index=False)
    elif ending == "parquet":
        frame.to_parquet(path)
    else:
        frame.to_json(path, orient="records", lines=ending == "jsonl")
    return path


@pytest.mark.parametrize("ending", ["csv", "jsonl", "json", "parquet"])
def test_every_format_gives_the_same_table_of_text(tmp_path, ending):
    table = read_table(written(tmp_path, ending))
    assert table.to_dict("list") == {"question": ["Q1?", "Q2?"], "answer": ["1", "NA"]}


def test_numbers_lists_and_gaps_become_text(tmp_path):
    path = tmp_path / "t.jsonl"
    path.write_text('{"a": 1, "b": ["x", "y"], "c": null}\n\n{"a": 2.5, "b": [], "c": true, "d": {"e": 1}}\n')
    assert read_table(path).to_dict("records") == [
        {"a": "1", "b": '["x", "y"]', "c": "", "d": ""},
        {"a": "2.5", "b": "", "c": "True", "d": '{"e": 1}'},
    ]


def test_records_may_lie_in_one_field_of_a_json_object(tmp_path):
    path = tmp_path / "t.json"
    path.write_text(json.dumps({"name": "set", "example": [{"question": "Q?"}]}))
    assert list(read_table(path)["question"]) == ["Q?"]


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("t.csv", None, "there is no file .*t.csv. Check the path"),
        ("t.txt", "a", "expected .csv, .tsv, .jsonl, .json, .parquet, got '.txt'"),
        ("t.csv", "question,answer\n", "is empty: it has no row"),
        ("t.csv", "", "is empty. Give a table with a header"),
        ("t.jsonl", "", "is empty"),
        ("t.jsonl", '{"a": 1}\n{"a": \n', "line 2 is not JSON"),
        ("t.jsonl", "[1]\n", "line 1 holds a list, expected an object"),
        ("t.json", "{}", "is not a list of records"),
        ("t.json", "[]", "is empty"),
        ("t.json", "[1, 2]", "is not a list of records"),
        ("t.parquet", "not parquet", "could not be read as PARQUET"),
        ("t.csv", "Text,text\na,b\n", "has the column 'text' more than once"),
    ],
)
def test_a_file_that_is_no_table_is_one_clear_line(tmp_path, name, content, message):
    if content is not None:
        (tmp_path / name).write_text(content)
    with pytest.raises(TargetError, match=message) as raised:
        read_table(tmp_path / name)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        (
            {"question": ["Q?"]},
            "no column 'answer', which knowledge needs: it has 'question', expected 'question', 'answer'",
        ),
        ({"question": [], "answer": []}, "is empty: it has a header but no row"),
        ({"question": ["Q?", " "], "answer": ["a", "b"]}, "column 'question' is empty in row 2"),
        ({"question": ["Q?"] * 3, "answer": ["a"] * 3, "item_id": ["x", "y", "x"]}, "item_id 'x' appears in rows 1, 3"),
        ({"question": ["Q?"] * 2, "answer": ["a"] * 2, "label": ["yes", "yes"]}, "one class, 'yes', in all 2 rows"),
    ],
)
def test_a_table_that_does_not_fit_its_target_is_one_clear_line(columns, message):
    with pytest.raises(TargetError, match=message):
        check_table(pd.DataFrame(columns, dtype=str), "knowledge")


def test_targets_are_found_by_the_columns_they_need():
    assert targets_for(pd.DataFrame(columns=["text"])) == ("token_count",)
    assert targets_for(pd.DataFrame(columns=["question", "answer"])) == ("knowledge", "behavior")
    assert targets_for(pd.DataFrame(columns=["prompt"])) == ()


def test_columns_that_are_not_read_are_named():
    table = pd.DataFrame(columns=["question", "answer", "difficulty", "group", "options"])
    assert ignored_columns(table, "knowledge") == ("difficulty", "options")


def test_rows_are_sampled_by_seed_without_replacement():
    table = pd.DataFrame({"question": [f"Q{i}?" for i in range(50)]})
    first, again, other = (sample_rows(table, 20, seed) for seed in (0, 0, 1))
    assert first.equals(again)
    assert not first.equals(other)
    assert first["question"].is_unique


def test_more_rows_than_there_are_means_all_of_them_in_order():
    table = pd.DataFrame({"question": ["Q1?", "Q2?"]})
    assert list(sample_rows(table, 5, 0)["question"]) == list(sample_rows(table, None, 0)["question"]) == ["Q1?", "Q2?"]


def test_an_id_depends_on_the_row_alone_and_repeated_rows_get_their_own():
    table = pd.DataFrame({"question": ["Q1?", "Q2?", "Q1?"], "answer": ["a", "b", "a"]})
    ids = list(sample_rows(table, None, 0)["item_id"])
    assert ids[2] == f"{ids[0]}-2" and len(set(ids)) == 3
    assert list(sample_rows(table[["answer", "question"]], None, 0)["item_id"]) == ids
    assert list(sample_rows(table.iloc[[1]], None, 7)["item_id"]) == [ids[1]]


def test_given_ids_are_kept():
    table = pd.DataFrame({"question": ["Q1?"], "item_id": ["mine"]})
    assert list(sample_rows(table, None, 0)["item_id"]) == ["mine"]


def test_items_survive_the_way_through_a_parquet_file(tmp_path):
    items = Knowledge().items(12, 0)
    items_to_frame(items).to_parquet(tmp_path / "items.parquet")
    assert frame_to_items(pd.read_parquet(tmp_path / "items.parquet")) == items


def test_items_survive_beside_other_columns_and_without_optional_ones():
    items = Knowledge().items(3, 0)
    frame = items_to_frame(items).assign(n_tokens=-1).drop(columns=["span", "property", "label"])
    assert frame_to_items(frame) == items


def test_a_frame_without_items_is_an_error():
    with pytest.raises(TargetError, match="lacks item_id, object_prompt, report_prompt, control_answer"):
        frame_to_items(pd.DataFrame({"x": [1]}))


def test_an_unknown_target_is_an_error():
    with pytest.raises(TargetError, match="there is no target 'colour': expected token_count, knowledge, behavior"):
        get_target("colour")


def test_no_items_is_an_error(toy):
    for name in ("token_count", "knowledge", "behavior"):
        with pytest.raises(TargetError, match="at least 1 is needed"):
            get_target(name).items(0, 0, count_tokens=toy)


def test_chats_in_cells_stay_chats_with_the_role_first(tmp_path):
    chat = [{"content": "Hi", "role": "user"}]
    (tmp_path / "t.jsonl").write_text(json.dumps({"object_prompt": chat}))
    pd.DataFrame({"object_prompt": [chat]}).to_parquet(tmp_path / "t.parquet")
    for name in ("t.jsonl", "t.parquet"):
        assert read_table(tmp_path / name)["object_prompt"][0] == '[{"role": "user", "content": "Hi"}]'


def test_report_columns_are_read_by_the_name_of_their_elicitation():
    row = pd.Series({"question": "Q?", "report_prompt": "R", "report_prompt:free/you/0": "Say.", "report_prompt:": " "})
    assert own_reports(row) == (("free/you/0", "Say."),)


def test_report_columns_are_known_columns():
    table = pd.DataFrame(columns=["question", "report_prompt:free/you/0", "other"])
    assert ignored_columns(table, "behavior") == ("other",)


def test_items_keep_the_reports_that_they_bring(tmp_path):
    items = [replace(item, reports=(("free/you/0", 'Say "x|y".'),)) for item in Knowledge().items(2, 0)]
    items_to_frame(items).to_parquet(tmp_path / "items.parquet")
    assert frame_to_items(pd.read_parquet(tmp_path / "items.parquet")) == items


def test_a_table_on_the_hub_is_fetched_and_read_as_any_other(tmp_path, monkeypatch):
    pd.DataFrame(ROWS).to_parquet(tmp_path / "t.parquet")
    monkeypatch.setattr(
        "tacit.targets.tables.hub.fsspec.open", lambda address, mode: (tmp_path / "t.parquet").open(mode)
    )
    table = read_table("hf://datasets/owner/name/t.parquet")
    assert list(table["answer"]) == ["1", "NA"]


def test_a_hub_that_cannot_be_reached_is_one_clear_line(monkeypatch):
    def offline(address, mode):
        raise ConnectionError("offline mode is enabled.\nMore about it")

    monkeypatch.setattr("tacit.targets.tables.hub.fsspec.open", offline)
    with pytest.raises(TargetError, match=r"t\.csv could not be fetched: offline mode is enabled\. Check") as raised:
        read_table("hf://datasets/owner/name/t.csv")
    assert "\n" not in str(raised.value)


def test_a_group_column_that_is_the_same_in_every_row_is_refused_in_one_line():
    table = pd.DataFrame({"question": ["a?", "b?", "c?"], "answer": ["a", "b", "c"], "group": "one"}, dtype=str)
    with pytest.raises(TargetError, match=r"column 'group' holds 'one' in all 3 rows.*drop the column"):
        check_table(table, "knowledge")
    check_table(table.assign(group=["one", "one", "two"]), "knowledge")
    check_table(table.assign(group=""), "knowledge")
    check_table(table.drop(columns="group"), "knowledge")
