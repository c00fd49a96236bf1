"""A table as LaTeX that fits a paper's text: small, in blocks, and narrowed where it is still too wide.

In: a `Table`. Out: a `tabular`, for `table` in a one-column paper and `table*` in a two-column one. Cells that are the
same in all rows of a block (target, condition, metric, n) are printed once, above it. A table longer than a page is
split into several, because `longtable` does not work in two columns. Needs `\\usepackage{booktabs,graphicx}`.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import groupby

from tacit.figures.drawing import words
from tacit.figures.drawing.latex_escape import latex
from tacit.figures.tables.table import Table

MOST_LINES = 51
"""Lines on a page: with rules and a caption of three lines, the 550 points that `article` has on letter paper."""
_HEADING = 1.5  # lines of a block's heading, with the space above it
_MOST_ROWS = int(MOST_LINES - _HEADING)
_SMALL = r"{\footnotesize\setlength{\tabcolsep}{4pt}%"
_FITTED = r"\resizebox{\ifdim\width>\linewidth\linewidth\else\width\fi}{!}{%"


def pages(table: Table) -> Iterator[Table]:
    """`table` in parts that fit on one page each, named like the pages of a figure; blocks are split only if necessary.

    All parts have the same columns.
    """
    table = replace(table, facts=_shared(table))
    held: list[list[str]] = []
    parts = []
    for unit in _units(table):
        if held and _lines(table, held + unit) > MOST_LINES:
            parts, held = [*parts, held], []
        held = held + unit
    for i, cells in enumerate([*parts, held], start=1):
        yield replace(table, name=table.name if i == 1 else f"{table.name}-page{i}", cells=cells)


def _units(table: Table) -> Iterator[list[list[str]]]:
    """Rows that stay together: those of one target if they fit on a page, else of one block, else as many as fit."""
    for rows in _grouped(table.cells, 1):
        if _lines(table, rows) <= MOST_LINES:
            yield rows
        else:
            for block in _grouped(rows, table.block):
                yield from (block[i : i + _MOST_ROWS] for i in range(0, len(block), _MOST_ROWS))


def _grouped(rows: Sequence[list[str]], columns: int) -> list[list[list[str]]]:
    """Runs of rows that agree in their first `columns` cells."""
    return [list(group) for _, group in groupby(rows, key=lambda row: row[:columns])]


def _lines(table: Table, rows: Sequence[list[str]]) -> float:
    return len(rows) + (_HEADING * len(_grouped(rows, table.block)) if table.block else 0)


def _shared(table: Table) -> tuple[str, ...]:
    """The facts that are the same in all rows of each block (empty cells aside)."""
    blocks = _grouped(table.cells, table.block)
    return tuple(name for name in table.facts if all(len(_distinct(table, block, name)) == 1 for block in blocks))


def _distinct(table: Table, block: Sequence[list[str]], name: str) -> list[str]:
    """The distinct nonempty cells of the column `name` in a block."""
    at = table.titles.index(name)
    return list(dict.fromkeys(row[at] for row in block if row[at]))


def as_latex(table: Table, *, origin: str = "") -> str:
    """One booktabs `tabular`, however long, a heading above each block; never wider than the text around it.

    origin: what the numbers came from, written as a comment.
    """
    facts = _shared(table)
    kept = [i for i, title in enumerate(table.titles) if i >= table.block and title not in facts]
    comments = [words.one_line(text) for text in (origin, f"{table.caption} {table.note}") if text.strip()]
    aligned = "".join("r" if table.right[i] else "l" for i in kept)
    lines = [
        *(f"% {text}" for text in comments),
        r"% needs \usepackage{booktabs,graphicx}; in a two-column paper use it inside table*",
        _SMALL, _FITTED, rf"\begin{{tabular}}{{@{{}}{aligned}@{{}}}}", r"\toprule",
        " & ".join(_head(table.titles[i]) for i in kept) + r" \\", r"\midrule",
    ]  # fmt: skip
    for i, block in enumerate(_grouped(table.cells, table.block)):
        lines += [r"\addlinespace"] * (i > 0)
        if table.block:
            lines.append(rf"\multicolumn{{{len(kept)}}}{{@{{}}l@{{}}}}{{{_heading(table, block, facts)}}} \\")
        lines += [" & ".join(latex(row[i]) for i in kept) + r" \\" for row in block]
    return "\n".join([*lines, r"\bottomrule", r"\end{tabular}}}", ""])


def _head(title: str) -> str:
    return "$n$" if title == "n" else latex(title)


def _heading(table: Table, block: Sequence[list[str]], facts: Sequence[str]) -> str:
    """`token count, locked (skill, chance 0.00, n = 600)`."""
    shared = [_fact(name, _distinct(table, block, name)[0]) for name in facts]
    name = rf"\textit{{{latex(', '.join(block[0][: table.block]))}}}"
    return f"{name} ({', '.join(shared)})" if shared else name


def _fact(name: str, cell: str) -> str:
    """A fact with its name; a metric needs no name."""
    if name == "Metric":
        return latex(cell)
    return f"$n$ = {latex(cell)}" if name == "n" else f"{latex(name.lower())} {latex(cell)}"
