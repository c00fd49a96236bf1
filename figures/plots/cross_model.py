"""Probes and reports of each model, scored on the labels of every model.

In: rows of `matrix.csv` (`draw` takes one target, condition and kind, `page` any number). Out: axes, or a figure: each
row is the model whose states or replies predict, each column the model whose labels are predicted. A diagonal cell
above the rest of its column is self-knowledge that the other models do not have.
"""

import numpy as np
import pandas as pd

from tacit.figures.drawing import heatmap, panels, style, words
from tacit.figures.inputs.verdict_rows import require

COLUMNS = ("predictor", "target_run", "target", "condition", "kind", "metric", "value", "lower", "upper", "n")
BY = ("target", "condition", "kind", "metric", "subset")
_KINDS = {
    "probe": "probe on its states",
    "own probe": "probe on its states, trained on its own labels",
    "report": "its report",
}  # fmt: skip


def draw(table: pd.DataFrame, *, ax=None):
    """Draw one matrix on `ax` (one column wide by default) and return the axes."""
    table = predictor_rows(table)
    with style.paper():
        return _draw(table, ax) if ax is not None else panels.one(_draw, table, frame(table))


def page(table: pd.DataFrame):
    """A matrix per target, condition, kind and subset, two across."""
    return panels.panels(_draw, table, BY, frame(table))


def predictor_rows(table: pd.DataFrame) -> pd.DataFrame:
    """The rows of `matrix.csv`, with `subset` set to `all` where it is missing."""
    require(table, COLUMNS, what="predictors")
    return table.assign(subset=table["subset"].fillna("all") if "subset" in table else "all")


def frame(table: pd.DataFrame) -> panels.Frame:
    """Size of a matrix: higher for more models."""
    most = max((part["predictor"].nunique() for part in panels.parts(table, BY)), default=2)
    wide = 1.6 if most <= heatmap.FEW else 4.9
    return panels.Frame(
        width=wide, height=min(6.5, max(0.7, 0.26 * most)), left=1.12, right=0.62, top=0.55, bottom=0.85
    )


def _draw(table: pd.DataFrame, ax):
    columns = list(dict.fromkeys(table["target_run"]))
    rows = [*(name for name in columns if name in set(table["predictor"])),
            *(name for name in dict.fromkeys(table["predictor"]) if name not in columns)]  # fmt: skip
    wide = table.drop_duplicates(["predictor", "target_run"]).pivot(
        index="predictor", columns="target_run", values="value"
    )
    values = wide.reindex(index=rows, columns=columns).to_numpy(dtype=float)
    values = _with_self(table, values, rows, columns)
    metric = str(table["metric"].iloc[0])
    floor = 0.5 if "auroc" in metric else 0.0
    names = [[words.one_line(n) for n in each] for each in (rows, columns)]
    shades = heatmap.grid(ax, values, rows=names[0], columns=names[1], limits=(floor, 1.0), room=56)
    for i, name in enumerate(rows):
        if name in columns:
            at = columns.index(name)
            ax.plot([at, at + 1, at + 1, at, at], [i, i, i + 1, i + 1, i], color="black", linewidth=0.8, label="self")
    heatmap.scale(ax, shades, words.metric(metric), below=bool((values < floor).any()))
    ax.set_xlabel("whose labels")
    ax.set_ylabel("predictor")
    kind = _KINDS.get(table["kind"].iloc[0], words.one_line(table["kind"].iloc[0]))
    items = f"{_subset(table)}{panels.count_of(table)}{heatmap.undefined(values)}"
    panels.heading(ax, table, f"{kind}\n{items}", extra=0.5)
    return ax


def _with_self(table: pd.DataFrame, values: np.ndarray, rows: list[str], columns: list[str]) -> np.ndarray:
    """The values with the diagonal of a subset of the items: what a model scores on the items of its one predictor.

    With several predictors each has items of its own, and the cell stays empty.
    """
    out = values.copy()
    if "behind" not in table:
        return out
    for j, name in enumerate(columns):
        others = table[(table["target_run"] == name) & (table["predictor"] != name)]
        if name in rows and np.isnan(out[rows.index(name), j]) and len(others) == 1:
            out[rows.index(name), j] = float((others["value"] + others["behind"]).iloc[0])
    return out


def _subset(table: pd.DataFrame) -> str:
    """`where truths differ; `, nothing for all items."""
    name = words.one_line(table["subset"].iloc[0]) if "subset" in table else "all"
    return "" if name == "all" else f"where {name}; "
