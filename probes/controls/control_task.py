"""The control task of Hewitt & Liang (2019, EMNLP, arXiv 1909.03368): labels that only memory could get right.

In: labels and groups. Out: each group's label drawn by a hash of the group, probed where the headline probes. What the
probe scores beyond that, its selectivity, is not owed to the capacity of the probe.

Where whole groups are held out, a hash cannot be learnt, so `control_task` scores chance unless groups leak. That is
the control of this pipeline. The original one lets types recur in training and test: `seen_control_task` does that, on
folds that cut through groups, and tells how much a probe can memorise; it exists only where groups have several items.
"""

import hashlib
from collections.abc import Sequence

import numpy as np

from tacit.errors import ProbeError
from tacit.probes.controls.surface import Baseline
from tacit.probes.data.examples import Examples
from tacit.probes.data.folds import Folds, make_folds
from tacit.probes.estimators.families import Dense, Family, families
from tacit.probes.estimators.nested_cv import Held, cross_fit, fit_at_readings
from tacit.probes.statistics.metrics import Scoring

SEEN_CONTROL_TASK = "control task, groups seen"
MIN_RECURRING = 0.5
"""Share of the items that must have company in their group before groups can be seen in training."""


def hashed_labels(y: np.ndarray, groups: np.ndarray, *, seed: int) -> np.ndarray:
    """(n_items,) float64: one label per group, from the labels' own distribution, by the order of the groups' hashes.

    Groups are laid end to end in the order of sha256(seed, group) over the sorted labels, and each takes the label at
    its middle: shares of classes, and quantiles of counts, are kept up to the size of a group.
    """
    numbers, inverse, sizes = np.unique(groups, return_inverse=True, return_counts=True)
    order = sorted(range(len(numbers)), key=lambda g: hashlib.sha256(f"{seed} {int(numbers[g])}".encode()).hexdigest())
    ends = np.cumsum(sizes[order])
    middle = (ends - (sizes[order] + 1) // 2).astype(np.int64)
    label = np.empty(len(numbers), dtype=np.float64)
    label[order] = np.sort(y)[middle]
    return label[inverse]


def control_task(
    examples: Examples,
    scoring: Scoring,
    folds: Folds,
    headline: Held,
    *,
    seed: int,
    probes: Sequence[Family] | None = None,
) -> Baseline:
    """The headline's probe, at its readings and on its folds, on hashed labels; measured against these."""
    own = scoring.with_labels(hashed_labels(scoring.y, folds.groups, seed=seed))
    probes = families(scoring.kind) if probes is None else probes
    held = fit_at_readings(headline, folds, lambda s, n: cross_fit(Dense(examples.acts(s, n)), own, folds, probes))
    return Baseline(held, own.y, kind="control")


def seen_control_task(
    examples: Examples,
    scoring: Scoring,
    folds: Folds,
    reading: tuple[str, int],
    *,
    seed: int,
    probes: Sequence[Family] | None = None,
) -> tuple[Scoring, Held] | None:
    """Hashed labels on folds that cut through groups, at one (site, layer): how much a probe memorises.

    Returns the yardstick with these labels and folds, and the held-out predictions; None where fewer than half of the
    items share their group with another, or no folds exist for such labels.
    """
    sizes = np.bincount(folds.groups)[folds.groups]
    if (sizes > 1).mean() < MIN_RECURRING:
        return None
    y = hashed_labels(scoring.y, folds.groups, seed=seed)
    try:
        loose = make_folds(y, np.arange(len(y)), kind=scoring.kind, seed=seed)
    except ProbeError:
        return None
    own = scoring.with_labels(y, fold=loose.fold)
    return own, cross_fit(
        Dense(examples.acts(*reading)), own, loose, families(scoring.kind) if probes is None else probes
    )
