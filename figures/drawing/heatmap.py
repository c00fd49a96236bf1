"""A grid of shaded cells: one number per row and column, darker for larger values, also when printed in grey.

In: a matrix with the names of its rows and columns. Out: the axes, with each value in its cell where there is room.
Undefined values are hatched cells, without a shade.
"""

import numpy as np
from matplotlib.colors import LinearSegmentedColormap, Normalize
from matplotlib.patches import Rectangle
from matplotlib.ticker import MaxNLocator

from tacit.figures.drawing import rounding, style, words

SHADES = LinearSegmentedColormap.from_list("shades", ["#F7FAFD", "#9CC3E4", style.KNOW.color])
_HATCH = "#9A9A9A"
_CELL = 18  # minimum width in points of a cell that shows its value
FEW = 6
"""Most columns of a grid whose values fit one column of a paper."""
_LEVEL = 30  # longest name of a column in points that is written horizontally
_MOST_NAMES = 14  # most numbered rows or columns that are all labelled


def grid(ax, values: np.ndarray, *, rows: list[str], columns: list[str], limits: tuple[float, float], room: float):
    """Draw `values`, (n_rows, n_columns) float, NaN where undefined; names are cut to `room` points.

    limits: the values at which the shades begin and end. Rows are drawn from the top.
    """
    shades = Normalize(*limits, clip=True)
    shown = np.ma.masked_invalid(values)
    ax.pcolormesh(
        shown, cmap=SHADES, norm=shades, edgecolors="white", linewidth=_ruled(ax, values), rasterized=values.size > 2000
    )
    ax.set_ylim(len(rows), 0)
    for at in np.argwhere(~np.isfinite(values)):
        _hatched(ax, *at)
    wide = ax.get_position().width * ax.figure.get_size_inches()[0] * 72
    if wide / max(1, len(columns)) >= _CELL:
        _write(ax, values, shades)
    _names(ax.yaxis, rows, room)
    _names(ax.xaxis, columns, room)
    ax.tick_params(length=0)
    for side in ("left", "bottom"):
        ax.spines[side].set_visible(False)
    return shades


def _ruled(ax, values: np.ndarray) -> float:
    """The width of the lines between cells: none where cells are so small that lines would hide them."""
    box, (wide, high) = ax.get_position(), ax.figure.get_size_inches() * 72
    smallest = min(box.height * high / max(1, values.shape[0]), box.width * wide / max(1, values.shape[1]))
    return 0.6 if smallest > 6 else 0.0


def _hatched(ax, row: int, column: int) -> None:
    look = {"facecolor": "white", "edgecolor": _HATCH, "linewidth": 0, "hatch": "//////"}
    ax.add_patch(Rectangle((column, row), 1, 1, label="undefined", **look))


def undefined(values: np.ndarray) -> str:
    """The heading's note on hatched cells; empty without any."""
    return "" if np.isfinite(values).all() else "; hatched: undefined"


def _write(ax, values: np.ndarray, shades: Normalize) -> None:
    for (row, column), value in np.ndenumerate(values):
        if np.isfinite(value):
            color = "white" if shades(value) > 0.7 else style.TEXT
            look = {"ha": "center", "va": "center", "fontsize": style.SMALL, "color": color}
            ax.text(column + 0.5, row + 0.5, rounding.number(float(value)), **look)


def _names(axis, names: list[str], room: float) -> None:
    """Label every row or column, or only the round numbers where there are many."""
    numbered = all(map(_whole, names))
    shown = _round_ones(names) if numbered and len(names) > _MOST_NAMES else list(range(len(names)))
    texts = [name.replace("-", rounding.MINUS) for name in names] if numbered else names
    labels = words.fit_all([texts[i] for i in shown], room, style.SMALL)
    aslant = axis.axis_name == "x" and turned(labels)
    look = {"rotation": 35, "ha": "right", "rotation_mode": "anchor"} if aslant else {}
    axis.set_ticks([i + 0.5 for i in shown], labels, **look)


def turned(names: list[str]) -> bool:
    """Whether names of columns are so long that they are written at a slant, which takes room below."""
    return any(words.width_in_points(words.drawable(name), style.SMALL) > _LEVEL for name in names)


def _round_ones(names: list[str]) -> list[int]:
    """Positions of the round numbers."""
    values = [int(name) for name in names]
    wanted = set(MaxNLocator(nbins=8, integer=True).tick_values(min(values), max(values)).astype(int))
    return [i for i, value in enumerate(values) if value in wanted]


def _whole(name: str) -> bool:
    """Whether a name is a whole number: a layer or a position."""
    return name.removeprefix("-").isdecimal()


def scale(ax, shades: Normalize, label: str, *, below: bool = False) -> None:
    """The colour bar, right of `ax`; `below`: whether some values are below its lower limit."""
    from matplotlib.cm import ScalarMappable

    wide = ax.get_position().width * ax.figure.get_size_inches()[0]
    inside = ax.inset_axes([1 + 0.05 / wide, 0, 0.06 / wide, 1])
    bar = ax.figure.colorbar(ScalarMappable(shades, SHADES), cax=inside, extend="min" if below else "neither")
    bar.outline.set(edgecolor=style.QUIET, linewidth=0.4)
    bar.ax.tick_params(labelsize=style.SMALL, length=2, width=0.5)
    bar.set_label(label, fontsize=style.SMALL)
