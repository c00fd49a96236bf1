"""What was learnt here, read there: the probe's score for every pair of training and test regime.

In: rows of `transfer.csv` (`draw` takes one target, condition and kind of regime, `page` any number). Out: axes, or a
figure: rows are where the probe was trained, columns where it was tested, so that the diagonal is at home.
"""

import pandas as pd

from figures import heat, panels, style, words
from figures.verdict_rows import require

COLUMNS = ("target", "condition", "by", "train", "test", "metric", "value", "lower", "upper", "n_train", "n_test")
BY = ("target", "condition", "by", "metric")
_FLOORS = {"auroc": 0.5, "macro_auroc": 0.5}
"""Where the shades begin, if not at 0; never at the lowest cell, which would make equal scores look different."""


def draw(table: pd.DataFrame, *, ax=None):
    """Draw one matrix on `ax` (one column wide by default) and return the axes."""
    require(table, COLUMNS, what="transfer")
    with style.paper():
        return _draw(table, ax) if ax is not None else panels.one(_draw, table, frame(table))


def page(table: pd.DataFrame):
    """A matrix per target, condition and kind of regime, two across."""
    return panels.panels(_draw, table, BY, frame(table))


def frame(table: pd.DataFrame) -> panels.Frame:
    """Inches of a matrix: higher the more regimes there are."""
    most = max((part["train"].nunique() for part in panels.parts(table, BY)), default=2)
    wide = 1.6 if most <= heat.FEW else 4.9
    return panels.Frame(width=wide, height=min(6.5, max(0.6, 0.26 * most)), left=1.12, right=0.62, bottom=0.85)


def _draw(table: pd.DataFrame, ax):
    wide = table.drop_duplicates(["train", "test"]).pivot(index="train", columns="test", values="value")
    rows, columns = list(dict.fromkeys(table["train"])), list(dict.fromkeys(table["test"]))
    values = wide.reindex(index=rows, columns=columns).to_numpy(dtype=float)
    metric = str(table["metric"].iloc[0])
    floor = _FLOORS.get(metric, 0.0)
    names = [[words.one_line(n) for n in each] for each in (rows, columns)]
    shades = heat.grid(ax, values, rows=names[0], columns=names[1], limits=(floor, 1.0), room=56)
    heat.scale(ax, shades, words.metric(metric), below=bool((values < floor).any()))
    ax.set_xlabel(f"tested on ({words.plain(table['by'].iloc[0])})")
    ax.set_ylabel("trained on")
    note = f"trained on {panels.count_of(table, 'n_train')[4:]} items, tested on {panels.count_of(table, 'n_test')[4:]}"
    note += ", by fold"
    panels.heading(ax, table, note + heat.undefined(values), extra=0.5)
    return ax
