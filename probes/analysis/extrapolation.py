"""Does the reading of a count go on beyond the range it was fitted on? Probe and report, both with the same labels.

In: `Examples`, folds, and the layer fixed in advance (a chosen one has seen the large counts). Out: for the largest
fifth of the counts a prediction of models that saw none as large. A lookup table of values stops at its last one; a
direction that grows with the count goes on. So only the number reading (ridge) is asked here: classes that were never
seen cannot be named.
"""

import functools

import numpy as np

from tacit.names import FIXED
from tacit.probes.analysis.analyse import Analysis
from tacit.probes.analysis.maps import fit_affine
from tacit.probes.analysis.report_scores import Values
from tacit.probes.data.examples import Examples
from tacit.probes.data.folds import Folds
from tacit.probes.data.items_table import estimate, score_row
from tacit.probes.estimators.families import RIDGE, Dense

TRAINED_SHARE = 0.8
"""Counts up to this quantile are trained on; the larger ones are what is predicted."""


METRICS = ("exact", "within_1", "within_10pct", "mae")


def extrapolation_rows(analysis: Analysis, weights: np.ndarray) -> list[dict]:
    """Rows of scores.csv, metrics ending in `_beyond_range`: probe and mapped report on the largest counts alone.

    weights: (n_items, n_resamples), the draws of every other row. [] for classes, and where no count is so large.
    """
    if analysis.scoring.kind != "count" or not beyond(analysis.scoring.y).any():
        return []
    examples, rows, high = analysis.examples, [], beyond(analysis.scoring.y)
    fixed = analysis.methods[FIXED]
    preds = {
        FIXED: ("probe", extrapolate_probe(examples, analysis.folds, fixed.site, fixed.layer)),
        "said calibrated": ("report", extrapolate_report(examples, analysis.folds)),
    }
    scoring = analysis.scoring.rows(high)
    for name, (kind, pred) in preds.items():
        for metric in METRICS:
            found = estimate(metric, scoring, pred[high], weights[high], examples.groups[high])
            note = f"counts above {np.quantile(analysis.scoring.y, TRAINED_SHARE):g}, none as large in training"
            rows.append(score_row(analysis, name, kind, f"{metric}_beyond_range", found, note=note))
    return rows


def beyond(y: np.ndarray) -> np.ndarray:
    """(n_items,) bool: the counts that lie above the trained range; none where the quantile is the maximum."""
    return y > np.quantile(y, TRAINED_SHARE)


def extrapolate_probe(examples: Examples, folds: Folds, site: str, layer: int) -> np.ndarray:
    """(n_items,) float64: held-out predictions of the counts beyond the range, NaN for the others.

    The penalty has the least absolute error on inner folds, within the trained range.
    """
    return _held_out(examples.y, folds, Dense(examples.acts(site, layer)), RIDGE.fit, len(RIDGE.candidates))


def extrapolate_report(examples: Examples, folds: Folds) -> np.ndarray:
    """The same for the primary report after the affine map; a non-answer stays NaN."""
    report = Values(examples.report)
    line = functools.partial(fit_affine, within=False)
    return _held_out(examples.y, folds, report, line, 1)


def _held_out(y: np.ndarray, folds: Folds, feature, fit, n_candidates: int) -> np.ndarray:
    pred, high = np.full(len(y), np.nan), beyond(y)
    for _, train, test in folds.outer():
        low, wanted = train[~high[train]], test[high[test]]
        if len(wanted) and len(np.unique(y[low])) > 1:
            best = _choose(y, folds, feature, fit, low, n_candidates)
            x_train, x_test = feature.split(low, wanted)
            pred[wanted] = fit(x_train, y[low], x_test, n_classes=0, only=best)[0]
    return pred


def _choose(y, folds: Folds, feature, fit, low: np.ndarray, n_candidates: int) -> int:
    """The candidate with the least absolute error over the inner folds of the trained range."""
    if n_candidates == 1:
        return 0
    error = np.zeros(n_candidates)
    for j in np.unique(folds.fold[low]):
        train, test = low[folds.fold[low] != j], low[folds.fold[low] == j]
        if len(np.unique(y[train])) > 1:
            x_train, x_test = feature.split(train, test)
            error += np.abs(fit(x_train, y[train], x_test, n_classes=0) - y[test]).sum(axis=1)
    return int(np.argmin(error))
