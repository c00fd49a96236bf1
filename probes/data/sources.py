"""Sources of items (relations, templates, text regimes): whether there are several, and the score within them.

In: the source and the label of every item. Out: a `Scoring` that compares items of one source only.
"""

from dataclasses import replace

import numpy as np

from tacit.probes.statistics.metrics import Scoring
from tacit.thresholds import MIN_SOURCE


def enough_sources(source: np.ndarray) -> bool:
    """Whether at least two sources have MIN_SOURCE items each; source: (n_items,) str."""
    return bool((np.unique(source, return_counts=True)[1] >= MIN_SOURCE).sum() >= 2)


def within_sources(scoring: Scoring, source: np.ndarray) -> Scoring | None:
    """The same ruler, with pairs of items only from one fold *and* one source.

    None for counts, whose errors are not relative to other items, and where there are not `enough_sources`.
    source: (n_items,) str.
    """
    if scoring.kind == "count" or not enough_sources(source):
        return None
    codes = np.unique(source, return_inverse=True)[1]
    return replace(scoring, fold=scoring.fold * (codes.max() + 1) + codes)
