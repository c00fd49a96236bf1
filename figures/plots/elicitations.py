"""All elicitations side by side: the score of each form with its interval, and the shares of usable replies.

In: rows of `rung_rows` (`draw` takes one target and condition, `page` any number). Out: axes, or a figure. A form with
several wordings has a mark with its interval for each, and their mean, minimum and maximum in numbers. All panels of a
target have the same scale.
"""

import math
from collections.abc import Mapping

import numpy as np
import pandas as pd
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from tacit.figures.drawing import panels, rounding, style, titles, words
from tacit.figures.inputs.elicitation_rows import COLUMNS
from tacit.figures.inputs.verdict_rows import require
from tacit.names import OUT_OF_RANGE

_ROW, _LEFT, _RIGHT, _TOP, _BOTTOM = 0.19, 2.02, 2.5, 0.42, 0.64  # inches
_WIDTH = style.TWO_COLUMNS - _LEFT - _RIGHT
_TEXT, _COVERAGE, _END = 0.08, 1.28, 2.36  # inches right of the axes: the score in numbers, the bars, their end
_RAW = style.Ink(style.SAY.color, "-", "D", 0.9, hollow=True, size=3.2)
_FITTED = style.Ink("#6B2A00", "-", "s", 0.9, size=3.0)
_OUTCOMES = {"answered": "#B9C9D9", "refused": "#6E6E6E", "unreadable": "white"}
_WILD = {OUT_OF_RANGE: "#E3C9A8"}
"""Drawn only where some replies are out of range."""


def draw(table: pd.DataFrame, *, ax=None):
    """Draw the forms of one target and condition on `ax` (two columns wide by default) and return the axes."""
    require(table, COLUMNS, what="rungs")
    if not len(table):
        raise ValueError("rungs: the table has no rows. Run `tacit probe` on a run with reports first.")
    frame = panels.Frame(_WIDTH, _height(table), _LEFT, _RIGHT, _TOP, _BOTTOM)
    with style.paper():
        return _draw(table, ax) if ax is not None else panels.one(_draw, table, frame)


def page(table: pd.DataFrame, scales: Mapping[str, tuple[float, float]] | None = None):
    """A panel per target and condition, one below the other; `scales`: limits for each target, shared by pages."""
    scales = scales or target_scales(table)
    each = panels.parts(titles.titled(table, _WIDTH * 72), ("target", "condition"))
    fig = style.new_figure(style.TWO_COLUMNS, sum(_total(part) for part in each))
    with style.paper():
        at = fig.get_size_inches()[1]
        for part in each:
            at -= _total(part)
            ax = style.place(fig, (_LEFT, at + _BOTTOM, _WIDTH, _height(part)))
            _draw(part, ax, scales[part["target"].iloc[0]])
    return fig


def target_scales(table: pd.DataFrame) -> dict[str, tuple[float, float]]:
    """For each target the limits of its panels."""
    return {target: _limits(part) for target, part in table.groupby("target", sort=False)}


def pages(table: pd.DataFrame):
    """`table` in parts that fit on one page each; a panel is never split."""
    held, used = [], 0.0
    for part in panels.parts(table, ("target", "condition")):
        if held and used + _total(part) > style.PAGE_HEIGHT:
            yield pd.concat(held, ignore_index=True)
            held, used = [], 0.0
        held, used = [*held, part], used + _total(part)
    if held:
        yield pd.concat(held, ignore_index=True)


def _height(table: pd.DataFrame) -> float:
    return _ROW * (table["form"].nunique() + 0.4)


def _total(table: pd.DataFrame) -> float:
    return _height(table) + _TOP + _BOTTOM


def _draw(table: pd.DataFrame, ax, limits: tuple[float, float] | None = None):
    names, chance = list(dict.fromkeys(table["form"])), float(table["chance"].iloc[0])
    ax.set_ylim(len(names) - 0.3, -0.7)
    ax.set_xlim(*(limits or _limits(table)))
    if math.isfinite(chance):
        ax.axvline(chance, label="chance", **style.CHANCE.line())
    for y, name in enumerate(names):
        mine = table[table["form"] == name]
        for fitted, ink, shift in ((False, _RAW, -0.17), (True, _FITTED, 0.17)):
            _scores(ax, mine[mine["fitted"] == fitted], y + shift, ink)
        _numbers(ax, mine, y)
    ax.set_yticks(range(len(names)), [words.fit(name, (_LEFT - 0.15) * 72, style.NORMAL) for name in names])
    ax.tick_params(axis="y", length=0)
    ax.spines["left"].set_visible(False)
    ax.grid(axis="x", color=style.FAINT, linewidth=0.4)
    ax.set_axisbelow(True)
    _coverage(ax, table, names)
    _key(ax, chance, _outcomes(table))
    several = "; a mark for each wording" if _paraphrased(table) else ""
    metric = words.metric(table["metric"].iloc[0])
    panels.heading(ax, table, f"{metric}, {panels.count_of(table)}{several}")
    _heads(ax, paraphrased=bool(several))
    return ax


