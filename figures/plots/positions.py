"""The probe's score at each token position and layer.

In: rows of `positions.csv` (`draw` takes one target, condition and prompt, `page` any number). Out: axes, or a figure:
layers upwards, positions from left to right. After Orgad et al. 2024, arXiv 2410.02707.
"""

import numpy as np
import pandas as pd

from tacit.figures.drawing import heatmap, panels, style, words
from tacit.figures.inputs.verdict_rows import require

COLUMNS = ("target", "condition", "prompt", "position", "layer", "metric", "value")
BY = ("target", "condition", "prompt", "metric")
FRAME = panels.Frame(width=2.2, height=1.9, left=0.5, right=0.7, bottom=0.5)


def draw(table: pd.DataFrame, *, ax=None):
    """Draw one map on `ax` (one column by default) and return the axes."""
    require(table, COLUMNS, what="positions")
    with style.paper():
        return _draw(table, ax) if ax is not None else panels.one(_draw, table, FRAME)


def page(table: pd.DataFrame):
    """A map per target, condition and prompt, two across."""
    return panels.panels(_draw, table, BY, FRAME)


def _draw(table: pd.DataFrame, ax):
    places = sorted({int(v) for v in table["position"]})
    layers = sorted({int(v) for v in table["layer"]}, reverse=True)
    wide = table.drop_duplicates(["position", "layer"]).pivot(index="layer", columns="position", values="value")
    values = wide.reindex(index=layers, columns=places).to_numpy(dtype=float)
    metric = str(table["metric"].iloc[0])
    known = values[np.isfinite(values)]
    low, high = 0.5 if "auroc" in metric else 0.0, max(1.0, float(known.max()) if len(known) else 1.0)
    named = {"rows": [str(v) for v in layers], "columns": [str(v) for v in places]}
    shades = heatmap.grid(ax, values, limits=(low, high), room=40, **named)
    heatmap.scale(ax, shades, words.metric(metric), below=bool((known < low).any()))
    ax.set_xlabel("token position (−1 is the last)" if max(places) < 0 else "token position")
    ax.set_ylabel("layer (0 = embeddings)")
    n = f"; {panels.count_of(table)}" if "n" in table else ""
    note = f"{words.plain(table['prompt'].iloc[0])} prompt{n}{heatmap.undefined(values)}"
    panels.heading(ax, table, note, extra=0.5)
    return ax
