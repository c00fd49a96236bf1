"""Predicted against true counts: the probe's predictions and the model's reports, on the same items.

In: rows of `count_rows` (`draw` takes one series of one condition, `panels` any number). Out: axes, or a whole figure.
Items at the same point are one disc, larger for more items; with more than a thousand distinct points, shaded cells are
drawn instead. The diagonal is a perfect prediction. Shares of exact answers are copied, not computed; answers beyond
the axes are arrows at the edge, and answers without a number are counted above the panel.
"""

import math

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.colors import LinearSegmentedColormap, LogNorm
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from tacit.figures.drawing import rounding, style, titles, words
from tacit.figures.drawing.panels import left_of
from tacit.figures.inputs.count_rows import COLUMNS
from tacit.figures.inputs.verdict_rows import require

_LEFT, _RIGHT, _TOP, _BOTTOM, _SIDE = 0.42, 0.1, 0.62, 0.58, 1.3  # inches; the last is a panel's side
_TITLE = (style.ONE_COLUMN - _LEFT - 0.1) * 72  # height in points of a heading over both panels
_SIZES = (1, 5, 15)  # items whose discs are in the key; from the last on discs are alike
_MOST_DISCS, _CELLS = 1000, 36
_TITLES = {"probe": "know: predicted by the probe", "report": "say: reported by the model"}
_SHARES = {"exact": "exact", "within_1": "±1"}
_ABOVE = 1.35  # the axis of predictions reaches this far beyond the largest true count


def draw(table: pd.DataFrame, *, ax=None):
    """Draw one series (probe or report) of one condition on `ax` and return the axes."""
    require(table, COLUMNS, what="counts")
    if len(table[["target", "condition", "series"]].drop_duplicates()) != 1:
        raise ValueError("counts.draw takes one series of one target and condition; use counts.panels for several.")
    with style.paper():
        if ax is None:
            side = style.ONE_COLUMN - _LEFT - _RIGHT - 0.3
            fig = plt.figure(figsize=(style.ONE_COLUMN, side + _TOP + _BOTTOM))
            ax = style.place(fig, (_LEFT, _BOTTOM, side, side))
        low, high = _range(table)
        _identity(ax, low, high)
        _points(ax, table)
        _words(ax, table)
        _key(ax, table)
    return ax


