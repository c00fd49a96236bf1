"""Numbers to files and back: rows of scores.csv, the items table, JSON with null for nan, all written atomically."""

from dataclasses import replace

import numpy as np
import pandas as pd
from scipy.stats import binomtest

from tacit.names import BEST, LABEL_COLUMN, METHOD_COLUMN, NAIVE, NESTED, READ_COLUMN, RIGHT_COLUMN
from tacit.probes.analysis.analyse import Analysis, Method
from tacit.probes.statistics.bootstrap import Estimate, interval
from tacit.probes.statistics.groups import effective_groups
from tacit.probes.statistics.jackknife import left_out
from tacit.probes.statistics.metrics import METRICS, Scoring, has_answer, measure, right
from tacit.probes.statistics.selection import Searches, clipped
from tacit.probes.statistics.unseen_errors import score_with_unseen

SCORE_COLUMNS = (
    "target", "condition", "site", "layer", "method", "kind", "metric", "value", "lower", "upper", "n", "n_groups",
    "note",
)  # fmt: skip
ITEM_COLUMNS = (
    "item_id", "target", "condition", "group", "fold", "label", "label_name", "probe", "probe_right", "report",
    "report_name", "report_right", "report_logit", "report_calibrated", "outcome", "reference", "reply", "object_reply",
    "source", "surface", "share_right", "ranking",
)  # fmt: skip


def score_rows(analysis: Analysis, weights: np.ndarray) -> list[dict]:
    """All rows of scores.csv of one target and condition; every interval under the same resample weights."""
    rows, kind = [], analysis.scoring.kind
    known = analysis.options | {name: method.held.pred for name, method in analysis.methods.items()}
    searches = Searches(analysis.scoring, weights, known.__getitem__, *inner_scores(analysis))
    for method in analysis.curve:
        rows += _rows(analysis, method, METRICS[kind][:1] + _exactness(kind), weights, searches)
    for method in analysis.methods.values():
        rows += _rows(analysis, method, METRICS[kind], weights, searches)
    if analysis.scoring.kind == "count":
        rows += _beyond_surface(analysis, weights)
    return [*rows, _naive_row(analysis), *_control_rows(analysis)]


def inner_scores(analysis: Analysis) -> tuple[dict[str, list[float]], dict[str, list[str]]]:
    """(option -> its inner score of every outer fold, winner -> the options it was chosen from)."""
    inner = {name: held.inner.tolist() for some in analysis.searches.values() for name, held in some.items()}
    return inner, {winner: list(some) for winner, some in analysis.searches.items()}


def estimate(
    metric: str, scoring: Scoring, pred: np.ndarray, weights: np.ndarray, groups: np.ndarray, drawn=None
) -> Estimate:
    """Point and interval of one metric of one method; groups: (n_items,) int64; drawn: the metric under every column
    of weights where these do more than weigh the predictions."""
    point, n_groups = float(measure(metric, scoring, pred)[0]), len(np.unique(groups))
    effective = effective_groups(scoring.y, groups, scoring.kind)
    if np.isnan(point):
        return Estimate(point, np.nan, np.nan, len(scoring.y), n_groups)
    left, searched = left_out(groups, scoring.fold), drawn is not None
    drawn = drawn if searched else measure(metric, scoring, pred, weights)
    if left is not None:
        plain = measure(metric, scoring, pred, weights) if searched else drawn
        drawn = clipped(metric, left.settle(point, measure(metric, scoring, pred, left.weights), drawn, plain))
        effective = min(effective, left.n_groups)
    found = interval(point, drawn, n=len(scoring.y), n_groups=n_groups, effective=effective)
    return score_with_unseen(found, metric, n_groups=effective)


def own_scoring(scoring: Scoring, y: np.ndarray | None) -> Scoring:
    """How a method is scored against its own labels, if it has any (shuffled ones)."""
    return scoring if y is None else scoring.with_labels(y)


def _exactness(kind: str) -> tuple[str, ...]:
    return {"count": ("exact",), "multiclass": ("balanced_accuracy",)}.get(kind, ())


def _rows(analysis: Analysis, method: Method, metrics, weights: np.ndarray, searches: Searches) -> list[dict]:
    scoring, groups, searched = (
        own_scoring(analysis.scoring, method.y),
        analysis.examples.groups,
        method.name in searches,
    )
    drawn = {m: searches.values(method.name, m) if searched else None for m in metrics}
    found = {m: estimate(m, scoring, method.held.pred, weights, groups, drawn[m]) for m in metrics}
    return [
        score_row(analysis, method.name, method.kind, m, e, method.site, method.layer, method.note)
        for m, e in found.items()
    ]


def score_row(analysis: Analysis, name, kind, metric, found: Estimate, site="", layer=-1, note="") -> dict:
    """One row of scores.csv."""
    if found.n_degenerate:
        note = f"{note}; {found.n_degenerate} resamples undefined".lstrip("; ")
    values = (
        analysis.examples.target, analysis.examples.condition, site, layer, name, kind, metric,
        found.value, found.lower, found.upper, found.n, found.n_groups, note,
    )  # fmt: skip
    return dict(zip(SCORE_COLUMNS, values, strict=True))


