"""Several panels of one kind on a page: the same drawing for each target and condition, one or two across.

In: a table, the columns that identify its panels, a `draw(table, ax=)` and the size of a panel. Out: a figure, or the
parts of the table that fit on one page each. Margins are in inches, so they do not depend on the number of panels.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import pandas as pd
from matplotlib.figure import Figure

from tacit.figures.drawing import style, titles, words

EDGE = 0.12  # distance in inches between a heading and the next panel or the paper's edge
_NAME = 20.0  # points left of an axis's numbers: ticks, padding and the axis's name


@dataclass(frozen=True)
class Frame:
    """The size of one panel in inches."""

    width: float
    """Of the axes."""
    height: float
    """Of the axes."""
    left: float = 0.5
    right: float = 0.12
    top: float = 0.42
    bottom: float = 0.42

    @property
    def total(self) -> tuple[float, float]:
        """Width and height with all margins."""
        return self.left + self.width + self.right, self.bottom + self.height + self.top


def one(draw: Callable, table: pd.DataFrame, frame: Frame):
    """A figure in pyplot with one panel, for a notebook; the drawn axes are returned."""
    import matplotlib.pyplot as plt

    fig = plt.figure(figsize=frame.total)
    return draw(table, style.place(fig, (frame.left, frame.bottom, frame.width, frame.height)))


def parts(table: pd.DataFrame, by: Sequence[str]) -> list[pd.DataFrame]:
    """The rows of each panel, in order of first appearance."""
    return [part.reset_index(drop=True) for _, part in table.groupby(list(by), sort=False, dropna=False)]


def panels(draw: Callable, table: pd.DataFrame, by: Sequence[str], frame: Frame) -> Figure:
    """All panels of `table` on one figure; `draw(part, ax)` draws each."""
    each = parts(titles.titled(table, (frame.width + frame.right - EDGE) * 72), by)
    if not each:
        raise ValueError("the table has no rows to draw. Run the step that computes it first.")
    columns = across(frame, len(each))
    wide, high = frame.total
    rows = -(-len(each) // columns)
    fig = style.new_figure(style.TWO_COLUMNS if columns > 1 else max(wide, style.ONE_COLUMN), rows * high)
    with style.paper():
        axes = [
            style.place(
                fig,
                ((i % columns) * style.TWO_COLUMNS / columns + frame.left, (rows - 1 - i // columns) * high
                 + frame.bottom, frame.width, frame.height),
            )
            for i in range(len(each))
        ]  # fmt: skip
        for part, ax in zip(each, axes, strict=True):
            draw(part, ax)
    return fig


def across(frame: Frame, count: int) -> int:
    """Number of panels per row."""
    return max(1, min(count, int((style.TWO_COLUMNS + 1e-6) // frame.total[0])))


def pages(table: pd.DataFrame, by: Sequence[str], frame: Frame) -> Iterator[pd.DataFrame]:
    """`table` in parts whose panels fit on one page each."""
    each = parts(table, by)
    most = across(frame, len(each)) * max(1, int(style.PAGE_HEIGHT // frame.total[1]))
    for i in range(0, len(each), most):
        yield pd.concat(each[i : i + most], ignore_index=True)


def heading(ax, table: pd.DataFrame, note: str, *, extra: float = 0.0) -> None:
    """Write target and condition in bold above `ax`, and the lines of `note` below; may be `extra` inches wider."""
    room = (ax.get_position().width * ax.figure.get_size_inches()[0] + extra) * 72
    lines = note.split("\n")
    quiet = {"fontsize": style.SMALL, "color": style.QUIET}
    texts = [(words.fit(line, room, style.SMALL), quiet) for line in reversed(lines)]
    texts.append((titles.title(table, room), {"fontsize": style.TITLE, "fontweight": "bold"}))
    for i, (text, look) in enumerate(texts):
        at = 4 + 9 * i
        ax.annotate(text, (0, 1), xycoords="axes fraction", xytext=(0, at), textcoords="offset points", **look)


def clear_left(ax, left: float) -> None:
    """Move the left edge of `ax` if its numbers and name need more than the `left` inches of its frame.

    The limits of `ax` must be final. Axes in a grid of the caller's are not moved.
    """
    if ax.get_subplotspec() is None:
        short, box, wide = left_of(ax) - 72 * left, ax.get_position(), ax.figure.get_size_inches()[0] * 72
        if short > 0:
            ax.set_position((box.x0 + short / wide, box.y0, box.width - short / wide, box.height))


def left_of(ax) -> float:
    """Points that the numbers and the name of the vertical axis take."""
    ticks = ax.yaxis.get_major_locator().tick_values(*ax.get_ylim())
    texts = ax.yaxis.get_major_formatter().format_ticks(ticks)
    numbers = max((words.width_in_points(text, style.SMALL) for text in texts), default=0.0)
    return numbers + _NAME


def count_of(table: pd.DataFrame, column: str = "n") -> str:
    """`n = 600`, or `n = 40–600` if the rows differ; `n unknown` if no row has it."""
    known = sorted({int(v) for v in pd.to_numeric(table[column], errors="coerce").dropna()})
    if not known:
        return "n unknown"
    return f"n = {known[0]}" if len(known) == 1 else f"n = {known[0]}–{known[-1]}"
