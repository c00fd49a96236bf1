"""Transfer: the probe's score for every pair of training and test regime.

In: rows of `transfer.csv` (`draw` takes one target, condition and kind of regime, `page` any number), with the probe's
site and layer if `transfer_rows` has added them. Out: axes, or a figure: rows are training regimes and columns test
regimes, so the diagonal is held-out data of the training regime.
"""

import math
from collections.abc import Iterable, Mapping

import pandas as pd

from tacit.figures.drawing import heatmap, panels, style, words
from tacit.figures.inputs.verdict_rows import require

COLUMNS = ("target", "condition", "by", "train", "test", "metric", "value", "lower", "upper", "n_train", "n_test")
BY = ("target", "condition", "by", "metric")
_FLOORS = {"auroc": 0.5, "macro_auroc": 0.5}
"""Lower limit of the shades, if not 0; it is never the lowest cell, so that similar scores look similar."""


def transfer_rows(table: pd.DataFrame, entries: Iterable[Mapping]) -> pd.DataFrame:
    """`table` with `site` and `layer` of its probes, which are fixed for the run, if `probes.json` has them.

    For transfer between conditions they are those of the target's first condition.
    """
    read: dict[tuple, tuple] = {}
    for entry in entries:
        if entry.get("fixed_layer") is not None:
            here = (entry.get("fixed_site") or "", float(entry["fixed_layer"]))
            read[entry.get("target"), entry.get("condition")] = here
            read.setdefault((entry.get("target"), ""), here)
    places = zip(table["target"], table["condition"].fillna(""), strict=True)
    found = [read.get(place, ("", math.nan)) for place in places]
    sites = ["" if by == "site" else site for by, (site, _) in zip(table["by"], found, strict=True)]
    return table.assign(site=sites, layer=[layer for _, layer in found])


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
    wide = 1.6 if most <= heatmap.FEW else 4.9
    bottom = 0.85 if heatmap.turned([words.one_line(name) for name in table["test"]]) else 0.44
    height = min(6.5, 0.26 * max(2, most))
    return panels.Frame(width=wide, height=height, left=1.12, right=0.62, top=0.52, bottom=bottom)


def _draw(table: pd.DataFrame, ax):
    wide = table.drop_duplicates(["train", "test"]).pivot(index="train", columns="test", values="value")
    rows, columns = list(dict.fromkeys(table["train"])), list(dict.fromkeys(table["test"]))
    values = wide.reindex(index=rows, columns=columns).to_numpy(dtype=float)
    metric = str(table["metric"].iloc[0])
    floor = _FLOORS.get(metric, 0.0)
    names = [[words.one_line(n) for n in each] for each in (rows, columns)]
    shades = heatmap.grid(ax, values, rows=names[0], columns=names[1], limits=(floor, 1.0), room=56)
    heatmap.scale(ax, shades, words.metric(metric), below=bool((values < floor).any()))
    ax.set_xlabel(f"tested on ({words.plain(table['by'].iloc[0])})")
    ax.set_ylabel("trained on")
    note = f"trained on {panels.count_of(table, 'n_train')[4:]} items, tested on {panels.count_of(table, 'n_test')[4:]}"
    note += ", by fold"
    panels.heading(ax, table, f"{note}{heatmap.undefined(values)}{_probe(table)}", extra=0.5)
    return ax


def _probe(table: pd.DataFrame) -> str:
    """A line with the probe's layer and site; empty if they are unknown."""
    if "layer" not in table or not math.isfinite(table["layer"].iloc[0]):
        return ""
    site = table["site"].iloc[0]
    return f"\nprobe at layer {table['layer'].iloc[0]:.0f}{f', {words.one_line(site)} site' if site else ''}"
