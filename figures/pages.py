"""Every figure of a run, in reading order.

In: `RunFiles`. Out: `Page`s, each a figure with its table, its caption and its file name. A figure that is too high for
one page is split, and its further pages are numbered: `layers-behavior`, `layers-behavior-page2`. Figures without
numbers are left out.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial

import pandas as pd
from matplotlib.figure import Figure

from tacit.figures.drawing import panels, style, words
from tacit.figures.drawing.save import file_names
from tacit.figures.inputs.count_rows import count_rows, count_targets
from tacit.figures.inputs.elicitation_rows import rung_rows
from tacit.figures.inputs.layer_rows import clean_scores, layer_rows
from tacit.figures.inputs.run_files import RunFiles
from tacit.figures.inputs.verdict_rows import with_n
from tacit.figures.plots import (
    agreement,
    count_errors,
    counts,
    cross_model,
    decomposition,
    elicitations,
    know_and_say,
    layers,
    learning_curve,
    positions,
    reliability,
    sparse_probing,
    transfer,
)


@dataclass(frozen=True)
class Page:
    """One figure, not yet drawn."""

    name: str
    """Name of its files, without extension."""
    caption: str
    """What the figure shows, in one sentence."""
    table: pd.DataFrame
    """The table that it is drawn from."""
    figure: Callable[[pd.DataFrame], Figure]
    """Draws `table` and returns the figure."""


def run_pages(run: RunFiles) -> Iterator[Page]:
    """All figures that the run has numbers for."""
    yield from _know_and_say(run)
    yield from _decomposition(run)
    yield from _layers(run)
    yield from _rungs(run)
    yield from _agreement(run)
    yield from _counts(run)
    yield from _from_tables(run)


def know_and_say_pages(rows: pd.DataFrame) -> Iterator[Page]:
    """Know and say by target, condition and, if `rows` has a column `run`, model."""
    caption = "What the probe decodes (know) and what the model reports (say) on the same items, with 95 % intervals."
    yield from _numbered("know-and-say", caption, _by_rows(rows), know_and_say.figure)


def _know_and_say(run: RunFiles) -> Iterator[Page]:
    if run.rows[["probe", "report"]].notna().any(axis=None):
        yield from know_and_say_pages(run.rows)


def _decomposition(run: RunFiles) -> Iterator[Page]:
    table = decomposition.decomposition_rows(run.verdicts)
    caption = (
        "From report to probe: scores of the report as said, mapped onto the labels, in its best form; of the probe."
    )
    draw = partial(decomposition.page, scales=decomposition.target_scales(table))
    yield from _panels("decomposition", caption, table, ("target", "condition"), decomposition.FRAME, draw)


def _layers(run: RunFiles) -> Iterator[Page]:
    targets = list(dict.fromkeys(clean_scores(run.scores)["target"]))
    names = file_names(targets)
    for target in targets:
        table = layer_rows(run.scores, run.rows, target=target)
        per_page = 2 * max(1, int(style.PAGE_HEIGHT // layers.panel_height(table)))
        caption = f"{words.plain(target)}: the probe's score at each layer, beside the scores of reports and baselines."
        yield from _numbered(f"layers-{names[target]}", caption, _by_conditions(table, per_page), layers.panels)


def _rungs(run: RunFiles) -> Iterator[Page]:
    table = rung_rows(run.scores, run.entries, run.rows)
    caption = (
        "Every form in which the model was asked: its report's score with a 95 % interval, and how replies were read."
    )
    draw = partial(elicitations.page, scales=elicitations.target_scales(table))
    yield from _numbered("rungs", caption, elicitations.pages(table), draw)


def _agreement(run: RunFiles) -> Iterator[Page]:
    if {"probe_right", "report_right"} <= set(run.items.columns):
        table = agreement.agreement_rows(run.items)
        caption = (
            "Shares of items on which both probe and report (first wording, as said) are right, only one of them, or"
            " neither: over all items, then by source."
        )
        by = ("target", "condition")
        yield from _panels("agreement", caption, table, by, agreement.frame(table), agreement.page)


def _counts(run: RunFiles) -> Iterator[Page]:
    targets = count_targets(run.scores, run.items)
    names = file_names(targets)
    for target in targets:
        table = count_rows(run.scores, run.items, target=target)
        per_page = 2 * int(style.PAGE_HEIGHT // counts.panel_height())
        name, shown = names[target], words.plain(target)
        caption = f"{shown}: predicted against true counts, for the probe and for the model's report."
        yield from _numbered(f"counts-{name}", caption, _by_conditions(table, per_page), counts.panels)
        errors, by = count_errors.error_rows(table), ("target", "condition")
        caption = f"{shown}: errors of probe and report, by the size of the true count."
        yield from _panels(f"count-errors-{name}", caption, errors, by, count_errors.FRAME, count_errors.page)


def _from_tables(run: RunFiles) -> Iterator[Page]:
    """Figures of optional steps, where the run has their tables."""
    place, tables = ("target", "condition"), run.tables
    if "curve" in tables:
        table = learning_curve.curve_rows(tables["curve"], run.rows, run.entries)
        caption = "The probe's score by number of training labels; at a gap, how many it needs to beat the report."
        yield from _panels("learning-curve", caption, table, place, learning_curve.FRAME, learning_curve.page)
    if "reliability" in tables:
        caption = (
            "Calibration of probe and report: confidence against observed frequency, which are equal on the diagonal."
        )
        table = reliability.reliability_rows(tables["reliability"], run.verdicts)
        yield from _panels("reliability-diagram", caption, table, place, reliability.FRAME, reliability.page)
    if "transfer" in tables:
        caption = "Transfer: probes trained on one kind of items (rows), tested on another (columns), at a fixed layer."
        table = transfer.transfer_rows(tables["transfer"], run.entries)
        yield from _panels("transfer-matrix", caption, table, transfer.BY, transfer.frame(table), transfer.page)
    if "sparse" in tables:
        caption = (
            "Sparse probing: the best unit, the best few and the best principal component (PC) at each layer, and how"
            " well the best unit predicts the text's surface (characters, words or position, whichever is highest)."
        )
        table = with_n(tables["sparse"], run.rows)
        yield from _panels(
            "sparse-reading", caption, table, sparse_probing.BY, sparse_probing.FRAME, sparse_probing.page
        )
    if "matrix" in tables:
        caption = "Probes and reports of each model, scored on the labels of every model."
        table = cross_model.predictor_rows(tables["matrix"])
        yield from _panels(
            "predictor-matrix", caption, table, cross_model.BY, cross_model.frame(table), cross_model.page
        )
    if "positions" in tables:
        caption = "The probe's score at each token position and layer."
        yield from _panels("position-map", caption, tables["positions"], positions.BY, positions.FRAME, positions.page)


def _panels(name, caption, table, by, frame, figure) -> Iterator[Page]:
    """A figure of panels on as many pages as needed; none if the table has no rows."""
    if len(table):
        yield from _numbered(name, caption, panels.pages(table, by, frame), figure)


def _numbered(name: str, caption: str, parts: Iterable[pd.DataFrame], figure: Callable) -> Iterator[Page]:
    """One page per part: the first is called `name`, the others get a suffix that no target's file name has."""
    for i, part in enumerate(parts, start=1):
        yield Page(name if i == 1 else f"{name}-page{i}", caption, part, figure)


def _by_conditions(table: pd.DataFrame, most: int) -> Iterator[pd.DataFrame]:
    """`table` in parts of at most `most` conditions each."""
    conditions = list(dict.fromkeys(table["condition"]))
    for i in range(0, len(conditions), most):
        yield table[table["condition"].isin(conditions[i : i + most])].reset_index(drop=True)


def _by_rows(rows: pd.DataFrame) -> Iterator[pd.DataFrame]:
    """`rows` in parts that fit a page."""
    while len(rows):
        most = len(rows)
        while most > 1 and know_and_say.height(rows.iloc[:most]) > style.PAGE_HEIGHT:
            most -= 1
        yield rows.iloc[:most].reset_index(drop=True)
        rows = rows.iloc[most:]
