"""What reports score that know nothing of their item: permuted replies, and always the commonest truth.

In: `Paired` of one target and condition. Out: figures that are printed beside the reports and decide nothing.
"""

from collections.abc import Iterable

import numpy as np

from tacit.names import ANSWERED
from tacit.probes.comparison.collect import coverage
from tacit.probes.comparison.paired_scores import Paired, limits
from tacit.probes.statistics.groups import exchangeable, permute_within
from tacit.probes.statistics.many_labellings import auroc_of_labellings
from tacit.probes.statistics.metrics import measure, right
from tacit.seeds import stream

N_PERMUTED = 200


def permuted_replies(paired: Paired, rungs: Iterable[str], *, seed: int, n: int = N_PERMUTED) -> dict[str, dict]:
    """Rung -> the mean (`permuted`) and the 97.5th percentile (`permuted_q975`) of its score when replies are handed
    from group to group, n times; all rungs under the same permutations."""
    rng, pools = stream(seed, "permuted replies"), exchangeable(paired.groups)
    orders = [permute_within(np.arange(len(paired.groups)), pools, rng) for _ in range(n)]
    return {rung: _spread(paired, rung, orders) for rung in rungs}


def _spread(paired: Paired, rung: str, orders: list[np.ndarray]) -> dict[str, float]:
    scoring, pred = paired.scoring, paired.pred(rung)
    if scoring.kind == "count":
        found = np.array([measure(scoring.primary, scoring, pred[order])[0] for order in orders], dtype=np.float64)
    else:  # labels handed over instead of replies, which is the same and takes one ranking
        found = auroc_of_labellings(scoring, pred, np.stack([scoring.y[order] for order in orders], axis=1))
    good = found[~np.isnan(found)]
    if not len(good):
        return {"permuted": float("nan"), "permuted_q975": float("nan")}
    return {"permuted": float(good.mean()), "permuted_q975": float(np.quantile(good, 0.975))}


def against_mode(paired: Paired, classes: tuple[str, ...]) -> dict:
    """How often the words as said are right, always the commonest truth of the other folds, and the paired difference
    with its interval; `compliance`, the share of replies that can be read. Counts are right if they are exact."""
    scoring = paired.scoring
    named = commonest_elsewhere(scoring.y, scoring.fold)
    said, mode = right(scoring, paired.pred("said")).astype(np.float64), (named == scoring.y).astype(np.float64)

    def share(hit: np.ndarray):
        return paired.statistic(lambda w: (hit @ w) / w.sum(0))

    names = [classes[int(k)] if classes else f"{k:g}" for k in np.unique(named)]
    return {
        "mode": names, **limits("report_right", share(said)), **limits("mode_right", share(mode)),
        **limits("report_minus_mode", share(said - mode)), "compliance": coverage(paired.frame)[ANSWERED],
    }  # fmt: skip


def commonest_elsewhere(y: np.ndarray, fold: np.ndarray) -> np.ndarray:
    """(n_items,) the commonest label of the other folds; of equally common ones the least. y: (n_items,) float64."""
    out = np.empty(len(y))
    for i in np.unique(fold):
        values, counts = np.unique(y[fold != i], return_counts=True)
        out[fold == i] = values[np.argmax(counts)]
    return out
