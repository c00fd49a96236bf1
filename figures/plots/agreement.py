"""Where probe and report agree: shares of items on which both are right, only one of them, or neither, by source.

In: rows of `agreement_rows` (`draw` takes one target and condition, `page` any number). Out: axes, or a figure, with
the counts beside each bar. If there are many sources, only the largest are drawn, and the heading says of how many. A
gap consists of the items that the probe has right and the report wrong. The report here is the primary one, as said,
which exists for every item; a gap is measured against the best report, whose elicitation is chosen fold by fold.
"""

import pandas as pd
from matplotlib.patches import Patch

from tacit.figures.drawing import panels, style, words
from tacit.figures.inputs.verdict_rows import AGREEMENT, require

COLUMNS = ("target", "condition", "source", *AGREEMENT, "n", "sources")
ALL = "all items"
_MOST = 12  # sources that are drawn: the largest ones
_LOOK = {
    "both": ("both", "#B9C9D9", None),
    "probe_only": ("know only", style.KNOW.color, None),
    "report_only": ("say only", "#E9A06B", "...."),
    "neither": ("neither", "white", "////"),
}
_HEADS = {name: look[0].replace(" ", "\n") for name, look in _LOOK.items()} | {"n": "n"}
_SAID = "say: first wording as said, not the best report"
_FRAME = panels.Frame(width=2.3, height=0.5, left=0.95, right=0.2, top=0.78, bottom=0.62)
_GAP = 6.0  # points between columns of numbers
_ROW = 0.17


def agreement_rows(items: pd.DataFrame) -> pd.DataFrame:
    """Items counted by target, condition and source; the first row of each is over all its sources."""
    require(items, ("target", "condition", "probe_right", "report_right"), what="items")
    rows = []
    for (target, condition), part in items.groupby(["target", "condition"], sort=False):
        named = part[part["source"].fillna("").astype(str) != ""] if "source" in part else part.iloc[:0]
        sources = named["source"].astype(str).value_counts() if len(named) else pd.Series(dtype=int)
        place = {"target": target, "condition": condition, "sources": len(sources)}
        rows.append(_counted(part) | place | {"source": ALL})
        if len(sources) > 1:
            for name in sources.index[:_MOST]:
                mine = named[named["source"].astype(str) == name]
                rows.append(_counted(mine) | place | {"source": name})
    return pd.DataFrame(rows, columns=list(COLUMNS))


def _counted(part: pd.DataFrame) -> dict[str, int]:
    probe, report = part["probe_right"].astype(bool), part["report_right"].astype(bool)
    cells = {"both": probe & report, "probe_only": probe & ~report, "report_only": ~probe & report,
             "neither": ~probe & ~report}  # fmt: skip
    return {name: int(cell.sum()) for name, cell in cells.items()} | {"n": len(part)}


def draw(table: pd.DataFrame, *, ax=None):
    """Draw one target and condition on `ax` (one column by default) and return the axes."""
    require(table, COLUMNS, what="agreement")
    with style.paper():
        return _draw(table, ax) if ax is not None else panels.one(_draw, table, frame(table))


def page(table: pd.DataFrame):
    """A panel per target and condition, two across."""
    return panels.panels(_draw, table, ("target", "condition"), frame(table))


def frame(table: pd.DataFrame) -> panels.Frame:
    """Size of a panel: higher for more sources, with shorter bars for longer numbers beside them."""
    most = max((len(part) for part in panels.parts(table, ("target", "condition"))), default=1)
    right = sum(_widths(table)) / 72 + 0.1
    return panels.Frame(_FRAME.total[0] - _FRAME.left - right, _ROW * (most + 0.4), _FRAME.left, right, _FRAME.top,
                        _FRAME.bottom)  # fmt: skip


def _widths(table: pd.DataFrame) -> list[float]:
    """Width in points of each column of numbers."""
    return [
        _GAP + max(words.width_in_points(text, style.SMALL) for text in (*head.split("\n"), *_printed(table[name])))
        for name, head in _HEADS.items()
    ]


def _printed(column: pd.Series) -> list[str]:
    return [f"{value:.0f}" for value in column]


def _draw(table: pd.DataFrame, ax):
    inches = ax.get_position().height * ax.figure.get_size_inches()[1]
    for y, (_, row) in enumerate(table.iterrows()):
        left = 0.0
        for name, (_, color, hatch) in _LOOK.items():
            share = row[name] / row["n"] if row["n"] else 0.0
            look = {"color": color, "edgecolor": style.QUIET, "linewidth": 0.4, "hatch": hatch}
            ax.barh(y, share, left=left, height=0.72, label=f"_{name}", **look)
            left += share
    top = max(0.6, inches / _ROW - len(table) + 0.3) if len(table) else 1
    ax.set_ylim(len(table) - 1 + top, -0.6)
    ax.set_xlim(0, 1)
    ax.set_yticks(range(len(table)), words.fit_all(list(table["source"]), 62, style.SMALL))
    ax.set_xticks([0, 0.5, 1], ["0", "0.5", "1"])
    ax.tick_params(axis="y", length=0)
    ax.set_xlabel("share of items, by which is right")
    _numbers(ax, table)
    _key(ax, inches)
    of = int(table["sources"].iloc[0])
    cut = f"; the {_MOST} largest of {of} sources" if of > _MOST else ""
    panels.heading(ax, table, f"n = {int(table['n'].iloc[0])}{cut}\n{_SAID}\n\n", extra=sum(_widths(table)) / 72)
    return ax


def _numbers(ax, table: pd.DataFrame) -> None:
    """Write the four counts and their sum beside each bar, with column names above."""
    at, look = 0.0, {"textcoords": "offset points", "ha": "right", "fontsize": style.SMALL, "annotation_clip": False}
    for (name, head), width in zip(_HEADS.items(), _widths(table), strict=True):
        at += width
        ax.annotate(head, (1, 1), xycoords="axes fraction", xytext=(at, 4), color=style.QUIET, **look)
        for y, text in enumerate(_printed(table[name])):
            ax.annotate(text, (1, y), xycoords=("axes fraction", "data"), xytext=(at, 0), va="center", **look)


def _key(ax, inches: float) -> None:
    marks = [Patch(facecolor=c, edgecolor=style.QUIET, linewidth=0.4, hatch=h, label=n) for n, c, h in _LOOK.values()]
    ax.legend(
        handles=marks, loc="upper left", bbox_to_anchor=(-0.3, -0.36 / inches), ncols=4, borderaxespad=0,
        handlelength=1.4, columnspacing=0.9, handletextpad=0.4,
    )  # fmt: skip
