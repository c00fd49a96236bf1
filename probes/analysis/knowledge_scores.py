"""Two questions that are easily confused: does the model know the answer, and does it know that it knows?

In: an analysis of items whose answers were sampled and whose candidate answers were scored. Out: rows of scores.csv.
The headline's label is whether the greedy answer is right (P(IK), Kadavath et al. 2022). Two other labels are added:
the share of sampled answers that are right, with which reports of knowing should correlate, and K, the share of
(right, wrong) pairs of candidates that the model's own probabilities rank correctly (Gekhman et al. 2025); K = 1 means
that the model knows the answer, whatever its greedy answer is. The share is also a soft label, the probability of a
right answer, on which a further probe is trained; none of this is in the verdict.
"""

from dataclasses import replace

import numpy as np
from scipy.special import expit

from tacit.names import BEST, FIXED, NESTED
from tacit.probes.analysis.analyse import Analysis
from tacit.probes.data.folds import Folds
from tacit.probes.data.items_table import estimate, score_row
from tacit.probes.estimators.families import RIDGE, Dense
from tacit.probes.estimators.nested_cv import cross_fit
from tacit.probes.statistics.bootstrap import Estimate
from tacit.probes.statistics.metrics import Scoring

METHODS = (NESTED, BEST, "said")
SOFT = "probe of the share of right samples"


def knowledge_rows(analysis: Analysis, weights: np.ndarray) -> list[dict]:
    """The means of both labels; for probe and reports, rank correlation with the share, and AUROC for K = 1.

    weights: (n_items, n_resamples), the bootstrap draws of all other rows. [] where no item has either label.
    """
    share = analysis.examples.frame["share_right"].to_numpy(dtype=np.float64)
    ranking = analysis.examples.frame["ranking"].to_numpy(dtype=np.float64)
    rows = _means(analysis, weights, "share_right", share) + _means(analysis, weights, "ranking", ranking)
    scoring = analysis.scoring
    if scoring.kind != "binary":
        return rows
    graded = Scoring("count", share, scoring.fold)
    rows += _against(analysis, weights, "spearman", "spearman_share_right", graded, ~np.isnan(share))
    rows += _soft(analysis, weights, graded, ~np.isnan(share))
    knows = replace(scoring, y=(ranking == 1).astype(np.float64))
    return rows + _against(analysis, weights, "auroc", "auroc_knows_answer", knows, ~np.isnan(ranking))


def _soft(analysis: Analysis, weights, graded: Scoring, keep: np.ndarray) -> list[dict]:
    """A ridge probe that is trained on the share itself, at the fixed layer, by rank correlation and Brier score; and
    the Brier score of the headline, whose label is the greedy answer. A share is the probability of a right answer."""
    folds, fixed = (
        Folds(graded.fold[keep], analysis.examples.groups[keep], analysis.folds.n_folds),
        analysis.methods[FIXED],
    )
    if len(np.unique(folds.fold)) < folds.n_folds or len(np.unique(graded.y[keep])) < 2:
        return []
    own = Scoring.of("count", graded.y[keep], folds.fold, 0)
    x = analysis.examples.acts(fixed.site, fixed.layer)[keep]
    pred = cross_fit(Dense(x), own, folds, (RIDGE,)).pred
    ranked = estimate("spearman", own, pred, weights[keep], folds.groups)
    rows = [score_row(analysis, SOFT, "probe", "spearman_share_right", ranked, fixed.site, fixed.layer)]
    headline = analysis.methods[NESTED].held.pred[keep]
    for name, chance, at in ((SOFT, pred, fixed), (NESTED, expit(headline), analysis.methods[NESTED])):
        error = (np.clip(chance, 0, 1) - own.y) ** 2
        found = estimate("mae", replace(own, y=np.zeros(len(error))), error, weights[keep], folds.groups)
        rows.append(score_row(analysis, name, "probe", "brier_share_right", found, at.site, at.layer))
    return rows


def _means(analysis: Analysis, weights: np.ndarray, name: str, values: np.ndarray) -> list[dict]:
    keep = ~np.isnan(values)
    if not keep.any():
        return []
    scoring = Scoring("count", np.zeros(int(keep.sum())), analysis.scoring.fold[keep])
    found = estimate("mae", scoring, values[keep], weights[keep], analysis.examples.groups[keep])
    return [score_row(analysis, name, "truth", "mean", found)]


def _imputed(pred: np.ndarray, fold: np.ndarray) -> np.ndarray:
    """Impute non-answers with the median of the fold's answers."""
    out = pred.copy()
    for i in np.unique(fold):
        rows = np.flatnonzero(fold == i)
        known = pred[rows][~np.isnan(pred[rows])]
        out[rows] = np.where(np.isnan(pred[rows]), np.median(known) if len(known) else 0.0, pred[rows])
    return out


def _against(analysis: Analysis, weights, metric: str, name: str, scoring: Scoring, keep: np.ndarray) -> list[dict]:
    """Score probe and reports against the labels of `scoring`; for the rank correlation, impute non-answers."""
    if not keep.any() or len(np.unique(scoring.y[keep])) < 2:
        return []
    rows = []
    for method in METHODS:
        pred = analysis.methods[method].held.pred
        if metric == "spearman":  # AUROC counts a pair with a non-answer as one half by itself
            pred = _imputed(pred, scoring.fold)
        found: Estimate = estimate(
            metric, scoring.rows(keep), pred[keep], weights[keep], analysis.examples.groups[keep]
        )
        rows.append(score_row(analysis, method, analysis.methods[method].kind, name, found))
    return rows
