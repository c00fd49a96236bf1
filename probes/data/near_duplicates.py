"""Near-duplicate texts: pairs whose character 5-grams overlap by more than four fifths (Jaccard).

In: texts. Out: pairs of positions that `groups.components` joins. All pairs are never compared: two sets overlap by
more than t only if they share one of the rarest (1 - t) of their grams ("prefix filter", Chaudhuri, Ganti & Kaushik
2006; Bayardo, Ma & Srikant 2007), so an inverted index over those gives few candidates, and each is verified exactly.

A gram that stands in a text three times is three grams, so that "ha ha" and "ha ha ha ha" differ.

What most texts of a source share is its template ("In which city was … born?") and says nothing of two items being the
same: pairs must pass the threshold with the template's grams, and without them.
"""

from collections import Counter
from collections.abc import Sequence

import numpy as np
from scipy.sparse import coo_array, csr_array

GRAM = 5
THRESHOLD = 0.8
TEMPLATE = 0.5
"""Share of a source's distinct texts that a gram of its template stands in."""
FEWEST = 4
"""Distinct texts below which a source is not taken to have a template."""


def near_duplicates(texts: Sequence[str], sources: Sequence[str] | None = None) -> list[tuple[int, int]]:
    """Pairs (first, second) of positions of equal or nearly equal texts; enough of them to join every such group.

    sources: template, regime or relation of each text; None takes all as one. Case and white space do not count.
    """
    plain = [" ".join(text.casefold().split()) for text in texts]
    first: dict[str, int] = {}
    edges = [(first[text], k) for k, text in enumerate(plain) if first.setdefault(text, k) != k and text]
    kept = [k for text, k in first.items() if text]
    grams = _grams([plain[k] for k in kept])
    named = np.array(["" if sources is None else str(sources[k]) for k in kept])
    own = _without_templates(grams, named)
    pairs = candidates(grams)
    close = pairs[(jaccard(grams, pairs) > THRESHOLD) & (jaccard(own, pairs) > THRESHOLD)]
    return edges + [(kept[a], kept[b]) for a, b in close]


def candidates(grams: csr_array) -> np.ndarray:
    """(n_pairs, 2) positions a < b that share a gram among the rarest of each: all pairs above the threshold, and some
    below it."""
    order = np.argsort(np.argsort(np.asarray(grams.sum(axis=0)).ravel(), kind="stable"))
    rows, columns = [], []
    for row in range(grams.shape[0]):
        mine = grams.indices[grams.indptr[row] : grams.indptr[row + 1]]
        n = len(mine) - int(np.ceil(THRESHOLD * len(mine))) + 1
        rarest = mine[np.argsort(order[mine])[:n]]
        rows.append(np.full(len(rarest), row))
        columns.append(rarest)
    if not rows:
        return np.empty((0, 2), dtype=np.int64)
    rows, columns = np.concatenate(rows), np.concatenate(columns)
    index = coo_array((np.ones(len(rows), dtype=np.int32), (rows, columns)), shape=grams.shape).tocsr()
    met = (index @ index.T).tocoo()
    above = met.row < met.col
    return np.stack([met.row[above], met.col[above]], axis=1)


def jaccard(grams: csr_array, pairs: np.ndarray) -> np.ndarray:
    """(n_pairs,) float64, size of the intersection over that of the union; 0 where both sets are empty."""
    if not len(pairs):
        return np.empty(0)
    sizes = np.diff(grams.indptr)
    both = np.asarray(grams[pairs[:, 0]].multiply(grams[pairs[:, 1]]).sum(axis=1)).ravel()
    union = sizes[pairs].sum(1) - both
    return np.divide(both, union, out=np.zeros(len(pairs)), where=union > 0)


def _grams(texts: Sequence[str]) -> csr_array:
    """(n_texts, n_grams) of 0 and 1; a text shorter than a gram is its own only gram."""
    numbers: dict[tuple[str, int], int] = {}
    rows, columns = [], []
    for row, text in enumerate(texts):
        times = Counter(text[k : k + GRAM] for k in range(max(1, len(text) - GRAM + 1)))
        for gram, n in times.items():
            rows += [row] * n
            columns += [numbers.setdefault((gram, k), len(numbers)) for k in range(n)]
    ones = np.ones(len(rows), dtype=np.int32)
    return coo_array((ones, (rows, columns)), shape=(len(texts), max(1, len(numbers)))).tocsr()


def _without_templates(grams: csr_array, sources: np.ndarray) -> csr_array:
    """The grams of each text that most texts of its source do not have."""
    out = grams.copy().tocoo()
    keep = np.ones(len(out.data), dtype=bool)
    for source in np.unique(sources):
        mine = np.flatnonzero(sources == source)
        if len(mine) >= FEWEST:
            common = np.asarray(grams[mine].sum(axis=0)).ravel() > TEMPLATE * len(mine)
            keep &= ~(np.isin(out.row, mine) & common[out.col])
    return coo_array((out.data[keep], (out.row[keep], out.col[keep])), shape=grams.shape).tocsr()
