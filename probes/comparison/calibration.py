"""Whether confidence means what it says: Brier score, calibration errors and reliability curves of probe and report.

In: `Paired`. Out: numbers per method, and rows of a reliability curve. Two classes: the probability of the positive
class against the label. Several classes: the probability of the favourite against whether it was right (the Brier
score is over all classes). Counts carry no confidence and give nothing.

Bins hold equal numbers of items, ties never split. ECE weighs the bins' |confidence - outcome| by their items
(Naeini, Cooper & Hauskrecht 2015, in the equal-mass form of Nguyen & O'Connor 2015), MAD counts every bin once.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.special import expit
from scipy.stats import binomtest

from tacit.probes.comparison.paired_scores import Paired, limits
from tacit.probes.statistics.metrics import Scoring, has_answer

N_BINS = 10
COLUMNS = ("target", "condition", "method", "kind", "bin", "n", "n_groups", "confidence", "outcome", "lower", "upper")
REPORTS = ("logits", "logits calibrated", "said", "said calibrated")
"""Reports that are probabilities, or, for the words as said, certain; the first that a run has speaks for it."""


@dataclass(frozen=True)
class Confidence:
    p: np.ndarray
    """(n,) float64, stated probability"""
    outcome: np.ndarray
    """(n,) float64, 1 where it came true"""
    brier: np.ndarray
    """(n,) float64, squared error of each item"""
    keep: np.ndarray
    """(n_items,) bool, items with an answer"""


def calibrate(paired: Paired) -> dict | None:
    """{"probe": {...}, "report": {...}} with method, brier (and limits), ece, mad and n; None for counts."""
    if paired.scoring.kind == "count":
        return None
    spoken = next((name for name in REPORTS if paired.has(name)), None)
    return {kind: None if name is None else _summary(paired, name) for kind, name in
            (("probe", paired.head), ("report", spoken))}  # fmt: skip


def reliability(entry: dict, paired: Paired, *, n_bins: int = N_BINS) -> pd.DataFrame:
    """Rows of reliability.csv: probe and every report that is a probability, bin by bin, with Wilson's 95 % interval.

    The interval counts a bin's groups, not its items: items of one group are not independent.
    """
    rows = []
    methods = [] if paired.scoring.kind == "count" else [paired.head, *(name for name in REPORTS if paired.has(name))]
    for name in methods:
        found = confidence(paired.scoring, paired.pred(name), certain=name == "said")
        groups = paired.groups[found.keep]
        for k, inside in enumerate(equal_mass(found.p, n_bins)):
            n_groups, share = len(np.unique(groups[inside])), float(found.outcome[inside].mean())
            around = binomtest(round(share * n_groups), n_groups).proportion_ci(method="wilson")
            rows.append(
                (entry["target"], entry["condition"], "probe" if name == paired.head else name,
                 "probe" if name == paired.head else "report", k, len(inside), n_groups, float(found.p[inside].mean()),
                 share, min(around.low, share), max(around.high, share))
            )  # fmt: skip
    return pd.DataFrame(rows, columns=list(COLUMNS))


def confidence(scoring: Scoring, pred: np.ndarray, *, certain: bool = False) -> Confidence:
    """Predictions as probabilities; items without an answer are left out.

    pred: (n_items,) log-odds, or (n_items, n_classes) shares. certain: a sign is a full yes or no.
    """
    keep = has_answer(pred)
    y, pred = scoring.y[keep], pred[keep]
    if scoring.kind == "binary":
        p = (np.sign(pred) + 1) / 2 if certain else expit(pred)
        return Confidence(p, y, (p - y) ** 2, keep)
    total = pred.sum(axis=1, keepdims=True)
    shares = np.divide(pred, total, out=np.full(pred.shape, 1 / pred.shape[1]), where=total > 0)
    truth = y[:, None] == np.arange(scoring.n_classes)
    top = shares.argmax(axis=1)
    return Confidence(shares.max(axis=1), (top == y).astype(float), ((shares - truth) ** 2).sum(axis=1), keep)


def equal_mass(p: np.ndarray, n_bins: int) -> list[np.ndarray]:
    """Positions of the items of each bin, lowest confidence first; equal confidences stay in one bin."""
    if not len(p):
        return []
    order = np.argsort(p, kind="stable")
    cuts = [round(len(p) * k / n_bins) for k in range(1, n_bins)]
    ends = sorted({int(np.searchsorted(p[order], p[order[c]], side="left")) for c in cuts if 0 < c < len(p)} - {0})
    return [part for part in np.split(order, ends) if len(part)]


def errors(p: np.ndarray, outcome: np.ndarray, *, n_bins: int = N_BINS) -> tuple[float, float]:
    """(ECE, MAD) of (n,) probabilities against (n,) outcomes 0 or 1; nan without items."""
    bins = equal_mass(p, n_bins)
    if not bins:
        return float("nan"), float("nan")
    off = np.array([abs(p[b].mean() - outcome[b].mean()) for b in bins])
    return float(np.average(off, weights=[len(b) for b in bins])), float(off.mean())


def _summary(paired: Paired, name: str) -> dict:
    found = confidence(paired.scoring, paired.pred(name), certain=name == "said")
    ece, mad = errors(found.p, found.outcome)

    def brier(weights: np.ndarray) -> np.ndarray:
        mass = weights[found.keep].sum(axis=0)
        out = np.full(weights.shape[1], np.nan)
        return np.divide(found.brier @ weights[found.keep], mass, out=out, where=mass > 0)

    return {"method": "probe" if name == paired.head else name, **limits("brier", paired.statistic(brier)), "ece": ece,
            "mad": mad, "n": int(found.keep.sum())}  # fmt: skip
