"""Labels in the margin right of a plot, each joined to its line: a legend that can never cover the data.

In: for each series a height in data units, a text and an ink. Out: texts and short keys drawn beside the axes, moved
apart just enough not to touch. A height outside the axes is labelled at the edge, with its value in the text.
"""

from dataclasses import dataclass

import numpy as np
from scipy.optimize import isotonic_regression

from tacit.figures.drawing import style, words
from tacit.figures.drawing.style import Ink

LINE = 8.6
"""Points from one label to the next."""
_LEAD, _KEY, _SPACE = 8.0, 15.0, 2.5
_EDGE = 3.0  # distance in points between a label and the top or bottom of the axes


@dataclass(frozen=True)
class Entry:
    """One label to be placed."""

    height: float
    """Where the series ends, in data units; NaN where it is undefined."""
    text: str
    """What is printed."""
    ink: Ink
    """How the series is drawn."""
    bold: bool = False
    """Whether this is one of the two numbers that the figure is about."""


def spread(wanted: np.ndarray, gap: float, low: float, high: float) -> np.ndarray:
    """Heights nearest to `wanted` (least squares) that keep its order, at least `gap` apart, within [low, high].

    wanted: (n,) ascending. Where n labels do not fit between low and high, they run on below `low`.
    """
    steps = gap * np.arange(len(wanted))
    base = isotonic_regression(np.asarray(wanted, dtype=float) - steps).x
    ceiling = high - (steps[-1] if len(steps) else 0.0)
    return np.minimum(np.maximum(base, low), ceiling) + steps


def _axes_points(ax) -> tuple[float, float]:
    """Width and height of `ax` in points."""
    box = ax.get_position()
    wide, high = ax.figure.get_size_inches()
    return box.width * wide * 72, box.height * high * 72


def room(ax) -> float:
    """Points of text that fit right of every panel of the figure, so that a label is cut to the same length in all."""
    return min(_room(other) for other in ax.figure.axes)


def _room(ax) -> float:
    """Points of text that fit between the keys and whatever is right of `ax`: the figure's edge or other axes."""
    wide = ax.figure.get_size_inches()[0] * 72
    edge = ax.get_position().x1 * wide
    others = [other.get_position().x0 * wide for other in ax.figure.axes if other.get_position().x0 * wide > edge]
    limit = min(others) - 38 if others else wide  # the other axes have numbers and a name at their left
    return max(60.0, limit - edge - _LEAD - _KEY - _SPACE - 2)


def label(ax, entries: list[Entry]) -> None:
    """Draw `entries` beside `ax`, whose limits must be final."""
    if not entries:
        return
    width, height = _axes_points(ax)
    low, high = ax.get_ylim()
    fractions = [np.clip((e.height - low) / (high - low), 0, 1) if np.isfinite(e.height) else -1.0 for e in entries]
    order = sorted(range(len(entries)), key=lambda i: (fractions[i], -i))
    wanted = np.array([max(0.0, fractions[i]) * height for i in order])
    for i, at in zip(order, spread(wanted, LINE, _EDGE, height - _EDGE), strict=True):
        _draw(ax, entries[i], fractions[i], at / height, width)


def _draw(ax, entry: Entry, fraction: float, at: float, width: float) -> None:
    """One label at height `at`, its key and the hairline from `fraction`, both as fractions of the axes' height."""
    start, key, end = 1 + 1 / width, 1 + _LEAD / width, 1 + (_LEAD + _KEY) / width
    outside = {"transform": ax.transAxes, "clip_on": False, "label": "_gutter"}
    if fraction >= 0:
        ax.plot([start, key], [fraction, at], color=entry.ink.color, linewidth=0.4, **outside)
        ax.plot([key, (key + end) / 2, end], [at] * 3, markevery=[1], **entry.ink.line(), **outside)
    ax.annotate(
        words.fit(entry.text, room(ax), style.SMALL, bold=entry.bold), (end, at), xycoords="axes fraction",
        xytext=(_SPACE, 0), textcoords="offset points", va="center", ha="left", fontsize=style.SMALL,
        color=style.TEXT if fraction >= 0 else style.QUIET, fontweight="bold" if entry.bold else "normal",
        annotation_clip=False,
    )  # fmt: skip
