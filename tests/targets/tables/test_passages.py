"""A passage in a column of its own is shown above the question, wherever the question is asked or quoted."""

import json

import pandas as pd
import pytest

from tacit.errors import TargetError
from tacit.probes.data.labels import surface_of
from tacit.targets import get_target, load_items, resolve_data
from tacit.targets.behavior.option_order import first_option
from tacit.targets.elicitations import PRIMARY, parse
from tacit.targets.groups import components, item_keys
from tacit.targets.tables.passages import passage_of
from tacit.targets.tables.table_facts import account, first_rows, unread

ADA = "Ada won the cup in Lima."
RACE = {"example_id": "h1.txt", "article": ADA, "question": "Who won?", "options": ["Ada", "Bea", "Cy", "Dee"]}
SQUAD = {"id": "1", "title": "Cup", "context": ADA, "question": "Who won?", "answers": {"text": ["Ada"]}}
LAYOUTS = {
    "race": RACE | {"answer": "A"},
    "boolq": {"passage": ADA, "question": "did ada win", "answer": True},
    "super_glue": {"passage": ADA, "question": "did ada win", "label": 1, "idx": 0},
    "squad": SQUAD,
    "hotpot": {"context": {"title": ["Cup"], "sentences": [["Ada won.", " It was in Lima."]]},
               "question": "Who won?", "answer": "Ada"},
    "sciq": {"support": ADA, "question": "Who won?", "correct_answer": "Ada", "distractor1": "Bea"},
    "own": {"passage": ADA, "question": "Who won?", "answer": "Ada"},
}  # fmt: skip


def written(folder, rows, name="rows.jsonl"):
    path = folder / name
    if name.endswith("parquet"):
        pd.DataFrame(rows).to_parquet(path)
    else:
        path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return str(path)


def read(path, target="knowledge"):
    items, ignored = load_items(target, path, n=1000, seed=0, count_tokens=len)
    return get_target(target, items), items, ignored


@pytest.mark.parametrize("name", ["t.jsonl", "t.parquet"])
@pytest.mark.parametrize("layout", LAYOUTS)
def test_the_passage_is_above_the_question_in_acts_reports_and_baselines(tmp_path, layout, name):
    row = LAYOUTS[layout]
    path = written(tmp_path, [row, row | {"question": "Who lost?"}, row | {"article": "Bo won in Rome."}], name)
    assert resolve_data((path,), None).paths == {"knowledge": path}
    target, items, ignored = read(path)
    item = items[0]
    shown = "Cup: Ada won. It was in Lima." if layout == "hotpot" else ADA
    assert item.passage == shown and not {"article", "passage", "context", "support"} & {*ignored}
    assert (
        item.object_prompt.startswith(f"{shown}\n\n{item.surface}") and surface_of(item) == f"{shown}\n\n{item.surface}"
    )
    for form in target.forms(items):
        asked = target.report_prompt(item, form)
        assert asked.startswith(f"{shown}\n\n") == (item.surface in asked) == (form.context == "before")
    assert target.label(item, reply="Yes" if item.answers == ("yes",) else "Ada") == "yes"


def test_questions_about_one_passage_are_never_split(tmp_path):
    rows = [
        {"passage": text, "question": f"Q{n}?", "answer": f"A{n}"} for n, text in enumerate("x y|x  y|z w|".split("|"))
    ]
    _, items, _ = read(written(tmp_path, rows))
    assert components(item_keys(items, share_answers=True)).tolist() == [0, 0, 1, 2]


def test_the_account_says_what_is_shown_and_what_a_table_words_itself(tmp_path):
    rows = [LAYOUTS["own"], {"passage": "", "question": "Who lost?", "answer": "Bea"},
            {"passage": "Bo won.", "object_prompt": "Say who won.", "question": "Who?", "answer": "Bo"}]  # fmt: skip
    path = written(tmp_path, rows)
    _, items, ignored = read(path)
    told = "\n".join(account("knowledge", path, items, None, None))
    assert "the column 'passage' is shown above the question in 1 of 3 rows" in told
    assert "1 rows word their own object prompt, without it" in told and "remove the column" in told
    assert items[2].object_prompt == "Say who won." and [*unread(path, ignored)] == []
    assert next(first_rows("knowledge", get_target("knowledge"), items)).startswith(f'"{ADA} Who won? Answer')


