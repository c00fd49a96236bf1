"""The verdicts as plain text, printed in the terminal at the end of a comparison.

In: the verdicts. Out: one string. First a table of know, say and gap, each number rounded by its interval; then, for
each verdict, its sentence, what was measured and the reasons. Names from models and tables are printed without control
characters, so that none can move the cursor or colour the screen.
"""

import math
from collections.abc import Iterable, Mapping

import pandas as pd

from tacit.figures.drawing import rounding, words
from tacit.figures.inputs.verdict_rows import COVERAGE, verdict_rows
from tacit.names import OUT_OF_RANGE

_HEADS = ("target", "condition", "verdict", "know", "say", "gap [95 % interval]")
_GAP_BETWEEN = 2
_LEAST_NAME = 8
_ALL = 1.001  # shares of the outcomes add up to less; counts to more


DECIDED = ("GAP", "NO_GAP")
"""Verdicts that need no reasons beside the table; the others are always printed with theirs."""


def summary(verdicts: Iterable[Mapping], *, width: int = 96, why: bool = True) -> str:
    """The verdicts of a run in at most `width` columns (80 or more); why: print the reasons of all verdicts."""
    rows = verdict_rows(verdicts)
    if not len(rows):
        return "No verdicts: the comparison found no target to compare."
    texts = [_cells(row) for _, row in rows.iterrows()]
    widths = _widths(texts, width)
    lines = [_line(_HEADS, widths), _line(tuple("─" * w for w in widths), widths)]
    lines += [_line(cells, widths) for cells in texts]
    late = [f"{words.one_line(r['target'])}/{words.one_line(r['condition'])}" for _, r in rows.iterrows()
            if r["probe_method"] not in ("", "nested")]  # fmt: skip
    if late:
        lines += _wrap(f"In {words.listed(late)}, know is the score of the probe at the report prompt.", width, "")
    for _, row in rows.iterrows():
        if why or row["verdict"] not in DECIDED:
            lines += ["", *_reasons(row, width)]
    return "\n".join(lines)


def _cells(row: pd.Series) -> tuple[str, ...]:
    know = rounding.alone(row["probe"], row["probe_lower"], row["probe_upper"])
    say = rounding.alone(row["report"], row["report_lower"], row["report_upper"])
    gap = rounding.with_interval(row["gap"], row["gap_lower"], row["gap_upper"], signed=True)
    names = tuple(words.one_line(row[name]) for name in ("target", "condition"))
    return (*names, words.one_line(row["verdict"]) or "no verdict", know, say, gap)


def _widths(texts: list[tuple[str, ...]], width: int) -> list[int]:
    """Each column as wide as its longest cell; if they do not fit, the condition and then the target is shortened."""
    widths = [max(words.cells(line[i]) for line in [_HEADS, *texts]) for i in range(len(_HEADS))]
    spare = width - sum(widths) - _GAP_BETWEEN * (len(widths) - 1)
    for column in (1, 0, 2):
        if spare < 0:
            cut = min(-spare, max(0, widths[column] - _LEAST_NAME))
            widths[column] -= cut
            spare += cut
    return widths


def _line(cells: tuple[str, ...], widths: list[int]) -> str:
    parts = [
        words.pad(words.fit_cells(cell, room), room, right=i in (3, 4))
        for i, (cell, room) in enumerate(zip(cells, widths, strict=True))
    ]
    return (" " * _GAP_BETWEEN).join(parts).rstrip()


def _reasons(row: pd.Series, width: int) -> list[str]:
    """The paragraph of one verdict: its name, its sentence, what it was measured on, and its reasons."""
    target, condition, verdict = (words.one_line(row[name]) for name in ("target", "condition", "verdict"))
    lines = _wrap(f"{words.plain(target)}, {condition}: {verdict or 'no verdict'}", width, "")
    if row["sentence"]:
        lines += _wrap(words.one_line(row["sentence"]), width, "  ")
    lines += _wrap(_measured(row), width, "  ")
    for reason in row["reasons"].split("\n"):
        if reason:
            lines += _wrap(words.one_line(reason), width, "  - ")
    return lines


def _measured(row: pd.Series) -> str:
    """`level G (…); skill, chance 0.00; n = 400 items in 380 groups; layer 5, report site; replies: 390 answered, …`"""
    parts = [f"level {words.level(row['level'])}"]
    parts += [f"{words.metric(row['metric']) or 'no metric'}, chance {rounding.number(row['chance'])}"]
    parts.append(f"n = {_whole(row['n'])} items in {_whole(row['n_groups'])} groups")
    if math.isfinite(row["layer"]) and row["layer"] >= 0:
        parts.append(f"layer {_whole(row['layer'])}" + (f", {row['site']} site" if row["site"] else ""))
    if row["report_rung"]:
        parts.append(f"best report: {words.one_line(row['report_rung'])}")
    outcomes = [name for name in COVERAGE if name != OUT_OF_RANGE or row[name]]
    if any(math.isfinite(row[name]) for name in outcomes):
        shown = _share if sum(row[name] for name in outcomes) < _ALL else _whole
        parts.append("replies: " + ", ".join(f"{shown(row[name])} {name}" for name in outcomes))
    return "; ".join(parts)


def _whole(value: float) -> str:
    return f"{value:.0f}" if math.isfinite(value) else rounding.MISSING


def _share(value: float) -> str:
    return f"{100 * value:.1f} %" if math.isfinite(value) else rounding.MISSING


def _wrap(text: str, width: int, before: str) -> list[str]:
    """`text` on lines of at most `width` cells: the first begins with `before`, the others with as many blanks."""
    lines = words.wrap(text, width - len(before))
    return [(" " * len(before) if i else before) + line for i, line in enumerate(lines)]