def _beyond_surface(analysis: Analysis, weights: np.ndarray) -> list[dict]:
    """Skill on what characters and words leave over: 1 - MAE / MAE(surface numbers), whose guess is a training fit."""
    if "surface numbers" not in analysis.methods:  # the same for every text: nothing is left over by them
        return []
    surface = analysis.methods["surface numbers"].held.pred
    scoring, rows = replace(analysis.scoring, reference=surface), []
    for name in (NESTED, BEST):
        method = analysis.methods[name]
        pred = np.where(np.isnan(method.held.pred), analysis.scoring.reference, method.held.pred)
        found = estimate("skill", scoring, pred, weights, analysis.examples.groups)
        rows.append(
            score_row(
                analysis, name, method.kind, "skill_beyond_surface", found, method.site, method.layer, method.note
            )
        )
    return rows


def _naive_row(analysis: Analysis) -> dict:
    """The maximum over layers after the fact, with what it owes to the search; no interval, it would be wrong."""
    site, layer, score = analysis.naive
    nested = float(measure(analysis.scoring.primary, analysis.scoring, analysis.methods[NESTED].held.pred)[0])
    n, n_groups = len(analysis.scoring.y), len(np.unique(analysis.examples.groups))
    found = Estimate(score, np.nan, np.nan, n, n_groups)
    note = f"optimism {score - nested:+.3f} against nested; not to be quoted"
    return score_row(analysis, NAIVE, "probe", analysis.scoring.primary, found, site, layer, note)


def _control_rows(analysis: Analysis) -> list[dict]:
    """Share of positive controls whose planted answer came back, with Wilson's interval."""
    hit = analysis.examples.primary.control_right
    if not len(hit):
        return []
    limits = binomtest(int(hit.sum()), len(hit)).proportion_ci(method="wilson")
    found = Estimate(float(hit.mean()), limits.low, limits.high, len(hit), len(hit))
    return [score_row(analysis, "positive control", "control", "accuracy", found)]


def items_frame(analysis: Analysis) -> pd.DataFrame:
    """The rows of items.parquet of one target and condition: what was known, said and predicted of every item."""
    ex, scoring = analysis.examples, analysis.scoring
    calibrated = analysis.methods["said calibrated"].held.pred
    readout = analysis.methods["logits"].held.pred if "logits" in analysis.methods else None
    probe = analysis.methods[NESTED].held.pred
    columns = {
        "item_id": ex.item_ids, "target": ex.target, "condition": ex.condition, "group": ex.groups,
        "fold": analysis.folds.fold, "label": ex.y, "label_name": _names(ex.y, ex.classes),
        "probe": _scalar(probe), "probe_right": right(scoring, probe),
        "report": ex.report, "report_name": ex.frame["report_name"].to_numpy(dtype=object),
        "report_right": ex.report == ex.y,
        "report_logit": np.full(len(ex.y), np.nan) if readout is None else _scalar(readout),
        "report_calibrated": _scalar(calibrated), "outcome": ex.outcome, "reference": scoring.reference,
    }  # fmt: skip
    for name in ("reply", "object_reply", "source", "surface", "share_right", "ranking"):
        columns[name] = ex.frame[name].to_numpy(dtype=object)
    frame = pd.DataFrame(columns).astype({"reference": "float64"})
    wide = {}
    for name, pred in analysis.options.items():
        if name not in analysis.methods:
            wide |= method_columns(name, pred.astype(np.float32))
    for name, method in analysis.methods.items():
        pred = method.held.pred
        wide |= method_columns(name, pred)
        if method.y is not None:
            wide[f"{LABEL_COLUMN}{name}"] = method.y
        if method.nested:
            wide |= {f"{READ_COLUMN}{name}": _scalar(pred), f"{RIGHT_COLUMN}{name}": right(scoring, pred)}
    return pd.concat([frame, pd.DataFrame(wide)], axis=1)


def method_columns(name: str, pred: np.ndarray) -> dict[str, np.ndarray]:
    """The columns of the items table with a method's predictions, (n_items,) or (n_items, n_classes)."""
    if pred.ndim == 1:
        return {f"{METHOD_COLUMN}{name}": pred}
    return {f"{METHOD_COLUMN}{name}:{k}": pred[:, k] for k in range(pred.shape[1])}


def _scalar(pred: np.ndarray) -> np.ndarray:
    """One number per item: itself, or the index of the highest class; NaN where there is no answer."""
    if pred.ndim == 1:
        return pred
    return np.where(has_answer(pred), np.argmax(np.nan_to_num(pred, nan=-np.inf), axis=1), np.nan)


def _names(y: np.ndarray, classes: tuple[str, ...]) -> list[str]:
    return [classes[int(v)] for v in y] if classes else [f"{v:g}" for v in y]


def predictions(frame: pd.DataFrame, name: str, n_classes: int) -> np.ndarray:
    """One method's predictions read back from the items table of one target and condition, as `metrics` takes them.

    n_classes: 0 for counts. Raises KeyError where the table does not hold the method.
    """
    if n_classes <= 2:
        return frame[f"{METHOD_COLUMN}{name}"].to_numpy(dtype=np.float64)
    return frame[[f"{METHOD_COLUMN}{name}:{k}" for k in range(n_classes)]].to_numpy(dtype=np.float64)


def read_by(frame: pd.DataFrame, method: str) -> pd.DataFrame:
    """The items table with ``probe`` and ``probe_right`` as this nested probe has them. KeyError where it has none."""
    return frame.assign(probe=frame[f"{READ_COLUMN}{method}"], probe_right=frame[f"{RIGHT_COLUMN}{method}"])
