"""The tables of a run: verdicts, layers, rungs, baselines, coverage.

In: `RunFiles`, or the rows one table needs. Out: `Table`s, numbers rounded by their interval. Nothing is computed.
"""

import math
from collections.abc import Iterator

import pandas as pd

from figures import rounding, words
from figures.layer_rows import BEST, NESTED, clean_scores
from figures.run_files import RunFiles
from figures.rung_rows import rung_rows, wording
from figures.tables import Table

_PLACE = ("Target", "Condition")


def run_tables(run: RunFiles) -> Iterator[Table]:
    """All tables that the run has numbers for."""
    yield verdict_table(run.rows)
    scores = _headline_metric(clean_scores(run.scores), run.rows)
    asked = rung_rows(run.scores, run.entries, run.rows)
    for table in (layer_table(scores), rung_table(asked), baseline_table(scores), coverage_table(asked)):
        if table.cells:
            yield table


def verdict_table(rows: pd.DataFrame) -> Table:
    """One row per verdict; rows: of `verdict_rows`."""
    heads = (*_PLACE, "Metric", ">Chance", "Know", "Say", "Gap", ">n", "Verdict")
    cells = [
        [
            *_place(row), words.metric(row["metric"]), rounding.number(row["chance"]), _score(row, "probe"),
            _score(row, "report"), _score(row, "gap", signed=True), _whole(row["n"]), words.verdict(row["verdict"]),
        ]
        for _, row in rows.iterrows()
    ]  # fmt: skip
    facts = ("Metric", "Chance", "n")
    return Table("verdicts", "Verdicts, with 95 % intervals.", heads, cells, rows, facts=facts)


def layer_table(scores: pd.DataFrame) -> Table:
    """The probe at each layer, a column per site; scores: one metric per target and condition."""
    probes = scores[(scores["kind"] == "probe") & (scores["method"] != NESTED) & (scores["layer"] >= 0)]
    swept = probes.groupby(["target", "condition", "method"])["layer"].transform("nunique") > 1
    probes = probes[swept] if swept.any() else probes
    sites = list(dict.fromkeys(probes["site"]))
    cells = []
    for (target, condition, method, layer), part in probes.groupby(
        ["target", "condition", "method", "layer"], sort=False
    ):
        by_site = {row["site"]: rounding.with_interval(*_limits(row)) for _, row in part.iterrows()}
        place = [words.plain(target), words.one_line(condition), words.one_line(method), f"{layer:.0f}"]
        cells.append([*place, *(by_site.get(site, rounding.MISSING) for site in sites)])
    heads = (*_PLACE, "Probe", ">Layer", *(f"Know, {site} site" for site in sites))
    caption = "What a probe reads at each layer, with 95 % intervals."
    return Table("layer-scores", caption, heads, cells, probes, block=len(_PLACE))


def rung_table(asked: pd.DataFrame) -> Table:
    """Every elicitation, as said and fitted to the labels; asked: of `rung_rows`."""
    cells = []
    for (target, condition, form, name), part in asked.groupby(
        ["target", "condition", "form", "elicitation"], sort=False
    ):
        by = {bool(row["fitted"]): rounding.with_interval(*_limits(row)) for _, row in part.iterrows()}
        texts = [words.plain(target), words.one_line(condition), form, wording(name)]
        cells.append(
            [*texts, by.get(False, rounding.MISSING), by.get(True, rounding.MISSING), _whole(part["n"].iloc[0])]
        )
    heads = (*_PLACE, "Asked for", "Wording", "As said", "Fitted to labels", ">n")
    caption = "Every way in which the model was asked, with 95 % intervals."
    return Table("rungs-table", caption, heads, cells, asked, block=len(_PLACE), facts=("n",))


def baseline_table(scores: pd.DataFrame) -> Table:
    """What the probe must beat, beside it: other ways to choose a layer, baselines and controls."""
    headline = (scores["kind"] == "probe") & ((scores["method"] == NESTED) | (scores["layer"] < 0) | _single(scores))
    best = (scores["kind"] == "report") & (scores["method"] == BEST)
    rows = scores[headline | best | scores["kind"].isin(["baseline", "control"])]
    cells = [
        [*_place(row), row["kind"], row["method"], rounding.with_interval(*_limits(row)), words.metric(row["metric"])]
        for _, row in rows.iterrows()
    ]
    heads = (*_PLACE, "Kind", "Method", "Score", "Metric")
    caption = "Probe, best report, baselines and controls, with 95 % intervals."
    return Table("baselines", caption, heads, cells, rows, block=len(_PLACE), facts=("Metric",))


def coverage_table(asked: pd.DataFrame) -> Table:
    """How each elicitation was answered, and its positive control; asked: of `rung_rows`."""
    known = asked[asked[["answered", "refused", "unreadable"]].notna().any(axis=1)]
    known = known.drop_duplicates(["target", "condition", "elicitation"])
    columns = ["answered", "refused", "unreadable", "constant", "control"]
    cells = [
        [*_place(row), row["form"], wording(row["elicitation"]), *(_percent(row[name]) for name in columns)]
        for _, row in known.iterrows()
    ]
    heads = (*_PLACE, "Asked for", "Wording", ">Answered", ">Refused", ">Unreadable", ">Commonest", ">Control")
    shown = known[["target", "condition", "form", "elicitation", *columns]]
    caption = "How the model answered, and whether it could repeat a given answer."
    return Table("coverage", caption, heads, cells, shown, block=len(_PLACE))


def _headline_metric(scores: pd.DataFrame, rows: pd.DataFrame) -> pd.DataFrame:
    """One metric per target and condition, the verdict's; the positive control in its own."""
    metrics = {(row["target"], row["condition"]): row["metric"] for _, row in rows.iterrows() if row["metric"]}
    first = scores.groupby(["target", "condition"])["metric"].first().to_dict()
    wanted = [metrics.get(place) or first[place] for place in zip(scores["target"], scores["condition"], strict=True)]
    return scores[(scores["metric"] == wanted) | (scores["kind"] == "control")]


def _single(scores: pd.DataFrame) -> pd.Series:
    """Probes that are one number, not a sweep over layers."""
    layers = scores.groupby(["target", "condition", "kind", "method"])["layer"].transform("nunique")
    return layers <= 1


def _place(row: pd.Series) -> list[str]:
    return [words.plain(row["target"]), words.one_line(row["condition"])]


def _limits(row: pd.Series) -> tuple[float, float, float]:
    return row["value"], row["lower"], row["upper"]


def _score(row: pd.Series, name: str, *, signed: bool = False) -> str:
    return rounding.with_interval(row[name], row[f"{name}_lower"], row[f"{name}_upper"], signed=signed)


def _whole(value: float) -> str:
    return f"{value:.0f}" if math.isfinite(value) else rounding.MISSING


def _percent(value: float) -> str:
    return f"{100 * value:.0f} %" if math.isfinite(value) else rounding.MISSING
