"""What is said about a user's table: how its rows were used, what a reply is matched against, whether any was right.

In: a target, its items and, after the acts, its replies. Out: lines of text. Text of a table or a reply is shown on one
line, without characters that a terminal would obey.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tacit.targets.base import Item, Target
from tacit.targets.behavior.properties_asked import file_and_property
from tacit.targets.knowledge.multiple_choice import right_letter
from tacit.targets.readers.clean_text import visible
from tacit.targets.resolve import ENDINGS, columns_shown, row_account, table_notes
from tacit.targets.tables.passages import passages_shown, without_passage

SHOWN_ROWS, SHOWN_CHARACTERS = 3, 70


@dataclass(frozen=True)
class TooLong:
    """The longest of the rows that were left out."""

    item_id: str
    tokens: int
    n: int
    """Number of rows that were left out."""


def is_table(path: str | None) -> bool:
    """Whether the items come from a table, rather than a Python file, a property or the built-in items."""
    return bool(path) and Path(file_and_property(path)[0]).suffix.lower() in ENDINGS


def account(
    name: str, path: str, items: Sequence[Item], too_long: TooLong | None, context: int | None
) -> Iterator[str]:
    """How the file was read and how its rows were used, and which row is the longest of those that do not fit."""
    used = row_account(path, items, name, too_long=too_long.n if too_long else 0)
    rows = ", ".join(f"{n} rows {what}" for what, n in used.items() if n)
    yield "; ".join([f"{path}: {rows}", *table_notes(path, name)])
    if told := passages_shown(columns_shown(path, name), items):
        yield told
    if too_long:
        yield (
            f"the model's context has {context} tokens, and the longest prompt has {too_long.tokens}: item "
            f"{shown(too_long.item_id)}"
        )


def unread(path: str | None, ignored: Sequence[str]) -> Iterator[str]:
    """The columns that are not read."""
    if ignored:
        yield f"{path} has columns that are not read: {', '.join(ignored)}"


def first_rows(name: str, target: Target, items: Sequence[Item]) -> Iterator[str]:
    """What is asked in the first rows, and what makes a reply right or gives the label."""
    if name not in ("knowledge", "truth"):
        return
    for item in items[:SHOWN_ROWS]:
        if item.label:
            label = {"yes": "true", "no": "false"}[item.label] if name == "truth" else item.label
            yield f'"{_asked(item)}" has the label {label}, given by the table'
        else:
            yield f'"{_asked(item)}" is answered right by {accepted(item)}'


def none_right(target: Target, items: Sequence[Item], replies: Mapping[str, str]) -> Iterator[str]:
    """That no reply is right, with some replies beside their answers; nothing if one is right."""
    judged = [(item, said) for item in items if item.answers and not item.label
              and (said := visible(replies.get(item.item_id) or ""))]  # fmt: skip
    if not judged or any(target.label(item, reply=reply) == "yes" for item, reply in judged):
        return
    yield (
        f"none of the {len(judged)} replies is right. Either the model knows none of the answers, or they are not in "
        "the form in which it replies:"
    )
    for item, reply in judged[:SHOWN_ROWS]:
        yield f'"{shown(item.surface)}" was answered "{shown(reply)}", accepted: {accepted(item)}'


def _asked(item: Item) -> str:
    """The object prompt as it is shown to the user: of its passage only the beginning."""
    if not item.passage:
        return shown(item.object_prompt)
    return f"{shown(item.passage, SHOWN_CHARACTERS // 2)} {shown(without_passage(item, item.object_prompt))}"


def accepted(item: Item) -> str:
    """The accepted answers of an item, the first few in full."""
    letter = right_letter(item)
    texts = [f"({letter}) {item.answers[0]}"] if letter else [f'"{shown(answer)}"' for answer in item.answers]
    more = f" and {len(texts) - 4} more" if len(texts) > 4 else ""
    return shown(" or ".join(texts[:4]), 4 * SHOWN_CHARACTERS) + more


def shown(text: str, most: int = SHOWN_CHARACTERS) -> str:
    """The text on one line, shortened, with characters that are not printable replaced."""
    line = "".join(c if c.isprintable() else "�" for c in " ".join(text.split()))
    return line if len(line) <= most else line[: most - 1] + "…"
