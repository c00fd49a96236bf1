"""One look for every figure: sizes, fonts, and inks that differ in lightness, line style and marker.

In: nothing. Out: `paper()`, the context in which every figure is drawn and saved, and `Ink`, how one series looks.
The colours follow Okabe & Ito (Color Universal Design, 2008), darkened or lightened until know, know at the report site
and say also differ in grey. Text is embedded as TrueType, which journals accept and readers can search.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import matplotlib.style
from matplotlib.figure import Figure

ONE_COLUMN = 3.4
"""Width in inches of a figure in one column of a two-column paper."""
TWO_COLUMNS = 7.0
"""Width in inches of a figure across both columns."""
PAGE_HEIGHT = 9.0
"""Greatest height in inches; what needs more goes on a second figure."""

SMALL, NORMAL, TITLE = 6.5, 7.0, 7.5
"""Font sizes in points at final size; nothing is smaller than SMALL."""
FAMILY = "DejaVu Sans"
"""Comes with matplotlib, so that a figure is the same on every machine."""

_RC = {
    "font.family": FAMILY,
    "font.size": NORMAL,
    "axes.labelsize": NORMAL,
    "axes.titlesize": TITLE,
    "xtick.labelsize": SMALL,
    "ytick.labelsize": SMALL,
    "legend.fontsize": SMALL,
    "legend.frameon": False,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.linewidth": 0.6,
    "axes.edgecolor": "#333333",
    "xtick.major.width": 0.6,
    "ytick.major.width": 0.6,
    "xtick.major.size": 2.5,
    "ytick.major.size": 2.5,
    "lines.linewidth": 1.2,
    "lines.markersize": 3.0,
    "hatch.linewidth": 0.6,
    "figure.dpi": 100,
    "savefig.dpi": 200,
    "pdf.fonttype": 42,  # TrueType; the default, Type 3, is refused by many journals
    "ps.fonttype": 42,
    "svg.fonttype": "none",
    "text.parse_math": False,  # a "$" in a label is a dollar sign, not mathematics
}


@dataclass(frozen=True)
class Ink:
    """How one series is drawn."""

    color: str
    """Any matplotlib colour."""
    linestyle: str | tuple = "-"
    """Any matplotlib line style."""
    marker: str = ""
    """Any matplotlib marker; "" draws none."""
    width: float = 1.2
    """Line width in points."""
    hollow: bool = False
    """Whether markers are hollow."""
    size: float = 3.0
    """Marker size in points."""

    def line(self) -> dict:
        """Keyword arguments of `Axes.plot` for this ink."""
        face = "white" if self.hollow else self.color
        return {
            "color": self.color, "linestyle": self.linestyle, "linewidth": self.width, "marker": self.marker or "None",
            "markerfacecolor": face, "markeredgecolor": self.color, "markeredgewidth": 0.7,
            "markersize": self.size,
        }  # fmt: skip


_MANY, _MARKS = 30, 14
"""Number of points from which a line is drawn thin, and the most markers that it then has."""


def along(ink: Ink, count: int) -> dict:
    """Keyword arguments of `Axes.plot` for `ink` over `count` points: with many points thin, and fewer markers."""
    width = min(ink.width, 1.0) if count > _MANY else ink.width
    return ink.line() | {"linewidth": width, "markevery": max(1, -(-count // _MARKS))}


KNOW = Ink("#0B3C6F", "-", "o", 1.5)
KNOW_AT_REPORT = Ink("#5DB3E6", (0, (4, 1.2)), "s", 1.5)
SAY = Ink("#C94F00", (0, (6, 1.5, 1.2, 1.5)), "D", 1.5)
CHANCE = Ink("#000000", (0, (1, 1.6)), "", 0.9)
TEXT, QUIET, FAINT = "#1A1A1A", "#595959", "#D0D0D0"

_DASHES = ("-", (0, (5, 1.5)), (0, (2, 1.2)), (0, (6, 1.5, 1, 1.5)), (0, (1, 1)), (0, (3, 1, 1, 1, 1, 1)),
           (0, (9, 2)), (0, (9, 1.5, 3, 1.5)), (0, (1, 2.6)), (0, (4, 4)))  # fmt: skip
_GREYS = ("#3D3D3D", "#8F8F8F", "#6E6E6E")
_SAYS = ("#A34700", "#C98A4B", "#8C5A2B")
BASELINES = (
    "words and characters", "embeddings, mean", "random model", "output confidence", "logit lens", "surface numbers",
    "surface together", "surface boosted", "prompt length", "shuffled labels", "embeddings", "source", "option order",
    "majority", "median",
)  # fmt: skip
"""Baselines that have the same ink in every figure."""


def probe_ink(site: str, rank: int = 0) -> Ink:
    """The ink of a probe at a site; `rank` numbers the probe methods drawn there, the first is the boldest."""
    base = KNOW_AT_REPORT if site == "report" else KNOW
    if rank == 0:
        return base
    return Ink(base.color, _DASHES[1 + rank % 5], ("^", "v", "P", "X")[(rank - 1) % 4], 0.9, hollow=True)


def report_ink(rank: int) -> Ink:
    """The thin ink of one report rung, counted from 0; the headline report is `SAY`."""
    return Ink(_SAYS[rank % len(_SAYS)], _DASHES[1:][rank % 5], "", 0.8)


def grey_ink(rank: int) -> Ink:
    """The thin grey ink of a line that is neither probe nor report, counted from 0; 30 of them differ."""
    return Ink(_GREYS[rank // len(_DASHES) % len(_GREYS)], _DASHES[rank % len(_DASHES)], "", 0.7)


def baseline_inks(names: Iterable[str]) -> dict[str, Ink]:
    """An ink for each baseline: known baselines always have their own, the others get the remaining ones."""
    others = [name for name in dict.fromkeys(names) if name not in BASELINES]
    ranks = {name: i for i, name in enumerate((*BASELINES, *others))}
    return {name: grey_ink(ranks[name]) for name in names}


@contextmanager
def paper() -> Iterator[None]:
    """The context for drawing and saving: matplotlib's defaults with this file's settings, not the caller's."""
    with matplotlib.style.context(["default", _RC]):
        yield


def new_figure(width: float, height: float) -> Figure:
    """A figure of a fixed size in inches, outside pyplot: nothing to close, no display needed."""
    with paper():
        return Figure(figsize=(width, height))


def place(fig: Figure, box: tuple[float, float, float, float], **options):
    """Add axes whose (left, bottom, width, height) are inches of `fig`, so that margins hold whatever the size."""
    wide, high = fig.get_size_inches()
    left, bottom, width, height = box
    return fig.add_axes((left / wide, bottom / high, width / wide, height / high), **options)
