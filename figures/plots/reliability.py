"""Reliability diagram: observed frequency by confidence.

In: rows of `reliability_rows` (`draw` takes one target and condition, `page` any number): per method and bin the mean
`confidence` and the observed share `outcome` with its interval. Out: axes, or a figure, of the probe and one report;
other reports are only in the table. The dashed line is perfect calibration; points below it are overconfident.
"""

import math
from collections.abc import Iterable, Mapping

import numpy as np
import pandas as pd

from tacit.figures.drawing import panels, rounding, style, words
from tacit.figures.inputs.verdict_rows import require

READ = ("target", "condition", "kind", "confidence", "outcome", "lower", "upper", "n")
"""The columns of `reliability.csv`; `method` distinguishes several reports."""
ERRORS = ("brier", "ece", "mad")
COLUMNS = (*READ, "method", *ERRORS)
FRAME = panels.Frame(width=2.0, height=2.0, left=0.5, right=0.98, top=0.54)
_LABELS = {"brier": "Brier", "ece": "ECE"}  # MAD is the same for bins of equal mass, so it is only in the table


def reliability_rows(table: pd.DataFrame, verdicts: Iterable[Mapping]) -> pd.DataFrame:
    """The rows of `reliability.csv`, each with its method's calibration errors if the verdicts have them."""
    require(table, READ, what="reliability")
    table = table.assign(method=table["method"] if "method" in table else table["kind"])
    errors = {}
    for one in verdicts:
        for kind, found in (one.get("calibration") or {}).items():
            if found:
                place = (one.get("target"), one.get("condition"))
                errors[(*place, "probe" if kind == "probe" else found.get("method", kind))] = found
    keys = list(zip(table["target"], table["condition"], table["method"], strict=True))
    more = {name: [errors.get(key, {}).get(name) for key in keys] for name in ERRORS}
    return table.assign(**{name: pd.to_numeric(pd.Series(v, index=table.index)) for name, v in more.items()})


def draw(table: pd.DataFrame, *, ax=None):
    """Draw probe and report of one target and condition on `ax` (one column by default) and return the axes."""
    require(table, COLUMNS, what="reliability")
    with style.paper():
        return _draw(table, ax) if ax is not None else panels.one(_draw, table, FRAME)


def page(table: pd.DataFrame):
    """A panel per target and condition, two across."""
    return panels.panels(_draw, table, ("target", "condition"), FRAME)


def _draw(table: pd.DataFrame, ax):
    ax.plot([0, 1], [0, 1], color=style.QUIET, linewidth=0.7, linestyle=(0, (3, 2)), label="calibrated")
    lines, shown = 0, _shown(table)
    for method, part in shown.groupby("method", sort=False):
        look = _look(part)
        _series(ax, method, part, look)
        lines = _key(ax, method, part, look, lines)
    ax.set_xlim(-0.02, 1.02)
    ax.set_ylim(-0.02, 1.02)
    ax.set_aspect("equal")
    for axis in (ax.xaxis, ax.yaxis):
        axis.set_ticks([0, 0.25, 0.5, 0.75, 1], ["0", "", "0.5", "", "1"])
    ax.set_xlabel("confidence")
    ax.set_ylabel("observed frequency")
    note = f"{_bins(shown)}; items in a bin: {panels.count_of(shown)[4:]}\nbars: 95 % intervals; dashed: calibrated"
    panels.heading(ax, table, note, extra=FRAME.right)
    return ax


def _shown(table: pd.DataFrame) -> pd.DataFrame:
    """The probe, and the report whose errors are in the verdict or else the first report; bins in order."""
    reports = table[table["kind"] == "report"]
    named = reports[np.isfinite(reports["brier"].astype(float))]
    spoken = list((named if len(named) else reports)["method"][:1])
    shown = table[(table["kind"] != "report") | table["method"].isin(spoken)]
    return shown.sort_values("bin" if "bin" in shown else "confidence", kind="stable")


def _known(part: pd.DataFrame) -> pd.Series:
    return np.isfinite(part["confidence"].astype(float)) & np.isfinite(part["outcome"].astype(float))


def _look(part: pd.DataFrame) -> dict:
    """How a method is drawn, in the panel and in its key: a cross if there is only one bin."""
    ink = style.SAY if part["kind"].iloc[0] == "report" else style.KNOW
    alone = {"marker": "x", "linestyle": "None", "markersize": 4.5} if _known(part).sum() == 1 else {}
    return ink.line() | {"linewidth": min(ink.width, 1.0)} | alone


def _bins(table: pd.DataFrame) -> str:
    most = int(table.groupby("method").size().max())
    return f"up to {most} bins of equal mass" if most > 1 else "one bin"


def _series(ax, method: str, part: pd.DataFrame, look: dict) -> None:
    """Draw the bins with their intervals, and a line that is interrupted at undefined bins."""
    known = part[_known(part)]
    ax.vlines(
        known["confidence"], known["lower"], known["upper"], color=look["color"], linewidth=0.8, label="_interval"
    )
    line = part[["confidence", "outcome"]].astype(float).where(_known(part))
    ax.plot(line["confidence"], line["outcome"], label=method, **look)


def _key(ax, method: str, part: pd.DataFrame, look: dict, line: int) -> int:
    """Write the method's name and errors right of the axes, starting at `line`; return the next free line."""
    name = {"probe": "know (probe)", "report": "say (report)"}.get(method, f"say ({words.method(method)})")
    found = {key: float(pd.to_numeric(part[key]).iloc[0]) for key in _LABELS}
    texts = [name, f"n = {part['n'].sum():.0f}"]
    texts += [f"{_LABELS[k]} {rounding.number(v, 3)}" for k, v in found.items() if math.isfinite(v)]
    at = {"xycoords": "axes fraction", "textcoords": "offset points", "fontsize": style.SMALL, "va": "center"}
    high = ax.get_position().height * ax.figure.get_size_inches()[1] * 72
    y = 1 - (9 * line + 4.5) / high
    ax.plot([1.03, 1.07, 1.11], [y] * 3, markevery=[1], transform=ax.transAxes, clip_on=False, label="_key", **look)
    for i, text in enumerate(texts):
        emphasis = {"color": style.TEXT, "fontweight": "bold" if not i else "normal"}
        shown = words.fit(text, FRAME.right * 72 - 21, style.SMALL, bold=not i)
        ax.annotate(shown, (1, 1), xytext=(19, -9 * (line + i) - 4.5), **emphasis, **at)
    return line + len(texts) + 0.6
