"""Published questions with free answers: TriviaQA, PopQA, TruthfulQA, SimpleQA, GSM8K, SelfAware, yes/no questions.

In: a table in one of these layouts. Out: for each row `question`, `answer`, `aliases` (a JSON list) and, where the data
have them, `source`, `entity`, `popularity`, `label` and the end of the object prompt. NaturalQuestions-open and other
tables whose `answer` is a list of texts need no layout: every list in that column is a list of accepted answers.
"""

import json
import re
from collections.abc import Sequence

import pandas as pd

from tacit.targets.layouts.layout import ENDING, Layout, LeftOutError, Row, has
from tacit.targets.tables.cell_values import list_of, struct_of

NO_ANSWER = "no answer is given"
UNKNOWABLE = "unknowable"
"""Label of a question that nobody can answer; it counts as not known, whatever the reply."""
YES_NO = {"true": "yes", "yes": "yes", "false": "no", "no": "no"}
BITS = {"1": "yes", "0": "no"}
YES_NO_ENDING_V1 = " Answer yes or no."
FINAL = re.compile(r"####\s*(.+?)\s*$")


def _answers(texts: Sequence[str]) -> dict[str, str]:
    """The columns `answer` and `aliases`. Raises LeftOutError if there is no text."""
    given = [text.strip() for text in texts if text.strip()]
    if not given:
        raise LeftOutError(NO_ANSWER)
    return {"answer": given[0], "aliases": json.dumps(given[1:], ensure_ascii=False) if given[1:] else ""}


def _first(table: pd.DataFrame, column: str) -> str:
    """The first cell of a column that is not empty."""
    return next((cell for cell in table[column] if cell.strip()), "") if column in table else ""


def _trivia_fields(cell: str) -> dict[str, object]:
    """The struct of an answer; the release writes `NormalizedAliases`, the hub `normalized_aliases`."""
    struct = struct_of(cell)
    found = struct.items() if isinstance(struct, dict) else ()
    return {name.lower().replace("_", ""): value for name, value in found}


def _trivia_qa(row: Row) -> dict[str, str]:
    fields = _trivia_fields(row["answer"])
    value = str(fields.get("value") or "")
    if value in ("", "<unk>"):
        raise LeftOutError(NO_ANSWER)
    aliases = [text for name in ("aliases", "normalizedaliases") for text in fields.get(name) or ()]
    return _answers([value, *map(str, aliases)])


def _pop_qa(row: Row) -> dict[str, str]:
    texts = [row.get("obj", ""), *list_of(row["possible_answers"])]
    columns = {"entity": "subj", "source": "prop", "popularity": "s_pop"}
    return _answers(list(dict.fromkeys(texts))) | {name: row.get(own, "") for name, own in columns.items()}


def _truthful_qa(row: Row) -> dict[str, str]:
    """The release is a CSV with "Best Answer", and "Correct Answers" separated by semicolons; the hub has lists."""
    best = row.get("best_answer") or row.get("best answer", "")
    correct = row.get("correct_answers") or row.get("correct answers", "")
    parts = list_of(correct)
    texts = correct.split(";") if parts == (correct.strip(),) else parts
    return _answers([best, *texts]) | {"source": row.get("category", "")}


def _simple_qa(row: Row) -> dict[str, str]:
    return {"question": row["problem"]} | _answers(list_of(row["answer"]))


def _final_number(row: Row) -> dict[str, str]:
    found = FINAL.search(row["answer"])
    if not found:
        raise LeftOutError("its answer has no final number after ####")
    return _answers([found.group(1).replace(",", "")])


def _self_aware(row: Row) -> dict[str, str]:
    answerable = row["answerable"].strip().lower()
    if answerable in ("false", "0", "no"):
        return {"answer": "", "aliases": "", "label": UNKNOWABLE}
    if answerable not in ("true", "1", "yes"):
        raise LeftOutError(f"answerable is {row['answerable']!r}, neither true nor false")
    return _answers(list_of(row["answer"])) | {"label": ""}


def _listed_answers(row: Row) -> dict[str, str]:
    """`answers` as a list of texts (WebQuestions), or as a struct whose `text` is one (SQuAD)."""
    struct = struct_of(row["answers"])
    texts = struct.get("text") or () if isinstance(struct, dict) else list_of(row["answers"])
    return _answers(list(dict.fromkeys(map(str, [texts] if isinstance(texts, str) else texts))))


def _yes_no(column: str) -> dict[str, str] | object:
    words = YES_NO | BITS if column == "label" else YES_NO

    def convert(row: Row) -> dict[str, str]:
        answer = words.get(row[column].strip().lower())
        if answer is None:
            raise LeftOutError(NO_ANSWER)
        question = row["question"].strip()
        question += "" if question.endswith(("?", ".", "!")) else "?"
        return {"question": question, "answer": answer, "aliases": "", ENDING: YES_NO_ENDING_V1, "label": ""}

    return convert


def _all_in(table: pd.DataFrame, column: str, words: set[str]) -> bool:
    given = set(table[column].str.strip().str.lower()) - {""}
    return bool(given) and given <= words


def _each(convert):
    """A conversion that needs nothing from the rest of the table."""
    return lambda _table: convert


def _layout(name: str, fits, convert, *reads: str) -> Layout:
    return Layout(name, "knowledge", fits, _each(convert), frozenset(reads))


_QUESTION = has("question", "answer")
QUESTION_LAYOUTS = (
    _layout("TriviaQA", lambda t: _QUESTION(t) and "value" in _trivia_fields(_first(t, "answer")), _trivia_qa,
            "question_id", "questionid", "question_source", "questionsource", "entity_pages", "entitypages",
            "search_results", "searchresults"),
    _layout("PopQA", has("question", "possible_answers"), _pop_qa, "possible_answers", "obj", "subj", "prop", "s_pop",
            "id", "subj_id", "prop_id", "obj_id", "s_aliases", "o_aliases", "s_uri", "o_uri", "s_wiki_title",
            "o_wiki_title", "o_pop"),
    _layout("TruthfulQA", has("question", "best_answer", "correct_answers"), _truthful_qa, "best_answer",
            "correct_answers", "incorrect_answers", "category"),
    _layout("TruthfulQA", has("question", "best answer", "correct answers"), _truthful_qa, "best answer",
            "correct answers", "incorrect answers", "category"),
    _layout("SelfAware", has("question", "answer", "answerable"), _self_aware, "answerable", "question_id"),
    _layout("GSM8K", lambda t: _QUESTION(t) and t["answer"].str.contains("####", regex=False).mean() > 0.5,
            _final_number),
    _layout("yes/no questions", lambda t: _QUESTION(t) and _all_in(t, "answer", set(YES_NO)), _yes_no("answer")),
    _layout("yes/no questions", lambda t: has("question", "passage", "label")(t) and "answer" not in t
            and _all_in(t, "label", {*YES_NO, *BITS}), _yes_no("label"), "idx"),
    _layout("SimpleQA", lambda t: has("problem", "answer")(t) and "question" not in t, _simple_qa, "problem"),
    _layout("a list of answers", lambda t: has("question", "answers")(t) and "answer" not in t, _listed_answers,
            "answers"),
)  # fmt: skip
