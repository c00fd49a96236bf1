"""Know and say side by side: for each target and condition two points with their intervals, and the verdict in words.

In: rows of `verdict_rows` (any number of targets and conditions). Out: axes. Targets have different metrics, so each
target's heading names its metric, and each row has a tick at chance. An undefined score is not drawn, and its row says
so. A score left of the axes is an arrow at the edge with its value; an interval that continues there ends in an arrow.
"""

import math
from dataclasses import dataclass

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from tacit.figures.drawing import rounding, style, titles, words
from tacit.figures.inputs.verdict_rows import require

COLUMNS = (
    "target", "condition", "verdict", "metric", "chance", "n", "gap", "gap_lower", "gap_upper",
    "probe", "probe_lower", "probe_upper", "report", "report_lower", "report_upper",
)  # fmt: skip
_TOP, _BOTTOM = 0.4, 0.42  # inches around the axes
_ROW = 0.25  # inches per row
_NAMES, _INDENT, _BETWEEN, _EDGE = 118, 8, 10, 10  # points: the most for names; before rows, columns, the paper's edge
_SAY = style.Ink(style.SAY.color, "-", "D", 1.1, hollow=True, size=4.0)
_KNOW = style.Ink(style.KNOW.color, "-", "o", 1.1, size=4.2)
_LOWEST = -0.3  # a score below this is an arrow at the edge


@dataclass(frozen=True)
class _Sides:
    """The texts left and right of the axes, row by row, and their widths in points."""

    names: list[str]
    """Left of the axes: the condition of each row."""
    columns: dict[str, list[str]]
    """Right of the axes: a title, and the text of each row."""
    left: float
    """Points left of the axes."""
    starts: dict[str, float]
    """Points from the right edge of the axes to each column."""
    right: float
    """Points right of the axes."""


def draw(table: pd.DataFrame, *, ax=None):
    """Draw one row per verdict on `ax` (a two-column figure of its own by default) and return the axes."""
    require(table, COLUMNS, what="know_and_say")
    if not len(table):
        raise ValueError("know_and_say.draw: the table has no rows. Run: tacit compare RUN")
    with style.paper():
        sides = _sides(table)
        ax = ax or _axes(plt.figure(figsize=(style.TWO_COLUMNS, height(table))), sides)
        heights, headings = _layout(table)
        _frame(ax, table, heights)
        _write(ax, sides, heights, headings, table)
        for (_, row), y in zip(table.iterrows(), heights, strict=True):
            _row(ax, row, y)
        _key(ax)
        _keep_inside(ax)
    return ax


def figure(table: pd.DataFrame) -> Figure:
    """The same as a figure outside pyplot, as high as its rows need."""
    fig = style.new_figure(style.TWO_COLUMNS, height(table))
    with style.paper():
        draw(table, ax=_axes(fig, _sides(table)))
    return fig


def height(table: pd.DataFrame) -> float:
    """Height of `table` in inches: its rows, and a heading for each target."""
    return _TOP + _BOTTOM + _ROW * (len(table) + len(_layout(table)[1]) + 0.4)


def _axes(fig: Figure, sides: _Sides):
    wide, high = fig.get_size_inches()
    left, right = sides.left / 72, sides.right / 72
    return style.place(fig, (left, _BOTTOM, wide - left - right, high - _TOP - _BOTTOM))


def _layout(table: pd.DataFrame) -> tuple[list[float], list[tuple[float, str, str]]]:
    """The height of each row, and (height, target, metric) of each heading, counted downwards from 0."""
    heights, headings, before, at = [], [], None, 0.0
    for pair in zip(table["target"], table["metric"], strict=True):
        if pair != before:
            headings.append((at, *pair))
            at -= 1
        heights.append(at)
        at -= 1
        before = pair
    return heights, headings


def _sides(table: pd.DataFrame) -> _Sides:
    """The texts around the axes, and the width of the widest in each column."""
    names = _names(table)
    rows = [row for _, row in table.iterrows()]
    columns = {
        "verdict": [words.verdict(row["verdict"]) for row in rows],
        "gap, know − say [95 %]": [_gap(row) for row in rows],
        "n": [f"{int(row['n'])}" if math.isfinite(row["n"]) else rounding.MISSING for row in rows],
    }
    heads = ["".join(each) for each in _headings(table).values()]
    widest = [words.width_in_points(name, style.NORMAL) + _INDENT for name in names]
    widest += [words.width_in_points(head, style.NORMAL, bold=True) for head in heads]
    starts, at = {}, float(_BETWEEN)
    for title, texts in columns.items():
        starts[title] = at
        at += _BETWEEN + max(words.width_in_points(text, style.NORMAL, bold=True) for text in [title, *texts])
    left = max(widest) + 2 * _BETWEEN + _off_room(table)
    return _Sides(names, columns, left, starts, at - _BETWEEN + _EDGE)


