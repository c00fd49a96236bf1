"""The rows of `scores.csv` that a figure by layer draws, completed from the verdict.

In: scores and verdict rows. Out: the same columns, one metric per target and condition, with the nested choice's layer
and site filled in and one row of kind `chance`. Nothing is computed: rows are chosen, and numbers copied. Other ways to
choose a layer (one fixed in advance, the naive maximum) are one number each and stay in the tables.
"""

import math

import pandas as pd

from tacit.figures.inputs.verdict_rows import require
from tacit.names import BEST, NESTED

COLUMNS = (
    "target", "condition", "site", "layer", "method", "kind", "metric", "value", "lower", "upper", "n", "n_groups",
    "note",
)  # fmt: skip
LINES = ("said", "said calibrated", "logits", "logits calibrated", "logits median", "logits median calibrated", BEST)
"""Reports that are lines in a figure by layer; the many other ways of asking have a figure of their own (`rungs`)."""
_TEXTS = ("target", "condition", "site", "method", "kind", "metric", "note")


def clean_scores(scores: pd.DataFrame) -> pd.DataFrame:
    """`scores` with the documented columns only: numbers as numbers (NaN where undefined), texts as texts."""
    require(scores, COLUMNS, what="scores")
    table = scores.loc[:, list(COLUMNS)].copy()
    for name in COLUMNS:
        if name in _TEXTS:
            table[name] = [("" if value is None or value != value else str(value)) for value in table[name]]
        else:
            table[name] = pd.to_numeric(table[name], errors="coerce").astype(float)
    return table


def layer_rows(scores: pd.DataFrame, verdicts: pd.DataFrame, *, target: str) -> pd.DataFrame:
    """The rows to draw for one target, condition after condition in the order of `scores`."""
    table = clean_scores(scores)
    table = table[table["target"] == target]
    parts = []
    for condition, part in table.groupby("condition", sort=False):
        verdict = verdicts[(verdicts["target"] == target) & (verdicts["condition"] == condition)]
        parts.append(_one_panel(part, verdict.iloc[0].to_dict() if len(verdict) else {}))
    return pd.concat(parts, ignore_index=True) if parts else table


def _one_panel(part: pd.DataFrame, verdict: dict) -> pd.DataFrame:
    """One target and condition: one metric, headline rows completed, chance added."""
    metric = _metric(part, verdict)
    part = part[part["metric"] == metric]
    # No rival where the label is no act, and yet what the output gives away: the sentence speaks of it.
    part = part.assign(kind=part["kind"].where(part["method"] != "logit lens", "baseline"))
    part = part[part["kind"].isin(["probe", "report", "baseline"])]
    part = _about(part, verdict.get("probe_method") or NESTED)
    part = part[(part["kind"] != "report") | part["method"].isin(LINES)]
    part = part[(part["kind"] != "probe") | (part["method"] == NESTED) | part["method"].isin(_sweeps(part))]
    same = verdict if verdict.get("metric") == metric else {}
    part = _headline(part, same, kind="probe", method=NESTED, metric=metric)
    part = _headline(part, same, kind="report", method=BEST, metric=metric)
    chance = same.get("chance", math.nan)
    if math.isfinite(chance) and len(part):
        part = _append(part, part.iloc[0].to_dict() | {"kind": "chance", "method": "chance", "value": chance})
    return part


def _about(part: pd.DataFrame, method: str) -> pd.DataFrame:
    """`part` with the choice that the verdict is about, e.g. of the report prompt alone, as its nested choice."""
    if method == NESTED or not (part["method"] == method).any():
        return part
    part = part[part["method"] != NESTED]
    return part.assign(method=part["method"].replace(method, NESTED))


def _sweeps(part: pd.DataFrame) -> list[str]:
    """The probe methods that were scored at several layers; all of them where none was."""
    probes = part[(part["kind"] == "probe") & (part["method"] != NESTED) & (part["layer"] >= 0)]
    layers = probes.groupby("method")["layer"].nunique()
    return list(layers[layers > 1].index) or list(layers.index)


def _metric(part: pd.DataFrame, verdict: dict) -> str:
    """The metric to draw: the verdict's where scores have it, else the nested score's, else the first."""
    have = list(part["metric"])
    nested = list(part.loc[part["method"] == NESTED, "metric"])
    wanted = [verdict.get("metric", ""), *nested, *have]
    return next((name for name in wanted if name in have), "")


def _headline(part: pd.DataFrame, verdict: dict, *, kind: str, method: str, metric: str) -> pd.DataFrame:
    """`part` with its headline row of `kind`, taken from the verdict where scores lack it or its place."""
    rows = part[(part["kind"] == kind) & (part["method"] == method)]
    known = {"layer": verdict.get("layer", math.nan), "site": verdict.get("site", "")} if kind == "probe" else {}
    if len(rows):
        at = rows.index[0]
        if known and not part.at[at, "layer"] >= 0:
            part = part.copy()
            part.loc[at, ["layer", "site"]] = known["layer"], known["site"]
        return part
    if not verdict:
        return part
    said = {name: verdict.get(f"{kind}{suffix}", math.nan) for name, suffix in _SUFFIXES.items()}
    note = verdict.get("report_rung", "") if kind == "report" else ""
    place = known or {"layer": -1.0, "site": ""}
    same = {name: verdict.get(name) for name in ("target", "condition", "n", "n_groups")}
    return _append(part, same | place | said | {"method": method, "kind": kind, "metric": metric, "note": note})


_SUFFIXES = {"value": "", "lower": "_lower", "upper": "_upper"}


def _append(part: pd.DataFrame, row: dict) -> pd.DataFrame:
    """`part` with one row more; columns that `row` leaves out are empty, and a copied interval never is."""
    full = {name: "" if name in _TEXTS else math.nan for name in COLUMNS} | row
    if row["kind"] == "chance":
        full |= {"layer": -1.0, "site": "", "lower": math.nan, "upper": math.nan, "note": ""}
    return pd.DataFrame([*part.to_dict("records"), full], columns=list(COLUMNS))
