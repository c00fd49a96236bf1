"""The tool tested on hidden truth: false gaps, coverage of the intervals, and power by n and effect size.

In: the tables that `python -m tacit.validation` wrote. Out: one figure of three panels, and axes for each panel alone.
"""

import sys
from pathlib import Path

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.figure import Figure

from tacit.figures.drawing import style
from tacit.figures.drawing.save import save
from tacit.figures.inputs.verdict_rows import require

ALLOWED, COVERS = 0.05, (0.93, 0.97)
_ROW, _TOP, _BOTTOM, _NAMES = 0.2, 0.4, 0.5, 2.0  # inches
_SHARE = "share of simulations (their number in brackets)"
_FALSE = ("zero gap", "hash", "duplicates", "layer search", "surface", "position", "constant", "off by", "candid",
          "nonlinear")  # fmt: skip


def draw(table: pd.DataFrame, *, ax=None):
    """Power: the share of simulations whose interval lies above 0, against n, a line per planted gap."""
    require(table, ("n", "gap", "above_zero", "simulations"), what="power")
    with style.paper():
        ax = ax or plt.figure(figsize=(style.ONE_COLUMN, 2.4)).add_subplot()
        for rank, (gap, part) in enumerate(table.groupby("gap")):
            ink = style.report_ink(rank) if gap == 0 else style.probe_ink("object" if rank % 2 else "report", rank - 1)
            ax.plot(part["n"], part["above_zero"], label=f"{gap:g}", **ink.line())
        ax.axhline(ALLOWED, **_dotted())
        ax.set(xscale="log", ylim=(-0.02, 1.12), xlabel="items", ylabel="interval above 0",
               title="power, by planted gap")  # fmt: skip
        ax.set_xticks(sorted(table["n"].unique()), [str(n) for n in sorted(table["n"].unique())])
        ax.minorticks_off()
        # Between the smallest gap's line, which is still low at the right, and the line of none.
        ax.legend(title="planted gap", loc="lower right", bbox_to_anchor=(1, 0.06), title_fontsize=style.SMALL)
    return ax


def coverage(table: pd.DataFrame, *, ax):
    """Coverage of the 95 % interval of the gap, a row per setting, with the band that is required."""
    require(table, ("name", "coverage", "simulations"), what="coverage")
    heights = range(len(table))
    ax.axvspan(*COVERS, color=style.FAINT, linewidth=0)
    ax.axvline(0.95, **_dotted())
    ax.plot(table["coverage"], heights, linestyle="None", marker="o", color=style.KNOW.color)
    ax.set_yticks(heights, _named(table, "name"))
    ax.set(xlim=(0.9, 1.0), ylim=(len(table) - 0.4, -0.6), xlabel=_SHARE,
           title="95 % interval covers the planted gap")  # fmt: skip
    return ax


def false_gaps(table: pd.DataFrame, *, ax):
    """How often the verdict is GAP in worlds without a gap, a row per control, and the 5 % that is allowed."""
    require(table, ("control", "gap_rate", "simulations"), what="false gaps")
    rows = without_gap(table)
    heights = range(len(rows))
    ax.axvline(ALLOWED, **_dotted())
    ax.plot(rows["gap_rate"], heights, linestyle="None", marker="D", color=style.SAY.color)
    ax.set_yticks(heights, _named(rows, "control"))
    ax.set(xlim=(-0.01, 0.2), ylim=(len(rows) - 0.4, -0.6), xlabel=_SHARE,
           title="GAP called where there is none")  # fmt: skip
    return ax


def _named(table: pd.DataFrame, column: str) -> list[str]:
    return [f"{row[column]} ({row['simulations']:,})" for _, row in table.iterrows()]


def without_gap(table: pd.DataFrame) -> pd.DataFrame:
    """The controls in whose worlds there is no gap."""
    named = table["control"].map(lambda name: any(part in name for part in _FALSE))
    return table[named & table["gap_rate"].notna()].reset_index(drop=True)


def figure(controls: pd.DataFrame, covered: pd.DataFrame, power: pd.DataFrame) -> Figure:
    """The three panels on one page, two columns wide."""
    upper, lower = _ROW * len(without_gap(controls)), _ROW * len(covered)
    high = 2 * (_TOP + _BOTTOM) + upper + lower
    fig, wide = style.new_figure(style.TWO_COLUMNS, high), style.TWO_COLUMNS - _NAMES - 0.2
    with style.paper():
        false_gaps(controls, ax=style.place(fig, (_NAMES, high - _TOP - upper, wide / 2 - 0.1, upper)))
        coverage(covered, ax=style.place(fig, (_NAMES, _BOTTOM, wide / 2 - 0.1, lower)))
        draw(power, ax=style.place(fig, (_NAMES + wide / 2 + 0.65, _BOTTOM, wide / 2 - 0.75, high - _TOP - _BOTTOM)))
    return fig


def _dotted() -> dict:
    return {"color": style.CHANCE.color, "linestyle": style.CHANCE.linestyle, "linewidth": style.CHANCE.width}


def main(folder: str | Path) -> list[Path]:
    """Draw the tables in the folder; the table saved with the figure is that of the controls."""
    folder = Path(folder)
    tables = [pd.read_csv(folder / f"{name}.csv") for name in ("controls", "coverage", "power")]
    return save(figure(*tables), tables[0], folder, "validation")


if __name__ == "__main__":
    print(*main(sys.argv[1] if len(sys.argv) > 1 else "runs/validate"), sep="\n")