def _off_room(table: pd.DataFrame) -> float:
    """Width in points of the scores that are written beside arrows; 0 if all are inside the axes."""
    low = _limits(table)[0]
    off = [value for side in ("probe", "report") for value in table[side] if value < low]
    return max((words.width_in_points(rounding.number(value), style.SMALL) for value in off), default=0.0)


def _names(table: pd.DataFrame) -> list[str]:
    """The name of each row: its condition, after its run if there are several."""
    several = "run" in table.columns and table["run"].nunique() > 1
    runs, conditions = list(table["run"]) if several else [""] * len(table), list(table["condition"])
    run, condition = titles.shares(runs, conditions, _NAMES - _INDENT, style.NORMAL)
    return [titles.joined(run[a], condition[b]) for a, b in zip(runs, conditions, strict=True)]


def _headings(table: pd.DataFrame) -> dict[tuple[str, str], tuple[str, str]]:
    """For each (target, metric) the target's name, and the metric, which together fit the names' room."""
    pairs = [(target, metric) for _, target, metric in _layout(table)[1]]
    measures = {pair: f" ({words.metric(pair[1])})" if pair[1] else "" for pair in pairs}
    room = _NAMES - max(words.width_in_points(measure, style.NORMAL) for measure in measures.values())
    names = list(dict.fromkeys(target for target, _ in pairs))
    cut = dict(zip(names, words.fit_all([words.plain(n) for n in names], room, style.NORMAL, bold=True), strict=True))
    return {pair: (cut[pair[0]], measures[pair]) for pair in pairs}


def _gap(row: pd.Series) -> str:
    """The gap with its interval, or which of its two sides is undefined."""
    if math.isfinite(row["gap"]):
        return rounding.with_interval(row["gap"], row["gap_lower"], row["gap_upper"], signed=True)
    missing = [name for name, column in (("know", "probe"), ("say", "report")) if not math.isfinite(row[column])]
    return f"{' and '.join(missing) or 'gap'} undefined"


def _frame(ax, table: pd.DataFrame, heights: list[float]) -> None:
    """Limits, grid and the x axis."""
    ax.set_xlim(*_limits(table))
    ax.set_ylim(heights[-1] - 0.7, 0.7)
    ax.spines["left"].set_visible(False)
    ax.set_yticks([])
    ax.set_xlabel("score, in the metric named at the left")
    ax.grid(axis="x", color=style.FAINT, linewidth=0.4)
    ax.set_axisbelow(True)


def _limits(table: pd.DataFrame) -> tuple[float, float]:
    """Left and right of the axes: every score and chance, to the next tenth, but nothing below the lowest allowed."""
    names = ["probe", "probe_lower", "probe_upper", "report", "report_lower", "report_upper", "chance"]
    values = table[names].to_numpy(dtype=float)
    if not np.isfinite(values).any():
        return 0.0, 1.02
    low = max(_LOWEST, math.floor(np.nanmin(values) * 10 - 0.2) / 10)
    high = max(1.0, math.ceil(np.nanmax(values) * 10) / 10)
    return low, high + 0.02 * (high - low)


def _write(ax, sides: _Sides, heights: list[float], headings: list, table: pd.DataFrame) -> None:
    """The words left and right of the axes."""
    start = _BETWEEN - sides.left
    named = _headings(table)
    for y, target, metric in headings:
        name, measure = named[target, metric]
        _text_beside(ax, y, start, name, fontweight="bold")
        _text_beside(ax, y, start + words.width_in_points(name, style.NORMAL, bold=True), measure, color=style.QUIET)
    for y, name in zip(heights, sides.names, strict=True):
        _text_beside(ax, y, start + _INDENT, name)
    for title, texts in sides.columns.items():
        at = {"points": sides.starts[title]}
        if title == "n":
            at = {"points": sides.right - _EDGE, "ha": "right"}
        _text_beside(ax, 0, text=title, right=True, color=style.QUIET, **at)
        for y, text, verdict in zip(heights, texts, table["verdict"], strict=True):
            bold = title == "verdict" and verdict == "GAP"
            _text_beside(ax, y, text=text, right=True, fontweight="bold" if bold else "normal", **at)


