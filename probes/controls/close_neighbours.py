"""Items that are far closer to each other in state space than to all others, although they are in different groups.

In: the states of a layer, the groups. Out: larger groups, in which such items are joined.
Paraphrases of one question share an answer and, in a middle layer, a state; if each is a group of its own, a probe that
memorised the question in training is right about its paraphrase in test.

In a homogeneous cloud of local dimension m, the ratio of the distances to the k-th and the (k+1)-th neighbour to the
power of k m is uniform (a Poisson process; see Levina & Bickel 2004, NIPS). A set of k copies makes one of these ratios
so small that chance hardly does. Two items are joined where each is in the other's set.
"""

import numpy as np
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components
from sklearn.decomposition import PCA
from sklearn.neighbors import NearestNeighbors
from sklearn.preprocessing import StandardScaler

from tacit.targets.groups import renumber

RARE = 0.01
"""Probability of so large a step between two neighbours' distances in a homogeneous cloud, for a set of copies."""
MOST_COPIES = 20
"""Largest number of neighbours that are taken for copies; more are a topic, a template or a class."""
RANKS = (8, 32)
"""Principal components in which distances are taken too, beside all: copies may share a few directions only."""


def join_close(x: np.ndarray, groups: np.ndarray) -> np.ndarray:
    """(n_items,) int64 group numbers: those given, joined where they hold suspiciously close items.

    x: (n_items, d_model) float; groups: (n_items,) int64. Distances are taken in the states as they are and
    standardised, in all directions, in the first principal components and whitened; the space with most copies counts.
    """
    found = [copies(view, groups) for view in _views(np.asarray(x, dtype=np.float64))]
    if not found:
        return groups
    first, second = max(found, key=lambda pairs: len(np.unique(pairs.nonzero()[0]))).nonzero()
    n, links = int(groups.max()) + 1, (groups[first], groups[second])
    _, component = connected_components(csr_array((np.ones(len(first)), links), shape=(n, n)), directed=False)
    return renumber(component[groups])


def copies(x: np.ndarray, groups: np.ndarray) -> csr_array:
    """(n_items, n_items) 0 or 1, symmetric: each is in the other's set of copies.

    An item's neighbours are the nearest of each other group. Its set ends at the step with the smallest probability, if
    that is below RARE.
    """
    most = max(1, min(MOST_COPIES, len(x) // 5))
    distance, order = _neighbours(x, groups, 2 * most + 1)
    near = np.maximum(distance, 1e-12)
    known = np.isfinite(near[:, 1 : most + 1])
    near = np.where(np.isfinite(near), near, 1.0)  # of few groups, where there are no more; left out by `known`
    steps = np.log(near[:, 1 : most + 1] / near[:, :most], where=known, out=np.zeros(known.shape))
    dimension = _dimension(distance[:, most:], most + 1)
    log_p = -steps * np.arange(1, most + 1) * dimension
    size = np.where(log_p.min(axis=1) < np.log(RARE), log_p.argmin(axis=1) + 1, 0)
    item, rank = np.nonzero(np.arange(most) < size[:, None])
    inside = csr_array((np.ones(len(item)), (item, order[item, rank])), shape=(len(x), len(x)))
    return inside.multiply(inside.T).tocsr()


def _neighbours(x: np.ndarray, groups: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
    """Distances to the nearest items of the k nearest other groups, rising, and which items these are, (n_items, k)
    each; inf from where there are no more."""
    largest = int(np.bincount(groups).max())
    found = NearestNeighbors(n_neighbors=min((k + 1) * largest, len(x))).fit(x)
    distance, order = found.kneighbors(x)
    distance = np.where(_is_first(groups[order]) & (groups[order] != groups[:, None]), distance, np.inf)
    distance, order = (np.pad(a, ((0, 0), (0, k)), constant_values=v) for a, v in ((distance, np.inf), (order, 0)))
    rising = np.argsort(distance, axis=1, kind="stable")[:, :k]
    return np.take_along_axis(distance, rising, axis=1), np.take_along_axis(order, rising, axis=1)


def _is_first(rows: np.ndarray) -> np.ndarray:
    """(n_items, n_columns) bool: whether a value occurs for the first time in its row."""
    order = np.argsort(rows, axis=1, kind="stable")
    ordered = np.take_along_axis(rows, order, axis=1)
    first = np.ones(rows.shape, dtype=bool)
    np.put_along_axis(first, order[:, 1:], ordered[:, 1:] != ordered[:, :-1], axis=1)
    return first


def _dimension(near: np.ndarray, first: int) -> float:
    """Local dimension from how the distance grows from the first to the last of these neighbours; 1 where unknown.

    near: (n_items, n_neighbours) float64, rising distances to the neighbours numbered from `first`, beyond the copies.
    The k-th neighbour's distance to the power of m is proportional to k; the inverse of m is averaged over items.
    """
    known = near[np.isfinite(near).all(axis=1) & (near[:, 0] > 0)]
    if not len(known) or known.shape[1] < 2:
        return 1.0
    growth = np.log(known[:, -1] / known[:, 0]).mean()
    return float(np.clip(np.log((first + known.shape[1] - 1) / first) / max(growth, 1e-9), 1.0, 200.0))


def _views(x: np.ndarray):
    x = x[:, x.std(axis=0) > 1e-9]
    if not x.shape[1]:  # equal states are told apart by nothing
        return
    for each in (x, StandardScaler().fit_transform(x)):
        yield each
        most = min(max(RANKS), *x.shape)
        components = PCA(most, svd_solver="randomized", random_state=0).fit_transform(each)
        yield from (components[:, :rank] for rank in RANKS if rank < most)
        yield components
        yield components / np.maximum(components.std(axis=0), 1e-9)  # a template must not outweigh what is asked
