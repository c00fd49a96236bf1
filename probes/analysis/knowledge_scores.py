"""Two questions that are easily taken for one: does it know the answer, and does it know that it knows?

In: an analysis of items whose acts were sampled and whose candidate answers were scored. Out: rows of scores.csv. The
headline's truth is whether the greedy answer is right (P(IK), Kadavath et al. 2022). Beside it: the share of sampled
answers that are right, with which a report of knowing ought to rise, and K, the share of (right, wrong) pairs that the
model's own probabilities order rightly (Gekhman et al. 2025); K = 1 is "knows the answer", whatever it says first.
"""

from dataclasses import replace

import numpy as np

from tacit.names import BEST, NESTED
from tacit.probes.analysis.analyse import Analysis
from tacit.probes.data.items_table import estimate, score_row
from tacit.probes.statistics.bootstrap import Estimate
from tacit.probes.statistics.metrics import Scoring

METHODS = (NESTED, BEST, "said")


def second_truth_rows(analysis: Analysis, weights: np.ndarray) -> list[dict]:
    """Means of both, the rank correlation of probe and reports with the share, their AUROC for K = 1; [] without any.

    weights: (n_items, n_resamples), the draws of every other row.
    """
    share = analysis.examples.frame["share_right"].to_numpy(dtype=np.float64)
    ranking = analysis.examples.frame["ranking"].to_numpy(dtype=np.float64)
    rows = _means(analysis, weights, "share_right", share) + _means(analysis, weights, "ranking", ranking)
    scoring = analysis.scoring
    if scoring.kind != "binary":
        return rows
    graded = Scoring("count", share, scoring.fold)
    rows += _against(analysis, weights, "spearman", "spearman_share_right", graded, ~np.isnan(share))
    knows = replace(scoring, y=(ranking == 1).astype(np.float64))
    return rows + _against(analysis, weights, "auroc", "auroc_knows_answer", knows, ~np.isnan(ranking))


def _means(analysis: Analysis, weights: np.ndarray, name: str, values: np.ndarray) -> list[dict]:
    keep = ~np.isnan(values)
    if not keep.any():
        return []
    scoring = Scoring("count", np.zeros(int(keep.sum())), analysis.scoring.fold[keep])
    found = estimate("mae", scoring, values[keep], weights[keep], analysis.examples.groups[keep])
    return [score_row(analysis, name, "truth", "mean", found)]


def _middled(pred: np.ndarray, fold: np.ndarray) -> np.ndarray:
    """Silence put in the middle of what was said in its fold."""
    out = pred.copy()
    for i in np.unique(fold):
        rows = np.flatnonzero(fold == i)
        known = pred[rows][~np.isnan(pred[rows])]
        out[rows] = np.where(np.isnan(pred[rows]), np.median(known) if len(known) else 0.0, pred[rows])
    return out


def _against(analysis: Analysis, weights, metric: str, name: str, scoring: Scoring, keep: np.ndarray) -> list[dict]:
    """Probe and reports against the other truth; silence sits on no side."""
    if not keep.any() or len(np.unique(scoring.y[keep])) < 2:
        return []
    rows = []
    for method in METHODS:
        pred = analysis.methods[method].held.pred
        if metric == "spearman":  # AUROC gives silence one half by itself
            pred = _middled(pred, scoring.fold)
        found: Estimate = estimate(
            metric, scoring.rows(keep), pred[keep], weights[keep], analysis.examples.groups[keep]
        )
        rows.append(score_row(analysis, method, analysis.methods[method].kind, name, found))
    return rows