def _heads(ax, *, paraphrased: bool) -> None:
    """Write the heading of the column of numbers."""
    lines = ["score [95 % interval]", "mean (lowest to highest)"] if paraphrased else ["score [95 % interval]"]
    look = {"fontsize": style.SMALL, "color": style.QUIET, "textcoords": "offset points"}
    for i, text in enumerate(reversed(lines)):
        ax.annotate(text, (1, 1), xycoords="axes fraction", xytext=(_TEXT * 72, 4 + 9 * i), **look)


def _paraphrased(table: pd.DataFrame) -> bool:
    return bool(table.groupby(["form", "fitted"])["elicitation"].nunique().gt(1).any())


def _scores(ax, rows: pd.DataFrame, y: float, ink: style.Ink) -> None:
    """Draw each paraphrase of one form as a point with its interval."""
    known = rows[np.isfinite(rows["value"].astype(float))]
    spread = 0.1 if len(known) > 1 else 0.0
    for at, (_, row) in zip(np.linspace(-spread, spread, len(known)), known.iterrows(), strict=True):
        ax.plot([row["lower"], row["upper"]], [y + at] * 2, color=ink.color, linewidth=0.6, label="_interval")
        ax.plot([row["value"]], [y + at], label=row["elicitation"], zorder=4, **ink.line())


def _numbers(ax, rows: pd.DataFrame, y: float) -> None:
    """Write the score with its interval, or mean, minimum and maximum of the paraphrases; as said, if that exists."""
    raw = rows[~rows["fitted"].astype(bool)]
    raw = raw if len(raw) else rows
    known = raw["value"].dropna()
    if len(known) > 1:
        places = max(rounding.decimals(low, high) for low, high in zip(raw["lower"], raw["upper"], strict=True))
        mean, low, high = (_plain(v, places) for v in (known.mean(), known.min(), known.max()))
        text = mean if low == high else f"{mean} ({low} to {high})"
    elif len(known):
        text = rounding.with_interval(*(float(raw[c].iloc[0]) for c in ("value", "lower", "upper")))
    else:
        text = rounding.MISSING
    at = {"xycoords": ("axes fraction", "data"), "textcoords": "offset points", "va": "center"}
    ax.annotate(text, (1, y), xytext=(_TEXT * 72, 0), fontsize=style.SMALL, color=style.TEXT, **at)


def _plain(value: float, places: int) -> str:
    """`value` with `places` decimals; a value that rounds to zero is printed as zero."""
    return rounding.number(value if round(value, places) else 0.0, places)


def _coverage(ax, table: pd.DataFrame, names: list[str]) -> None:
    """Draw beside the scores: the shares of the outcomes of each form, over its paraphrases."""
    wide = ax.get_position().width * ax.figure.get_size_inches()[0]
    side = ax.inset_axes([1 + _COVERAGE / wide, 0, (_END - _COVERAGE) / wide, 1])
    side.set_ylim(*ax.get_ylim())
    side.set_xlim(0, 1)
    for y, name in enumerate(names):
        rows, left = table[(table["form"] == name)].drop_duplicates("elicitation"), 0.0
        for outcome, color in _outcomes(table).items():
            share = rows[outcome].dropna().mean()
            if math.isfinite(share):
                look = {"color": color, "edgecolor": "#6E6E6E", "linewidth": 0.4, "label": f"_{outcome}"}
                side.barh(y, share, left=left, height=0.6, hatch="////" if outcome == "unreadable" else None, **look)
                left += share
    side.set_yticks([])
    side.set_xticks([0, 0.5, 1], ["0", "", "1"])
    side.spines["left"].set_visible(False)
    side.set_xlabel("share of replies")


def _limits(table: pd.DataFrame) -> tuple[float, float]:
    values = table[["value", "lower", "upper", "chance"]].to_numpy(dtype=float)
    if not np.isfinite(values).any():
        return 0.0, 1.0
    low, high = max(-0.5, np.nanmin(values)), np.nanmax(values)
    pad = 0.05 * max(high - low, 0.1)
    return low - pad, high + pad


def _outcomes(table: pd.DataFrame) -> dict[str, str]:
    """Outcome → colour."""
    return _OUTCOMES | (_WILD if OUT_OF_RANGE in table else {})


def _key(ax, chance: float, outcomes: dict[str, str]) -> None:
    named = f"chance {rounding.number(chance)}"
    marks = [Line2D([], [], **style.CHANCE.line(), label=named)] * math.isfinite(chance)
    marks += [
        Line2D([], [], **_RAW.line(), label="as said"),
        Line2D([], [], **_FITTED.line(), label="fitted to the labels"),
    ]
    marks += [
        Patch(
            facecolor=color, edgecolor="#6E6E6E", linewidth=0.4, label=name, hatch="////" if color == "white" else None
        )
        for name, color in outcomes.items()
    ]
    inches = ax.get_position().height * ax.figure.get_size_inches()[1]
    ax.legend(
        handles=marks, loc="upper left", bbox_to_anchor=(-0.2, -0.37 / inches), ncols=6, borderaxespad=0,
        handlelength=1.6, columnspacing=1.2, handletextpad=0.5,
    )  # fmt: skip
