"""Sparse probing by layer: the best single unit, the best few units, and the best principal component.

In: rows of `sparse.csv` (`draw` takes one target, condition and site, `page` any number). Out: axes, or a figure: the
held-out scores by layer, with the maximum of each line ringed and named with its layer; and how well the best unit
predicts the text's surface (characters, words, position) instead of the target. If that line is equally high, the unit
represents the surface. Gurnee et al. 2023, arXiv 2305.01610.
"""

import numpy as np
import pandas as pd
from matplotlib.ticker import MaxNLocator

from tacit.figures.drawing import margin_labels, panels, rounding, style, words
from tacit.figures.inputs.verdict_rows import require

COLUMNS = ("target", "condition", "site", "layer", "feature", "k", "metric", "value", "characters", "words", "position")
BY = ("target", "condition", "site")
SIMPLER = ("characters", "words", "position")
FRAME = panels.Frame(width=1.25, height=1.5, left=0.5, right=1.65, top=0.64)
NAMES = {"unit": "best unit", "component": "best PC", "sae": "SAE feature"}
_INKS = {
    "few": style.Ink(style.KNOW.color, (0, (5, 1.5)), "^", 0.9, hollow=True),
    "unit": style.KNOW,
    "sae": style.KNOW_AT_REPORT,
    "component": style.grey_ink(0),
    "simpler": style.grey_ink(12),
}

_RING = {"marker": "o", "markersize": 6.5, "markerfacecolor": "none", "markeredgewidth": 0.8, "linestyle": "None"}


def draw(table: pd.DataFrame, *, ax=None):
    """Draw one target, condition and site on `ax` (one column by default) and return the axes."""
    require(table, COLUMNS, what="sparse")
    with style.paper():
        return _draw(table, ax) if ax is not None else panels.one(_draw, table, FRAME)


def page(table: pd.DataFrame):
    """A panel per target, condition and site, two across."""
    return panels.panels(_draw, table, BY, FRAME)


def _draw(table: pd.DataFrame, ax):
    classes = table["metric"].iloc[0] != "r2"
    entries, low = _chance(ax) if classes else [], 0.5 if classes else 0.0
    for name, ink, line in _lines(table):
        low = float(np.nanmin([low, *line.astype(float)]))
        ax.plot(line.index, line.to_numpy(dtype=float), label=name, **style.along(ink, len(line)))
        known = line.dropna().astype(float)
        if len(known):
            highest, layer = float(known.max()), float(known.idxmax())
            ax.plot([layer], [highest], label="_highest", color=ink.color, zorder=4, **_RING)
            shown = f"{name} max {rounding.number(highest)} at {layer:.0f}"
            entries.append(margin_labels.Entry(float(known.iloc[-1]), shown, ink, bold=ink is style.KNOW))
    ax.xaxis.set_major_locator(MaxNLocator(5, integer=True))
    ax.set_xlabel("layer (0 = embeddings)")
    ax.set_ylabel(words.metric(table["metric"].iloc[0]))
    ax.set_ylim(max(low, -0.2) - 0.03, 1.03)  # the held-out R² of a unit has no lower limit
    panels.clear_left(ax, FRAME.left)
    margin_labels.label(ax, entries)
    panels.heading(ax, table, "\n".join(_notes(table)), extra=FRAME.right - panels.EDGE)
    return ax


def _notes(table: pd.DataFrame) -> list[str]:
    """The lines of the heading: the site, what the rings mean, and what the surface line is."""
    n = f"; {panels.count_of(table)}" if "n" in table else ""
    surface = np.isfinite(table[list(SIMPLER)].astype(float).to_numpy()).any()
    told = ["its surface: same unit predicting characters, words, position"] if surface else []
    place = f"{words.one_line(table['site'].iloc[0])} prompt{n}; held-out scores"
    return [place, "ring: the highest (max), named beside with its layer", *told]


def _chance(ax) -> list[margin_labels.Entry]:
    ax.axhline(0.5, label="chance", **style.CHANCE.line())
    return [margin_labels.Entry(0.5, "chance 0.50", style.CHANCE)]


def _lines(table: pd.DataFrame):
    """(name, ink, value by layer) of each line, those with most units first."""
    few = table[table["feature"] == "top-k"]
    if len(few):
        most = int(few["k"].max())
        yield f"{most} units", _INKS["few"], _by_layer(few[few["k"] == most], "value")
    for feature, name in NAMES.items():
        rows = table[table["feature"] == feature]
        rows = rows[rows["k"] == rows["k"].min()]
        if len(rows):
            yield name, _INKS[feature], _by_layer(rows, "value")
    unit = table[(table["feature"] == "unit") & (table["k"] == 1)]
    simpler = unit.assign(simpler=unit[list(SIMPLER)].astype(float).max(axis=1))
    if np.isfinite(simpler["simpler"]).any():
        yield "its surface", _INKS["simpler"], _by_layer(simpler, "simpler")


def _by_layer(rows: pd.DataFrame, column: str) -> pd.Series:
    return rows.set_index("layer")[column].sort_index()
