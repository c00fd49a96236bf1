"""A table for a paper, independent of its format; and its Markdown.

In: a `Table`, whose cells are texts as a reader should see them. Out: text. Every cell is escaped for the output
format. No cell is bold, because calling one number better than another takes a test.
"""

import re
from dataclasses import dataclass

import pandas as pd

from tacit.figures.drawing import words


@dataclass(frozen=True)
class Table:
    """One table, ready to be written."""

    name: str
    """Name of its files, without extension."""
    caption: str
    """What the table shows, in one sentence."""
    heads: tuple[str, ...]
    """The columns' names; a column whose name begins with `>` is right-aligned."""
    cells: list[list[str]]
    """Row by row, as a reader should see them, not yet escaped."""
    data: pd.DataFrame
    """The same with all digits, for the CSV."""
    note: str = ""
    """Sentences that explain columns whose names need it."""
    block: int = 1
    """How many of the first columns name a block of rows; LaTeX prints them once, above it."""
    facts: tuple[str, ...] = ()
    """Columns that LaTeX prints beside a block's name where they are the same in all its rows."""

    @property
    def titles(self) -> list[str]:
        """The columns' names as printed."""
        return [head.removeprefix(">") for head in self.heads]

    @property
    def right(self) -> list[bool]:
        """Which columns are right-aligned."""
        return [head.startswith(">") for head in self.heads]


def markdown(text: object) -> str:
    """`text` as Markdown that prints it: nothing in it can be a link, emphasis, HTML or the end of a cell."""
    escaped = words.one_line(text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return re.sub(r"([\\`*_\[\]|~!#$])", r"\\\1", escaped)


def as_markdown(table: Table) -> str:
    """One Markdown table, followed by its note."""
    sides = ["---:" if right else "---" for right in table.right]
    body = [[markdown(cell) for cell in row] for row in table.cells]
    lines = "".join("| " + " | ".join(line) + " |\n" for line in [table.titles, sides, *body])
    return lines + (f"\n{markdown(table.note)}\n" if table.note else "")
