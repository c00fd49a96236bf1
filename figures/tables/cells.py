"""Cells that several tables share: the place of a row (target, condition), its metric, and its numbers as printed.

In: a row of a table. Out: texts. Nothing is computed.
"""

import math

import pandas as pd

from tacit.figures.drawing import rounding, words

PLACE = ("Target", "Condition")
FACTS = ("Metric", ">Chance", ">n")
SHARED = ("Metric", "Chance", "n")
"""Titles of the facts, which LaTeX prints only once if they are the same in a block."""


def place(row: pd.Series) -> list[str]:
    """The cells of the columns in `PLACE`."""
    return [words.plain(row["target"]), words.one_line(row["condition"])]


def facts(row: pd.Series) -> list[str]:
    """The cells of the columns in `FACTS`."""
    return [words.metric(row["metric"]), rounding.number(row["chance"]), whole(row["n"])]


def limits(row: pd.Series) -> tuple[float, float, float]:
    """A value with its bounds."""
    return row["value"], row["lower"], row["upper"]


def score(row: pd.Series, name: str, *, signed: bool = False) -> str:
    """The number `name` of a verdict with its interval."""
    return rounding.with_interval(row[name], row[f"{name}_lower"], row[f"{name}_upper"], signed=signed)


def whole(value: float) -> str:
    """A count; a dash where it is unknown."""
    return f"{value:.0f}" if math.isfinite(value) else rounding.MISSING


def percent(value: float) -> str:
    """A share in whole percent; a dash where it is unknown."""
    return f"{100 * value:.0f} %" if math.isfinite(value) else rounding.MISSING
