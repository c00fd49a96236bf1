"""The rows of `scores.csv` that a figure by layer draws, completed from the verdict.

In: scores and verdict rows. Out: the same columns, one metric per target and condition, with layer and site of the
nested choice filled in and one row of kind `chance`. Nothing is computed: rows are selected and numbers copied. Other
ways to choose a layer (fixed in advance, naive maximum) have only one score each, and are in the tables.
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
"""Reports that are lines in a figure by layer; the many other elicitations are in the figure `rungs`."""
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
    """The rows to draw for one target, by condition in the order of `scores`."""
    table = clean_scores(scores)
    table = table[table["target"] == target]
    parts = []
    for condition, part in table.groupby("condition", sort=False):
        verdict = verdicts[(verdicts["target"] == target) & (verdicts["condition"] == condition)]
        parts.append(_one_panel(part, verdict.iloc[0].to_dict() if len(verdict) else {}))
    return pd.concat(parts, ignore_index=True) if parts else table


def _one_panel(part: pd.DataFrame, verdict: dict) -> pd.DataFrame:
    """The rows of one target and condition in one metric, with complete headline rows and chance."""
    metric = _metric(part, verdict)
    part = part[part["metric"] == metric]
    # Drawn even if the label is no act, because the verdict's sentence says how well the output predicts it.
    part = part.assign(kind=part["kind"].where(part["method"] != "logit lens", "baseline"))
    part = part[part["kind"].isin(["probe", "report", "baseline"])]
    part = _probe_of_verdict(part, verdict.get("probe_method") or NESTED)
    part = part[(part["kind"] != "report") | part["method"].isin(LINES)]
    part = part[(part["kind"] != "probe") | (part["method"] == NESTED) | part["method"].isin(_sweeps(part))]
    same = verdict if verdict.get("metric") == metric else {}
    part = _headline(part, same, kind="probe", method=NESTED, metric=metric)
    part = _headline(part, same, kind="report", method=BEST, metric=metric)
    chance = same.get("chance", math.nan)
    if math.isfinite(chance) and len(part):
        part = _append(part, part.iloc[0].to_dict() | {"kind": "chance", "method": "chance", "value": chance})
    return part


def _probe_of_verdict(part: pd.DataFrame, method: str) -> pd.DataFrame:
    """`part` with the probe of the verdict as its nested one, e.g. that of the report prompt alone."""
    if method == NESTED or not (part["method"] == method).any():
        return part
    part = part[part["method"] != NESTED]
    return part.assign(method=part["method"].replace(method, NESTED))


def _sweeps(part: pd.DataFrame) -> list[str]:
    """The probe methods that were scored at several layers; all of them if none was."""
    probes = part[(part["kind"] == "probe") & (part["method"] != NESTED) & (part["layer"] >= 0)]
    layers = probes.groupby("method")["layer"].nunique()
    return list(layers[layers > 1].index) or list(layers.index)


def _metric(part: pd.DataFrame, verdict: dict) -> str:
    """The metric to draw: the verdict's if scores have it, else that of the nested score, else the first."""
    have = list(part["metric"])
    nested = list(part.loc[part["method"] == NESTED, "metric"])
    wanted = [verdict.get("metric", ""), *nested, *have]
    return next((name for name in wanted if name in have), "")


def _headline(part: pd.DataFrame, verdict: dict, *, kind: str, method: str, metric: str) -> pd.DataFrame:
    """`part` with its headline row of `kind`, completed from the verdict if scores lack it, its layer or its site."""
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
    """`part` with one more row; columns that are not in `row` are empty."""
    full = {name: "" if name in _TEXTS else math.nan for name in COLUMNS} | row
    if row["kind"] == "chance":
        full |= {"layer": -1.0, "site": "", "lower": math.nan, "upper": math.nan, "note": ""}
    return pd.DataFrame([*part.to_dict("records"), full], columns=list(COLUMNS))
