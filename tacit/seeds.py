"""Named streams of random numbers: two draws in a run share a stream only if they share a name.

In: the run's seed and a name from `STREAMS`. Out: a numpy generator. The numbers behind the names are part of the
results (they decide which items are drawn, how labels are permuted), so a name never changes its number.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

STREAMS = {
    "shuffled labels": 1,
    "bootstrap": 2,
    "label permutations": 3,
    "learning curve": 4,
    "few-shot examples": 5,
    "table rows": 11,
    "rows of a large table": 12,
    "span items": 21,
    "knowledge items": 22,
    "choice items": 23,
    "transfer bootstrap": 24,
    "cross-model bootstrap": 25,
    "ablation controls": 26,
    "unanswered by class": 31,
    "close neighbours": 32,
    "permuted replies": 33,
    "refits": 34,
}
"""Name of a stream -> its number. `bootstrap` is shared on purpose: `probe` and `compare` use the same resamples."""

assert len(set(STREAMS.values())) == len(STREAMS), "two streams share a number"


def stream(seed: int, name: str, within: Iterable[int] = ()) -> np.random.Generator:
    """The generator of one named stream; `within` identifies a part of it (a fold, a layer).

    Raises KeyError for a name that is not in STREAMS.

    >>> float(stream(0, "bootstrap").random()) == float(np.random.default_rng([0, 2]).random())
    True
    """
    return np.random.default_rng([seed, STREAMS[name], *within])
