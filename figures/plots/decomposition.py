"""The gap in steps: raw say → calibrated say → best say → know, each a bar from the previous step.

In: rows of `decomposition_rows` (`draw` takes one target and condition, `page` any number). Out: axes, or a figure. The
length of a bar is what that step adds: a map fitted to labels, other elicitations, and what only the states show. All
panels of a target have the same scale.
"""

import math
from collections.abc import Iterable, Mapping

import numpy as np
import pandas as pd

from tacit.figures.drawing import panels, rounding, style, words
from tacit.figures.inputs.verdict_rows import require

COLUMNS = ("target", "condition", "metric", "chance", "step", "value", "lower", "upper", "n")
STEPS = ("raw say", "calibrated say", "best say", "know")
FRAME = panels.Frame(width=1.62, height=0.86, left=0.9, right=0.95, top=0.52, bottom=0.4)
_INKS = (style.Ink(style.SAY.color, hollow=True, marker="D"), style.Ink("#C98A4B", marker="D"), style.SAY, style.KNOW)


def decomposition_rows(verdicts: Iterable[Mapping]) -> pd.DataFrame:
    """One row per verdict and step, from the `decomposition` in `verdicts.json`; empty if no verdict has one."""
    rows = [
        {name: one.get(name) for name in ("target", "condition", "metric", "chance", "n")}
        | {name: step.get(name) for name in ("step", "value", "lower", "upper")}
        for one in verdicts
        for step in one.get("decomposition") or []
    ]
    table = pd.DataFrame(rows, columns=list(COLUMNS))
    numbers = ["chance", "value", "lower", "upper", "n"]
    return table.assign(**{name: pd.to_numeric(table[name], errors="coerce").astype(float) for name in numbers})


def draw(table: pd.DataFrame, *, ax=None):
    """Draw the steps of one target and condition on `ax` (one column wide by default) and return the axes."""
    require(table, COLUMNS, what="decomposition")
    with style.paper():
        return _draw(table, ax) if ax is not None else panels.one(_draw, table, FRAME)


def page(table: pd.DataFrame, scales: Mapping[str, tuple[float, float]] | None = None):
    """A panel per target and condition, two across; `scales`: limits for each target, shared by several pages."""
    scales = scales or target_scales(table)

    def one(part, ax):
        return _draw(part, ax, scales[part["target"].iloc[0]])

    return panels.panels(one, table, ("target", "condition"), FRAME)


def target_scales(table: pd.DataFrame) -> dict[str, tuple[float, float]]:
    """For each target the limits of its panels."""
    return {target: _limits(part) for target, part in table.groupby("target", sort=False)}


def _draw(table: pd.DataFrame, ax, limits: tuple[float, float] | None = None):
    before = table["chance"].iloc[0]
    if math.isfinite(before):
        ax.axvline(before, label="chance", **style.CHANCE.line())
    for i, (_, row) in enumerate(table.iterrows()):
        before = _step(ax, i, row, before)
    ax.set_ylim(len(table) - 0.5, -0.5)
    ax.set_yticks(range(len(table)), [words.fit(step, 60, style.NORMAL) for step in table["step"]])
    ax.set_xlim(*(limits or _limits(table)))
    ax.set_xlabel(words.metric(table["metric"].iloc[0]))
    chance = f", chance {rounding.number(table['chance'].iloc[0])}" if math.isfinite(table["chance"].iloc[0]) else ""
    note = f"{panels.count_of(table)}{chance}\nin brackets: step from the row above or chance"
    panels.heading(ax, table, note, extra=FRAME.right - panels.EDGE)
    return ax


def _step(ax, at: int, row: pd.Series, before: float) -> float:
    """Draw one row: the bar from the previous step, the score with its interval, and both as text; return the score."""
    value, ink = row["value"], _INKS[STEPS.index(row["step"])] if row["step"] in STEPS else _INKS[1]
    beside = {"xycoords": ("axes fraction", "data"), "textcoords": "offset points", "va": "center"}
    if not math.isfinite(value):
        ax.annotate("undefined", (1, at), xytext=(6, 0), color=style.QUIET, fontsize=style.SMALL, **beside)
        return before
    if math.isfinite(before):
        ax.plot([before, value], [at, at], color=style.FAINT, linewidth=5, solid_capstyle="butt", label="_bar")
        ax.plot([before, before], [at - 1, at], color=style.FAINT, linewidth=0.6, label="_link")
    ax.plot([row["lower"], row["upper"]], [at, at], color=ink.color, linewidth=1.1, label="_interval")
    ax.plot([value], [at], label=row["step"], zorder=4, **ink.line())
    text = rounding.alone(value, row["lower"], row["upper"])
    if math.isfinite(before):
        text += f" ({_plus(value - before, len(text.partition('.')[2]))})"
    ax.annotate(text, (1, at), xytext=(6, 0), fontsize=style.SMALL, color=style.TEXT, **beside)
    return value


def _plus(difference: float, places: int) -> str:
    """A step with its sign and the decimals of its score; a step that rounds to zero is printed as zero."""
    return rounding.number(difference if round(difference, places) else 0.0, places, signed=True)


def _limits(table: pd.DataFrame) -> tuple[float, float]:
    values = table[["value", "lower", "upper", "chance"]].to_numpy(dtype=float)
    if not np.isfinite(values).any():
        return 0.0, 1.0
    low, high = np.nanmin(values), np.nanmax(values)
    pad = 0.06 * max(high - low, 0.1)
    return low - pad, high + pad
