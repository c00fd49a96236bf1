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
_FACTS = ("Metric", ">Chance", ">n")
_KINDS = ["probe", "report", "baseline", "control"]
_SHARED = ("Metric", "Chance", "n")


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
    heads = (*_PLACE, "Metric", ">Chance", "Know", "Say", "Gap", ">n", "Verdict")
    cells = [
        [
            *_place(row), words.metric(row["metric"]), rounding.number(row["chance"]), _score(row, "probe"),
            _score(row, "report"), _score(row, "gap", signed=True), _whole(row["n"]), words.verdict(row["verdict"]),
        ]
        for _, row in rows.iterrows()
    ]  # fmt: skip
    return Table("verdicts", "Verdicts, with 95 % intervals.", heads, cells, rows, facts=_SHARED)


def layer_table(scores: pd.DataFrame) -> Table:
    """The probe at each layer, a column per site; scores: one metric per target and condition, with its chance."""
    probes = scores[(scores["kind"] == "probe") & (scores["method"] != NESTED) & (scores["layer"] >= 0)]
    swept = probes.groupby(["target", "condition", "method"])["layer"].transform("nunique") > 1
    probes = probes[swept] if swept.any() else probes
    sites, several = list(dict.fromkeys(probes["site"])), probes["method"].nunique() > 1
    cells = []
    for (_, _, method, layer), part in probes.groupby(["target", "condition", "method", "layer"], sort=False):
        by_site = {row["site"]: rounding.with_interval(*_limits(row)) for _, row in part.iterrows()}
        name = [words.one_line(method)] * several
        known = [by_site.get(site, rounding.MISSING) for site in sites]
        cells.append([*_place(part.iloc[0]), *name, f"{layer:.0f}", *known, *_facts(part.iloc[0])])
    heads = (*_PLACE, *["Probe"] * several, ">Layer", *(f"Know, {site} site" for site in sites), *_FACTS)
    caption = "What a probe reads at each layer, with 95 % intervals."
    return Table("layer-scores", caption, heads, cells, probes, block=len(_PLACE), facts=_SHARED)


def rung_table(asked: pd.DataFrame) -> Table:
    """Every elicitation, as said and fitted to the labels; asked: of `rung_rows`."""
    cells = []
    for (_, _, form, name), part in asked.groupby(["target", "condition", "form", "elicitation"], sort=False):
        by = {bool(row["fitted"]): rounding.with_interval(*_limits(row)) for _, row in part.iterrows()}
        scores = [by.get(fitted, rounding.MISSING) for fitted in (False, True)]
        cells.append([*_place(part.iloc[0]), form, wording(name), *scores, *_facts(part.iloc[0])])
    heads = (*_PLACE, "Asked for", "Wording", "As said", "Fitted to labels", *_FACTS)
    caption = "Every way in which the model was asked, with 95 % intervals."
    return Table(
        "rungs-table", caption, heads, cells, asked, block=len(_PLACE), facts=_SHARED,
        note="Fitted to labels: after a one-dimensional map fitted on the probe's training folds. Wordings are numbered"
        " as in choice/you/0.",
    )  # fmt: skip


def baseline_table(scores: pd.DataFrame) -> Table:
    """What the probe must beat, beside it: other ways to choose a layer, baselines and controls."""
    headline = (scores["kind"] == "probe") & ((scores["method"] == NESTED) | (scores["layer"] < 0) | _single(scores))
    best = (scores["kind"] == "report") & (scores["method"] == BEST)
    rows = scores[headline | best | scores["kind"].isin(["baseline", "control"])]
    rows = rows.sort_values(["target", "condition", "kind"], key=_in_order, kind="stable")
    metric = rows.groupby(["target", "condition"])["metric"].transform("first")
    places = _finest(rows)
    cells = [
        [*_place(row), row["kind"], *_named(row["method"], _in_block(row, places[_block(row)]), _facts(row), own=own)]
        for own, (_, row) in zip(rows["metric"] != metric, rows.iterrows(), strict=True)
    ]
    heads = (*_PLACE, "Kind", "Method", "Score", *_FACTS)
    caption = "Probe, best report, baselines and controls, with 95 % intervals."
    return Table(
        "baselines", caption, heads, cells, rows, block=len(_PLACE), facts=_SHARED,
        note="The naive maximum is the best site and layer by the very scores that are then quoted: what not to quote.",
    )  # fmt: skip


