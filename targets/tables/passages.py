"""The passage that a question is about, in a column of its own: BoolQ, RACE, SQuAD, HotpotQA, SciQ and others.

In: a row of a table. Out: its passage as plain text, "" for a row without one. It is shown above the question in every
prompt that the target words, whereas a prompt that the table words itself is left as it is. A column is read by its
name, and only cells that hold a text: an id, a link or a single word under such a name is no passage. Columns that
explain the answer (`facts`, `evidence`, `explanation`) are never shown, since they give it away.
"""

import re
from collections.abc import Mapping, Sequence

import pandas as pd

from tacit.errors import TargetError
from tacit.targets.base import Item
from tacit.targets.chats import last_message
from tacit.targets.tables.cell_values import struct_of

PASSAGES = (
    "passage", "passages", "context", "contexts", "article", "paragraph", "paragraphs", "document", "documents",
    "story", "support",
)  # fmt: skip
"""Columns in which published questions have the text that they are about."""
SHOW_PASSAGES = ("knowledge", "behavior", "truth")
"""Targets whose prompts have a question or a statement, above which a passage can stand."""
BODIES = ("text", "paragraph_text", "passage_text", "sentences", "contexts", "content")
"""Fields of an object that hold its text: MuSiQue, MS MARCO, HotpotQA, PubMedQA, chats."""
HEADS = ("title", "role")
NO_TEXT = re.compile(r"[!-~]*")
"""One word, number, id or link; ASCII only, since other scripts may write a text without spaces."""


def passage_of(row: Mapping[str, str]) -> str:
    """The passage of a row: the texts of all its passage columns, in the order of the table.

    Raises TargetError, naming the item, for a list or an object in which no text is found.
    """
    texts = (_text(row, name, cell.strip()) for name, cell in row.items() if name in PASSAGES)
    return "\n\n".join(dict.fromkeys(text for text in texts if text))


def passage_columns(table: pd.DataFrame, target: str) -> tuple[str, ...]:
    """The columns of `table` whose texts are shown above the question."""
    names = [name for name in table.columns if name in PASSAGES] if target in SHOW_PASSAGES else []
    return tuple(name for name in names if any(_is_text(cell) for cell in table[name]))


def above(passage: str, text: str) -> str:
    """The text with the passage above it."""
    return f"{passage}\n\n{text}" if passage else text


def without_passage(item: Item, prompt: str) -> str:
    """The last message of one of the item's prompts, without its passage: options and words are looked for in it."""
    text = last_message(prompt)
    return text.replace(item.passage, "", 1) if item.passage else text


def passages_shown(columns: Sequence[str], items: Sequence[Item]) -> str:
    """A sentence that says where passages are shown; "" for items without any."""
    having = [item for item in items if item.passage]
    if not having:
        return ""
    added = sum(item.passage in last_message(item.object_prompt) for item in having)
    own = f"; {len(having) - added} rows word their own object prompt, without it" if added < len(having) else ""
    return (
        f"the column {' and '.join(map(repr, columns))} is shown above the question in {added} of {len(items)} rows, "
        f"and rows with the same text stay together (to ask without it, remove the column){own}"
    )


def _is_text(cell: str) -> bool:
    return not NO_TEXT.fullmatch(cell.strip())


def _text(row: Mapping[str, str], name: str, cell: str) -> str:
    if not _is_text(cell):
        return ""
    try:
        return "\n".join(part for part in _paragraphs(cell) if part)
    except (AttributeError, TypeError, ValueError) as error:
        raise TargetError(
            f"item {row['item_id']!r}: no text is found in the column {name!r}, which holds {cell[:40]!r}…, expected "
            "the text that the question is about. Write it as plain text, or remove the column."
        ) from error


def _paragraphs(value: object) -> list[str]:
    """The paragraphs of a text, of a list of them, of titles with their sentences, or of objects with a text.

    Raises TypeError or ValueError for any other value.
    """
    value = _unpacked(value)
    if isinstance(value, str):
        return [value]
    if isinstance(value, dict):
        head, body = (next((value[name] for name in names if name in value), None) for names in (HEADS, BODIES))
        if isinstance(head, list):
            return [_titled(*each) for each in zip(head, body, strict=True)]
        return [_titled(head, body)] if head else _paragraphs(body)
    if not isinstance(value, list):
        raise TypeError(f"expected a text, a list or an object, got {value!r}")
    parts = [_unpacked(each) for each in value]
    if [type(part) for part in parts] == [str, list]:
        return [_titled(*parts)]
    return [" ".join(_paragraphs(part)) for part in parts]


def _titled(title: str, body: object) -> str:
    return f"{title.strip()}: {' '.join(_paragraphs(body))}"


def _unpacked(value: object) -> object:
    """A text without the spaces around it; the list or object in its place where it holds one as JSON."""
    return struct_of(value) or value.strip() if isinstance(value, str) else value