def panels(table: pd.DataFrame) -> Figure:
    """Probe and report side by side for each condition; two conditions fit across the page."""
    require(table, COLUMNS, what="counts")
    if not len(table):
        raise ValueError("counts.panels: the table has no rows. Run the probes on a count target first.")
    table = titles.titled(table, _TITLE)
    parts = [part for _, part in table.groupby("condition", sort=False)]
    columns = min(2, len(parts))
    rows, height = -(-len(parts) // columns), panel_height()
    fig = style.new_figure(style.ONE_COLUMN if columns == 1 else style.TWO_COLUMNS, rows * height)
    with style.paper():
        for i, part in enumerate(parts):
            left = (i % columns) * style.TWO_COLUMNS / 2
            bottom = (rows - 1 - i // columns) * height
            _pair(fig, part, left, bottom)
    return fig


def panel_height() -> float:
    """Height in inches of one row of panels."""
    return _TOP + _BOTTOM + _SIDE


def _pair(fig: Figure, part: pd.DataFrame, left: float, bottom: float) -> None:
    """The two panels of one condition, on the same axes."""
    low, high = _range(part)
    for i, (_, one) in enumerate(part.groupby("series", sort=False)):
        ax = style.place(fig, (left + i * (_SIDE + 0.2), bottom + _BOTTOM, _SIDE, _SIDE))
        _identity(ax, low, high)
        _shift(ax, max(_LEFT, left_of(ax) / 72))
        _points(ax, one)
        _words(ax, one, numbered=not i)
        if i:
            ax.set_ylabel("")
            ax.tick_params(labelleft=False)
        else:
            _key(ax, part)
            _above(ax, 31, titles.title(one, _TITLE), fontsize=style.TITLE, fontweight="bold")


def _shift(ax, inches: float) -> None:
    """Move `ax` to the right to make room for the numbers and the name of its axis."""
    box = ax.get_position()
    ax.set_position((box.x0 + inches / ax.figure.get_size_inches()[0], box.y0, box.width, box.height))


def _above(ax, points: float, text: str, **look) -> None:
    look = {"fontsize": style.SMALL, "color": style.TEXT, "va": "bottom"} | look
    ax.annotate(text, (0, 1), xycoords="axes fraction", xytext=(0, points), textcoords="offset points", **look)


def _range(table: pd.DataFrame) -> tuple[float, float]:
    """The axes: from 0 or the smallest count to a little beyond the largest true count."""
    labels, predicted = table["label"].dropna(), table["predicted"].dropna()
    top = labels.max() if len(labels) else 1.0
    low = min(0.0, labels.min() if len(labels) else 0.0)
    return low, max(top, min(predicted.max() if len(predicted) else top, top * _ABOVE), low + 1) * 1.04


def _identity(ax, low: float, high: float) -> None:
    pad = 0.03 * (high - low)
    look = {"color": style.QUIET, "linewidth": 0.7, "linestyle": (0, (3, 2))}
    ax.plot([low, high], [low, high], label="perfect", zorder=2.5, **look)
    ax.set_xlim(low - pad, high + pad)
    ax.set_ylim(low - pad, high + pad)
    ax.set_aspect("equal")
    for axis in (ax.xaxis, ax.yaxis):
        axis.set_major_locator(MaxNLocator(nbins=5, integer=True))
    ax.set_xlabel("true count")
    ax.set_ylabel("predicted count")


def _ink(table: pd.DataFrame) -> style.Ink:
    return style.SAY if table["series"].iloc[0] == "report" else style.KNOW


def _points(ax, table: pd.DataFrame) -> None:
    """Draw the items: discs or cells, and arrows at the edge for values outside the axes."""
    known = table[np.isfinite(table["label"]) & np.isfinite(table["predicted"])]
    low, high = ax.get_ylim()
    inside = known[known["predicted"].between(low, high)]
    spots = inside.groupby(["label", "predicted"], as_index=False).size()
    color = _ink(table).color
    if len(spots) > _MOST_DISCS:
        _cells(ax, inside, color)
    elif len(spots):
        areas = _area(spots["size"])
        marks = {"color": color, "alpha": 0.5, "linewidths": 0, "label": "items"}
        ax.scatter(spots["label"], spots["predicted"], s=areas, **marks)
    at = {"color": color, "s": 7, "linewidths": 0, "alpha": 0.6, "clip_on": False, "label": "beyond"}
    above, below = known[known["predicted"] > high], known[known["predicted"] < low]
    ax.scatter(above["label"], [high] * len(above), marker="^", **at)
    ax.scatter(below["label"], [low] * len(below), marker="v", **at)


def _area(items):
    """The area of a disc, in square points."""
    return 2.5 + 2.0 * (np.minimum(items, _SIZES[-1]) - 1)


def _key(ax, table: pd.DataFrame) -> None:
    """Draw the key below `ax`: the size of discs or the shade of cells; table: the rows of all its panels."""
    known = table[np.isfinite(table["label"]) & np.isfinite(table["predicted"])]
    spots = known.groupby(["series", "label", "predicted"]).size()
    if len(spots) and spots.groupby("series").size().min() > _MOST_DISCS:
        look = {"fontsize": style.SMALL, "color": style.QUIET, "textcoords": "offset points"}
        ax.annotate("darker: more items in the cell", (0, 0), xycoords="axes fraction", xytext=(-8, -34), **look)
    elif len(spots) and spots.max() > 1:
        _sizes(ax, spots.max())


def _sizes(ax, most: int) -> None:
    """Discs of a few sizes, up to the largest that is drawn."""
    names = {size: f"{size} or more" if size == _SIZES[-1] else f"{size}" for size in _SIZES if size <= most}
    look = {"color": style.QUIET, "linestyle": "None", "marker": "o", "markeredgewidth": 0}
    marks = [Line2D([], [], markersize=math.sqrt(_area(size)), label=name, **look) for size, name in names.items()]
    ax.legend(
        handles=[Line2D([], [], linestyle="None", label="items on a point:"), *marks], ncols=len(marks) + 1,
        loc="upper left", bbox_to_anchor=(-0.12, -0.36 / (ax.get_position().height * ax.figure.get_size_inches()[1])),
        borderaxespad=0, handlelength=0.8, handletextpad=0.3, columnspacing=0.8,
    )  # fmt: skip


def _cells(ax, inside: pd.DataFrame, color: str) -> None:
    """Square cells a whole number of counts wide (others would alias with whole counts), shaded by log number."""
    low, high = ax.get_ylim()
    step = max(1, math.ceil((high - low) / _CELLS))
    edges = np.arange(math.floor(low) - 0.5, high + step, step)
    number = np.histogram2d(inside["label"], inside["predicted"], bins=[edges, edges])[0].T
    shades = LinearSegmentedColormap.from_list("shades", [style.FAINT, color])
    shown = np.ma.masked_equal(number, 0)
    ax.pcolormesh(edges, edges, shown, cmap=shades, norm=LogNorm(1, max(2, number.max())), rasterized=True)


def _words(ax, table: pd.DataFrame, *, numbered: bool = True) -> None:
    """Write above the panel: the name of the series, its shares of exact answers, n, and what is not drawn."""
    first, left = table.iloc[0], ax.get_position().x0 * ax.figure.get_size_inches()[0] % (style.TWO_COLUMNS / 2)
    room = min(_SIDE + 0.2, style.ONE_COLUMN - left) * 72  # to the next panel, or to the paper's edge
    title = _TITLES.get(first["series"], words.drawable(first["series"]))
    _above(ax, 20, title, color=_ink(table).color, fontweight="bold")
    shares = [f"{name} {100 * first[column]:.0f} %" for column, name in _SHARES.items() if _has(first, column)]
    _above(ax, 11.5, words.fit(", ".join(shares or ["exact: not given"]), room, style.SMALL))
    low, high = ax.get_ylim()
    missing = int((~np.isfinite(table["predicted"])).sum())
    beyond = int((np.isfinite(table["predicted"]) & ~table["predicted"].between(low, high)).sum())
    parts = [f"n = {len(table)}"] * numbered + [f"{beyond} beyond ▲▼"] * (beyond > 0)
    parts += [f"{missing} no number"] * (missing > 0)
    _above(ax, 3, words.fit(", ".join(parts), room, style.SMALL), color=style.QUIET)
    if missing == len(table):
        look = {"ha": "center", "va": "center", "color": style.QUIET, "backgroundcolor": "white"}
        ax.text(0.5, 0.5, "no count to draw", transform=ax.transAxes, **look)


def _has(row: pd.Series, column: str) -> bool:
    return column in row.index and rounding.is_number(row[column])