def _text_beside(ax, y: float, points: float, text: str, *, right: bool = False, **look) -> None:
    """Text at height `y`, `points` away from the left or right edge of the axes."""
    look = {"fontsize": style.NORMAL, "color": style.TEXT, "va": "center", "ha": "left"} | look
    where = {"xycoords": ("axes fraction", "data"), "textcoords": "offset points", "annotation_clip": False}
    ax.annotate(text, (1 if right else 0, y), xytext=(points, 0), **where, **look)


def _keep_inside(ax) -> None:
    """Narrow `ax` until the texts beside it, as drawn, are inside the figure: a caller's axes may leave no room."""
    boxes, page, axes = [text.get_window_extent() for text in ax.texts], ax.figure.bbox, ax.get_window_extent()
    edge = _EDGE * ax.figure.get_dpi() / 72
    left = max(0.0, page.x0 + edge - min(box.x0 for box in boxes))
    right = max(0.0, max(box.x1 for box in boxes) + edge - page.x1)
    if max(left, right) > edge / 2:  # the margins that `_axes` left differ by a rounding from the drawn ones
        width = max(edge, axes.width - left - right)
        bounds = ((axes.x0 + left - page.x0) / page.width, ax.get_position().y0)
        ax.set_position((*bounds, width / page.width, ax.get_position().height))


def _row(ax, row: pd.Series, y: float) -> None:
    """One target and condition: chance, the bar between know and say, and both points."""
    low = ax.get_xlim()[0]
    if math.isfinite(row["chance"]):
        ax.plot([row["chance"]] * 2, [y - 0.34, y + 0.34], color="black", linewidth=0.9, label="chance")
    if math.isfinite(row["probe"]) and math.isfinite(row["report"]):
        ends = [max(low, row["probe"]), max(low, row["report"])]
        ax.plot(ends, [y, y], color=style.FAINT, linewidth=3, solid_capstyle="butt", label="_bar", zorder=1.5)
    apart = 0.22 if row["probe"] < low and row["report"] < low else 0.13  # so that two numbers do not touch
    _point(ax, row, "probe", y + apart, _KNOW)
    _point(ax, row, "report", y - apart, _SAY)


def _point(ax, row: pd.Series, side: str, y: float, ink: style.Ink) -> None:
    """One score with its interval; a score left of the axes is an arrow at the edge with its value."""
    value, low, lower, upper = row[side], ax.get_xlim()[0], row[f"{side}_lower"], row[f"{side}_upper"]
    if not math.isfinite(value):
        return
    if upper > low:
        ax.plot([max(low, lower), upper], [y, y], color=ink.color, linewidth=ink.width, label="_interval")
    if value < low:
        _arrow(ax, y, ink, f"{side}, off the axis")
        look = {"va": "center", "ha": "right", "fontsize": style.SMALL, "color": ink.color}
        ax.annotate(rounding.number(value), (low, y), xytext=(-4, 0), textcoords="offset points", **look)
        return
    if lower < low:
        _arrow(ax, y, ink, "_cut")
    ax.plot([value], [y], **ink.line(), label=side, zorder=4)


def _arrow(ax, y: float, ink: style.Ink, label: str) -> None:
    """An arrow at the left edge: the value or interval continues to the left."""
    ax.plot([ax.get_xlim()[0]], [y], **(ink.line() | {"marker": "<"}), clip_on=False, label=label, zorder=4)


def _key(ax) -> None:
    """What the marks mean, above the axes."""
    marks = [
        Line2D([], [], **_KNOW.line(), label="know (probe)"),
        Line2D([], [], **_SAY.line(), label="say (best report)"),
        Line2D([], [], color="black", marker="|", linestyle="None", markersize=7, label="chance"),
        Line2D([], [], color=style.QUIET, linewidth=_KNOW.width, label="95 % interval"),
    ]
    above = 1 + 0.06 / (ax.get_position().height * ax.figure.get_size_inches()[1])
    ax.legend(
        handles=marks, loc="lower left", bbox_to_anchor=(0, above), ncols=4, borderaxespad=0, handlelength=1.6,
        columnspacing=1.4, handletextpad=0.5,
    )  # fmt: skip
