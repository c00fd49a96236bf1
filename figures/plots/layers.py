"""What the model knows at each layer, and what it says: the probe's score by layer as a line with its interval; the
report, the baselines and chance as horizontal lines; the nested choice as a star.

In: rows of `layer_rows` (one target; `draw` takes one condition, `panels` any number). Out: axes, or a whole figure.
Every line is labelled in the right margin, so that no legend covers the data. An undefined score leaves a gap in its
line, and the heading says how many there are.
"""

import math
from dataclasses import replace

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from tacit.figures.drawing import margin_labels, rounding, style, titles, words
from tacit.figures.drawing.margin_labels import Entry
from tacit.figures.drawing.panels import clear_left, heading
from tacit.figures.drawing.style import Ink
from tacit.figures.inputs.layer_rows import COLUMNS
from tacit.figures.inputs.verdict_rows import require
from tacit.names import BEST, NESTED

_LEFT, _RIGHT, _TOP, _BOTTOM = 0.46, 1.6, 0.52, 0.4  # inches around the axes
_MARKS = "bands: 95 % intervals; star: layer chosen on inner folds"
_SAME = 5e-4  # scores this close are printed alike
_BENEATH = 0.3  # share of the height above chance by which a horizontal line may extend the axis below chance


def draw(table: pd.DataFrame, *, ax=None):
    """Draw one target and condition on `ax` (a one-column figure of its own by default) and return the axes.

    An `ax` of your own needs about 1.6 inches free at its right, where the labels go.
    """
    require(table, COLUMNS, what="layers")
    if len(table[["target", "condition"]].drop_duplicates()) != 1:
        raise ValueError("layers.draw takes the rows of one target and condition; use layers.panels for several.")
    with style.paper():
        if ax is None:
            fig = plt.figure(figsize=(style.ONE_COLUMN, _height(table)))
            ax = style.place(fig, _box(0, 0, _height(table)))
        _limits(ax, table, _height_limits(table))
        _panel(ax, table)
    return ax