@pytest.mark.parametrize("cell", ["", "doc_12.txt", "https://example.org/a?b=c", "17", "Lima"])
def test_an_id_or_a_link_is_no_passage(tmp_path, cell):
    path = written(tmp_path, [{"question": f"Q{n}?", "answer": f"A{n}", "document": cell} for n in range(4)])
    _, items, ignored = read(path)
    assert ignored == ("document",) and not any(item.passage for item in items)
    assert items[0].object_prompt == "Q0? Answer in a few words."


@pytest.mark.parametrize(
    ("cell", "text"),
    [
        ('["One a.", "Two b."]', "One a.\nTwo b."),
        ([["Cup", ["Ada won.", "In Lima."]], ["Sea", ["It is."]]], "Cup: Ada won. In Lima.\nSea: It is."),
        ([{"idx": 0, "title": "Cup", "paragraph_text": "Ada won."}], "Cup: Ada won."),
        ({"contexts": ["One a.", "Two b."], "labels": ["X", "Y"]}, "One a.\nTwo b."),
        ({"is_selected": [0, 1], "passage_text": ["One a.", "Two b."], "url": ["u", "v"]}, "One a.\nTwo b."),
        ("[1] is a footnote, {not} JSON.", "[1] is a footnote, {not} JSON."),
        ("艾达在利马赢得了奖杯。", "艾达在利马赢得了奖杯。"),
    ],
)  # fmt: skip
def test_lists_and_objects_are_shown_as_text(tmp_path, cell, text):
    _, items, _ = read(written(tmp_path, [{"question": "Who?", "context": cell, "answer": "Ada"}]))
    assert items[0].object_prompt == f"{text}\n\nWho? Answer in a few words."


@pytest.mark.parametrize("cell", [{"kind": "a film", "start": 1}, {"text": 5}, [{"role": "user", "content": None}]])
def test_a_passage_without_a_text_is_refused_by_name(tmp_path, cell):
    path = written(tmp_path, [{"question": "Who?", "document": cell, "answer": "Ada", "item_id": "a"}])
    with pytest.raises(TargetError, match=r"item 'a': no text is found in the column 'document'.*remove the column"):
        read(path)


def test_one_passage_for_all_rows_is_refused_since_it_cannot_be_held_out(tmp_path):
    path = written(tmp_path, [{"passage": ADA, "question": f"Q{n}?", "answer": f"A{n}"} for n in range(4)])
    with pytest.raises(TargetError, match="column 'passage' holds the same text in all 4 rows"):
        read(path)


def test_letters_and_words_of_the_passage_are_not_taken_for_those_of_the_question(tmp_path):
    rows = [RACE | {"article": "(A) tea\n(E) Say Ada or Bea, true or false.", "answer": "B"}, RACE | {"answer": "A"}]
    target, items, _ = read(written(tmp_path, rows))
    assert [target.label(items[0], reply=reply) for reply in ("B", "Bea", "A", "E")] == ["yes", "yes", "no", "no"]
    rows = [{"passage": "tea, then coffee. Is it true or false?", "question": "Would you like coffee or tea?",
             "options": "tea|coffee", "property": "option"}]  # fmt: skip
    target, (item,), _ = read(written(tmp_path, rows), "behavior")
    assert item.object_prompt.startswith(rows[0]["passage"] + "\n\nWould") and first_option(item) == "coffee"
    assert rows[0]["passage"] in target.report_prompt(item, PRIMARY)
    assert target.report_prompt(item, parse("choice/you/0")).endswith("coffee or tea.")


def test_a_table_that_words_the_object_prompt_of_options_keeps_its_words(tmp_path):
    rows = [RACE | {"answer": "A", "object_prompt": "Read this: Ada won. Who was it?"}]
    _, (item,), _ = read(written(tmp_path, rows))
    assert item.object_prompt == rows[0]["object_prompt"] and item.report_prompt.startswith(f"{ADA}\n\nWho won?\n(A)")


def test_statements_have_their_passage_above_them_too(tmp_path):
    rows = [{"passage": ADA, "statement": "Ada won.", "label": 1}, {"passage": "B c.", "statement": "Bo.", "label": 0}]
    target, items, ignored = read(written(tmp_path, rows), "truth")
    assert items[0].object_prompt == f"{ADA}\n\nAda won." and ignored == ()
    assert target.report_prompt(items[0], PRIMARY).startswith(f"{ADA}\n\nAda won. Is this statement true?")
    assert target.control_fact(items[0], PRIMARY) is not None


def test_passages_of_several_columns_are_shown_once_each():
    assert passage_of({"context": "a b", "question": "?", "story": "c d", "passage": "a b"}) == "a b\n\nc d"
