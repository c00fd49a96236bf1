"""The tables of a run: verdicts, layers, rungs, baselines, coverage.

In: `RunFiles`, or the rows one table needs. Out: `Table`s, numbers rounded by their interval. Nothing is computed.
"""

import math
from collections.abc import Iterator

import pandas as pd

from tacit.figures.drawing import rounding, words
from tacit.figures.inputs.elicitation_rows import rung_rows, wording
from tacit.figures.inputs.layer_rows import clean_scores
from tacit.figures.inputs.run_files import RunFiles
from tacit.figures.tables.baselines import baseline_table
from tacit.figures.tables.cells import FACTS, PLACE, SHARED, facts, limits, percent, place, score, whole
from tacit.figures.tables.table import Table
from tacit.names import NESTED, OUT_OF_RANGE


def run_tables(run: RunFiles) -> Iterator[Table]:
    """All tables that the run has numbers for."""
    yield verdict_table(run.rows)
    scores = _with_chance(_headline_metric(clean_scores(run.scores), run.rows), run.rows)
    asked = rung_rows(run.scores, run.entries, run.rows)
    for table in (layer_table(scores), rung_table(asked), baseline_table(scores), coverage_table(asked)):
        if table.cells:
            yield table


def verdict_table(rows: pd.DataFrame) -> Table:
    """One row per verdict; rows: of `verdict_rows`."""
    heads = (*PLACE, "Metric", ">Chance", "Know", "Say", "Gap", ">n", "Verdict")
    cells = [
        [
            *place(row), words.metric(row["metric"]), rounding.number(row["chance"]), score(row, "probe"),
            score(row, "report"), score(row, "gap", signed=True), whole(row["n"]), words.verdict(row["verdict"]),
        ]
        for _, row in rows.iterrows()
    ]  # fmt: skip
    return Table("verdicts", "Verdicts, with 95 % intervals.", heads, cells, rows, facts=SHARED)


def layer_table(scores: pd.DataFrame) -> Table:
    """The probe at each layer, a column per site; scores: one metric per target and condition, with its chance."""
    probes = scores[(scores["kind"] == "probe") & (scores["method"] != NESTED) & (scores["layer"] >= 0)]
    swept = probes.groupby(["target", "condition", "method"])["layer"].transform("nunique") > 1
    probes = probes[swept] if swept.any() else probes
    sites, several = list(dict.fromkeys(probes["site"])), probes["method"].nunique() > 1
    cells = []
    for (_, _, method, layer), part in probes.groupby(["target", "condition", "method", "layer"], sort=False):
        by_site = {row["site"]: rounding.with_interval(*limits(row)) for _, row in part.iterrows()}
        name = [words.one_line(method)] * several
        known = [by_site.get(site, rounding.MISSING) for site in sites]
        cells.append([*place(part.iloc[0]), *name, f"{layer:.0f}", *known, *facts(part.iloc[0])])
    heads = (*PLACE, *["Probe"] * several, ">Layer", *(f"Know, {site} site" for site in sites), *FACTS)
    caption = "The probe's score at each layer, with 95 % intervals."
    return Table("layer-scores", caption, heads, cells, probes, block=len(PLACE), facts=SHARED)


def rung_table(asked: pd.DataFrame) -> Table:
    """Every elicitation, as said and fitted to the labels; asked: of `rung_rows`."""
    cells = []
    for (_, _, form, name), part in asked.groupby(["target", "condition", "form", "elicitation"], sort=False):
        by = {bool(row["fitted"]): rounding.with_interval(*limits(row)) for _, row in part.iterrows()}
        scores = [by.get(fitted, rounding.MISSING) for fitted in (False, True)]
        cells.append([*place(part.iloc[0]), form, wording(name), *scores, *facts(part.iloc[0])])
    heads = (*PLACE, "Asked for", "Wording", "As said", "Fitted to labels", *FACTS)
    caption = "Score of the model's reports in every form in which it was asked, with 95 % intervals."
    return Table(
        "rungs-table", caption, heads, cells, asked, block=len(PLACE), facts=SHARED,
        note="Fitted to labels: after a one-dimensional map fitted on the probe's training folds. Wording is the"
        " number at the end of an elicitation's name, as in choice/you/0.",
    )  # fmt: skip


def coverage_table(asked: pd.DataFrame) -> Table:
    """How each elicitation was answered, and its positive control; asked: of `rung_rows`."""
    known = asked[asked[["answered", "refused", "unreadable"]].notna().any(axis=1)]
    known = known.drop_duplicates(["target", "condition", "elicitation"])
    wild = [OUT_OF_RANGE] if OUT_OF_RANGE in known else []
    columns = ["answered", "refused", "unreadable", *wild, "constant", "control"]
    cells = [
        [
            *place(row),
            row["form"],
            wording(row["elicitation"]),
            *(percent(row[name]) for name in columns),
            whole(row["n"]),
        ]
        for _, row in known.iterrows()
    ]
    heads = (*PLACE, "Asked for", "Wording", ">Answered", ">Refused", ">Unreadable", *(">Out of range" for _ in wild),
             ">Commonest", ">Control", ">n")  # fmt: skip
    shown = known[["target", "condition", "form", "elicitation", *columns, "n"]]
    caption = "How the model answered in every form in which it was asked, and its score on the positive control."
    return Table(
        "coverage", caption, heads, cells, shown, block=len(PLACE), facts=SHARED[-1:],
        note="Commonest: share of the answered replies that give the most frequent answer. Control: share of right"
        " replies when the prompt states the answer; a dash where no control was run.",
    )  # fmt: skip


def _headline_metric(scores: pd.DataFrame, rows: pd.DataFrame) -> pd.DataFrame:
    """The rows in the verdict's metric; a control without a score in it is kept in its own metric."""
    metrics = {(row["target"], row["condition"]): row["metric"] for _, row in rows.iterrows() if row["metric"]}
    first = scores.groupby(["target", "condition"])["metric"].first().to_dict()
    wanted = [metrics.get(place) or first[place] for place in zip(scores["target"], scores["condition"], strict=True)]
    same = scores["metric"] == wanted
    by = [scores[name] for name in ("target", "condition", "kind", "method")]
    return scores[same | ((scores["kind"] == "control") & ~same.groupby(by).transform("any"))]


def _with_chance(scores: pd.DataFrame, rows: pd.DataFrame) -> pd.DataFrame:
    """`scores` with a column `chance`: the verdict's chance for rows in the verdict's metric."""
    known = {(row["target"], row["condition"], row["metric"]): row["chance"] for _, row in rows.iterrows()}
    places = zip(scores["target"], scores["condition"], scores["metric"], strict=True)
    return scores.assign(chance=[known.get(place, math.nan) for place in places])