def panels(table: pd.DataFrame) -> Figure:
    """One panel per condition, all of one height: one column wide for one condition, else two panels a row."""
    require(table, COLUMNS, what="layers")
    if not len(table):
        raise ValueError("layers.panels: the table has no rows. Run the probes first.")
    table = titles.titled(table, (style.ONE_COLUMN - _LEFT - 0.1) * 72)
    parts = [part for _, part in table.groupby("condition", sort=False)]
    columns = min(2, len(parts))
    rows, height = -(-len(parts) // columns), panel_height(table)
    fig = style.new_figure(style.ONE_COLUMN if columns == 1 else style.TWO_COLUMNS, rows * height)
    with style.paper():
        boxes = [_box(i % columns, rows - 1 - i // columns, height, wide=columns > 1) for i in range(len(parts))]
        axes = [style.place(fig, box) for box in boxes]
        for ax, part in zip(axes, parts, strict=True):
            _limits(ax, part, _height_limits(table))  # all axes are placed before labels are measured
        for ax, part in zip(axes, parts, strict=True):
            _panel(ax, part)
    return fig


def _panel(ax, table: pd.DataFrame) -> None:
    entries = _chance(ax, table) + _levels(ax, table, "baseline") + _levels(ax, table, "report")
    entries += _curves(ax, table) + _nested(ax, table)
    heading(ax, table, f"{_sizes(table)}\n{_MARKS}", extra=_RIGHT - 0.1)
    margin_labels.label(ax, _merged(entries))
    if not np.isfinite(_scores(table)["value"]).any():
        ax.text(0.5, 0.7, "no score is defined here", transform=ax.transAxes, ha="center", color=style.QUIET)


def panel_height(table: pd.DataFrame) -> float:
    """Height in inches of one panel of this target, for filling pages."""
    return max((_height(part) for _, part in table.groupby("condition")), default=2.4)


def _height(part: pd.DataFrame) -> float:
    """Height in inches of one panel: enough for all its labels, one above the other."""
    labels = len(part.drop_duplicates(["kind", "method", "site"])) + 1
    return max(2.3, labels * margin_labels.LINE / 72 + _TOP + _BOTTOM)


def _box(column: int, row_from_below: int, height: float, *, wide: bool = False) -> tuple[float, float, float, float]:
    width = style.TWO_COLUMNS / 2 if wide else style.ONE_COLUMN
    return (
        column * width + _LEFT, row_from_below * height + _BOTTOM, width - _LEFT - _RIGHT, height - _TOP - _BOTTOM
    )  # fmt: skip


def _chance(ax, table: pd.DataFrame) -> list[Entry]:
    rows = table[table["kind"] == "chance"]
    for value in rows["value"]:
        ax.axhline(value, label="chance", **style.CHANCE.line())
    return [Entry(value, f"chance {rounding.number(value)}", style.CHANCE) for value in rows["value"]]


def _levels(ax, table: pd.DataFrame, kind: str) -> list[Entry]:
    """Draw reports or baselines: horizontal lines, or a thin line over layers for one that was scored at each."""
    rows, entries = table[table["kind"] == kind], []
    places = rows.drop_duplicates(["method", "site"])["method"].value_counts()
    names = [name for name in dict.fromkeys(rows["method"]) if name != BEST]
    reports = {name: style.report_ink(i) for i, name in enumerate(names)}
    inks = reports if kind == "report" else style.baseline_inks(names)
    for (method, site), part in rows.groupby(["method", "site"], sort=False):
        best = kind == "report" and method == BEST
        ink = style.SAY if best else inks[method]
        at_layers = part[part["layer"] >= 0].sort_values("layer")
        last = (at_layers if len(at_layers) > 1 else part).iloc[-1]
        if len(at_layers) > 1:
            ax.plot(at_layers["layer"], at_layers["value"], label=_name(kind, method, site), **ink.line())
        elif math.isfinite(last["value"]):
            ax.axhline(last["value"], label=_name(kind, method, site), **(ink.line() | {"marker": "None"}))
            if best and math.isfinite(last["lower"]) and math.isfinite(last["upper"]):
                ax.axhspan(last["lower"], last["upper"], color=ink.color, alpha=0.16, linewidth=0)
        text = "say, best" if best else words.method(method) + (f", {site}" if places[method] > 1 and site else "")
        entries.append(Entry(last["value"], _with_value(text, last), ink, bold=best))
    return entries


def _name(kind: str, method: str, site: str) -> str:
    """The line's name inside matplotlib: which rows of the table it was drawn from."""
    return f"{kind}|{method}|{site}"


def _with_value(text: str, row: pd.Series) -> str:
    if not math.isfinite(row["value"]):
        return f"{text} undef."
    return f"{text} {rounding.alone(row['value'], row['lower'], row['upper'])}"


def _scores(table: pd.DataFrame) -> pd.DataFrame:
    """All rows but chance, which is known even if no score is."""
    return table[table["kind"] != "chance"]


def _curve_rows(table: pd.DataFrame) -> pd.DataFrame:
    return table[(table["kind"] == "probe") & (table["method"] != NESTED) & (table["layer"] >= 0)]


def _curves(ax, table: pd.DataFrame) -> list[Entry]:
    """The probes: for each site and method a line over layers, with its interval as a band."""
    rows = _curve_rows(table)
    methods, entries = list(dict.fromkeys(rows["method"])), []
    for (site, method), part in rows.groupby(["site", "method"], sort=False):
        part = part.sort_values("layer")
        ink = style.probe_ink(site, methods.index(method))
        ax.fill_between(part["layer"], part["lower"], part["upper"], color=ink.color, alpha=0.14, linewidth=0)
        _error_bars_between_gaps(ax, part, ink)
        ax.plot(part["layer"], part["value"], label=_name("probe", method, site), **style.along(ink, len(part)))
        defined = part[np.isfinite(part["value"])]
        last = defined.iloc[-1] if len(defined) else part.iloc[-1]
        several = len(methods) > 1
        place = (site if several else f"{site} site") if site else ""
        text = ", ".join(part for part in ("know", place, method if several else "") if part)
        entries.append(Entry(last["value"], text if len(defined) else f"{text} undef.", ink))
    return entries


def _error_bars_between_gaps(ax, part: pd.DataFrame, ink: Ink) -> None:
    """Draw an error bar for each layer whose neighbours are undefined, where a band would have no width."""
    known = np.isfinite(part["value"].astype(float)).to_numpy()
    beside = np.r_[False, known[:-1]] | np.r_[known[1:], False]
    alone = part[known & ~beside]
    ax.vlines(alone["layer"], alone["lower"], alone["upper"], color=ink.color, linewidth=0.9, label="_interval")
    ax.plot(alone["layer"], alone["value"], label="_alone", **(ink.line() | {"linestyle": "None"}))


def _nested(ax, table: pd.DataFrame) -> list[Entry]:
    """Draw the headline: the score of the nested procedure, at the layer that it chose most often."""
    entries = []
    for _, row in table[(table["kind"] == "probe") & (table["method"] == NESTED)].iterrows():
        ink = Ink(style.probe_ink(row["site"]).color, "None", "*", 0.9, hollow=True, size=7.0)
        if row["layer"] >= 0 and math.isfinite(row["value"]):
            ax.plot([row["layer"]], [row["value"]], label=_name("probe", NESTED, row["site"]), zorder=5, **ink.line())
            ends = [row["lower"], row["upper"]]
            ax.plot([row["layer"]] * 2, ends, color=ink.color, linewidth=0.9, label="_interval", zorder=4)
        entries.append(Entry(row["value"], _with_value("know, nested", row), ink, bold=True))
    return entries


def _merged(entries: list[Entry]) -> list[Entry]:
    """One label for chance and the majority or median, if they are the same line."""
    chance = next((e for e in entries if e.text.startswith("chance ")), None)
    simple = [e for e in entries if e.text.startswith(("majority ", "median "))]
    same = [e for e in simple if chance and abs(e.height - chance.height) < _SAME]
    if not same:
        return entries
    both = replace(chance, text=chance.text.replace("chance", f"chance, {same[0].text.split(' ')[0]}"))
    return [both if e is chance else e for e in entries if e not in same]


def _limits(ax, table: pd.DataFrame, heights: tuple[float, float]) -> None:
    layers = _curve_rows(table)["layer"]
    first, last = (layers.min(), layers.max()) if len(layers) else (0, 1)
    ax.set_xlim(first - 0.02 * (last - first or 1), last + 0.02 * (last - first or 1))
    ax.set_ylim(*heights)
    ax.xaxis.set_major_locator(MaxNLocator(nbins=6, integer=True))
    ax.set_xlabel("layer (0 = embeddings)")
    ax.set_ylabel(words.metric(table["metric"].iloc[0]))
    clear_left(ax, _LEFT)


def _height_limits(table: pd.DataFrame) -> tuple[float, float]:
    """Bottom and top of the axes: include everything drawn, except lines far below chance."""
    if not np.isfinite(_scores(table)["value"]).any():
        return 0.0, 1.0
    values = table[["value", "lower", "upper"]].to_numpy(dtype=float)
    high, floor = np.nanmax(values), np.nanmin(values)
    high = max(high, 1.0) if high > 0.8 else high
    chance = table.loc[table["kind"] == "chance", "value"]
    if len(chance):
        floor = max(floor, chance.iloc[0] - _BENEATH * max(high - chance.iloc[0], 0.1))
    pad = 0.04 * max(high - floor, 0.05)
    return floor - pad, high + pad


def _sizes(table: pd.DataFrame) -> str:
    """`n = 400 items in 380 groups; 2 of 31 scores undefined`."""
    counts = {name: sorted({int(v) for v in table[name] if math.isfinite(v)}) for name in ("n", "n_groups")}
    spans = {k: (f"{v[0]}" if len(v) == 1 else f"{v[0]}–{v[-1]}") if v else "unknown" for k, v in counts.items()}
    undefined = int((~np.isfinite(table["value"])).sum())
    tail = f"; {undefined} of {len(table)} scores undefined" if undefined else ""
    return f"n = {spans['n']} items in {spans['n_groups']} groups{tail}"