def coverage_table(asked: pd.DataFrame) -> Table:
    """How each elicitation was answered, and its positive control; asked: of `rung_rows`."""
    known = asked[asked[["answered", "refused", "unreadable"]].notna().any(axis=1)]
    known = known.drop_duplicates(["target", "condition", "elicitation"])
    columns = ["answered", "refused", "unreadable", "constant", "control"]
    cells = [
        [
            *_place(row),
            row["form"],
            wording(row["elicitation"]),
            *(_percent(row[name]) for name in columns),
            _whole(row["n"]),
        ]
        for _, row in known.iterrows()
    ]
    heads = (*_PLACE, "Asked for", "Wording", ">Answered", ">Refused", ">Unreadable", ">Commonest", ">Control",
             ">n")  # fmt: skip
    shown = known[["target", "condition", "form", "elicitation", *columns, "n"]]
    caption = "How the model answered, and whether it could repeat a given answer."
    return Table(
        "coverage", caption, heads, cells, shown, block=len(_PLACE), facts=_SHARED[-1:],
        note="Commonest: share of the answered replies that give the most frequent answer. Control: share of replies"
        " that are right when the answer stands in the prompt; a dash where that was not asked.",
    )  # fmt: skip


def _headline_metric(scores: pd.DataFrame, rows: pd.DataFrame) -> pd.DataFrame:
    """One metric per target and condition, the verdict's; a control that has no score in it, in its own."""
    metrics = {(row["target"], row["condition"]): row["metric"] for _, row in rows.iterrows() if row["metric"]}
    first = scores.groupby(["target", "condition"])["metric"].first().to_dict()
    wanted = [metrics.get(place) or first[place] for place in zip(scores["target"], scores["condition"], strict=True)]
    same = scores["metric"] == wanted
    by = [scores[name] for name in ("target", "condition", "kind", "method")]
    return scores[same | ((scores["kind"] == "control") & ~same.groupby(by).transform("any"))]


def _with_chance(scores: pd.DataFrame, rows: pd.DataFrame) -> pd.DataFrame:
    """`scores` with a column `chance`, the verdict's, where it is in the verdict's metric."""
    known = {(row["target"], row["condition"], row["metric"]): row["chance"] for _, row in rows.iterrows()}
    places = zip(scores["target"], scores["condition"], scores["metric"], strict=True)
    return scores.assign(chance=[known.get(place, math.nan) for place in places])


def _in_order(column: pd.Series) -> pd.Series:
    """Ranks to sort by: kinds as a reader wants them, everything else as it first comes."""
    order = _KINDS if column.name == "kind" else list(dict.fromkeys(column))
    return column.map(order.index)


def _named(method: str, score: str, facts: list[str], *, own: bool) -> list[str]:
    """Method, score and facts; a method with a metric of its `own` names its facts itself and has no cells for them."""
    if not own:
        return [method, score, *facts]
    return [f"{method} ({facts[0]}, n = {facts[2]})", score, *[""] * len(facts)]


def _block(row: pd.Series) -> tuple[str, str, str]:
    return row["target"], row["condition"], row["metric"]


def _finest(rows: pd.DataFrame) -> dict[tuple, int]:
    """The most decimals that an interval allows among the rows of each target, condition and metric."""
    found: dict[tuple, int] = {}
    for _, row in rows.iterrows():
        found[_block(row)] = max(found.get(_block(row), 0), rounding.decimals(row["lower"], row["upper"]))
    return found


def _in_block(row: pd.Series, places: int) -> str:
    """A score with its interval; one without has `places` decimals, so that it can be told from the others."""
    if rounding.is_number(row["lower"]) and rounding.is_number(row["upper"]):
        return rounding.with_interval(*_limits(row))
    return rounding.number(row["value"], places)


def _single(scores: pd.DataFrame) -> pd.Series:
    """Probes that are one number, not a sweep over layers."""
    layers = scores.groupby(["target", "condition", "kind", "method"])["layer"].transform("nunique")
    return layers <= 1


def _place(row: pd.Series) -> list[str]:
    return [words.plain(row["target"]), words.one_line(row["condition"])]


def _facts(row: pd.Series) -> list[str]:
    """What `_FACTS` names."""
    return [words.metric(row["metric"]), rounding.number(row["chance"]), _whole(row["n"])]


def _limits(row: pd.Series) -> tuple[float, float, float]:
    return row["value"], row["lower"], row["upper"]


def _score(row: pd.Series, name: str, *, signed: bool = False) -> str:
    return rounding.with_interval(row[name], row[f"{name}_lower"], row[f"{name}_upper"], signed=signed)


def _whole(value: float) -> str:
    return f"{value:.0f}" if math.isfinite(value) else rounding.MISSING


def _percent(value: float) -> str:
    return f"{100 * value:.0f} %" if math.isfinite(value) else rounding.MISSING
