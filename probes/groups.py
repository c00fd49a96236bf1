"""Which items belong together: connected components over everything that two items may share.

In: one tuple of keys per item. Out: one integer per item; items with the same integer are never split, resampled or
permuted apart. Computed once and handed to the splitter, the bootstrap and the permutation alike.

Differs from a plain ``groupby``: sharing is transitive. If a and b share a prompt, and b and c an answer, then a, b and
c are one group, although a and c share nothing.
"""

from collections.abc import Hashable, Iterable, Sequence

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components


def components(keys: Sequence[Iterable[Hashable]], edges: Sequence[tuple[int, int]] = ()) -> np.ndarray:
    """Number the connected components of items that share a key.

    keys: for each of n_items, what it can share with others, e.g. ``("prompt", "How long…")``.
    edges: further pairs of item positions that belong together (near-duplicates).
    Returns (n_items,) int64, numbered from 0 in order of first appearance.
    """
    n_items = len(keys)
    numbers: dict[Hashable, int] = {}
    rows, cols = [], []
    for row, own in enumerate(keys):
        for key in own:
            rows.append(row)
            cols.append(n_items + numbers.setdefault(key, len(numbers)))
    for a, b in edges:
        rows.append(a)
        cols.append(b)
    size = n_items + len(numbers)
    graph = coo_array((np.ones(len(rows), dtype=np.int8), (rows, cols)), shape=(size, size))
    _, labels = connected_components(graph, directed=False)
    return renumber(labels[:n_items])


def renumber(labels: np.ndarray) -> np.ndarray:
    """The same partition with numbers 0, 1, 2… in order of first appearance, (n_items,) int64."""
    _, first, inverse = np.unique(labels, return_index=True, return_inverse=True)
    return np.argsort(np.argsort(first))[inverse].astype(np.int64)


def item_keys(items: Sequence, *, share_answers: bool) -> list[tuple[tuple[str, str], ...]]:
    """What each `Item` may share: object prompt, group, entity and, where asked for, any accepted answer.

    share_answers is for knowledge, where two questions with one answer are one fact for a probe. Elsewhere ``answers``
    holds the options, which every item shares without being the same item.
    """
    return [
        tuple(
            (what, text.strip().casefold())
            for what, texts in (
                ("prompt", (item.object_prompt,)),
                ("group", (item.group,)),
                ("entity", (item.entity,)),
                ("answer", tuple(item.answers) if share_answers else ()),
            )
            for text in texts
            if text.strip()
        )
        for item in items
    ]


def effective_groups(y: np.ndarray, groups: np.ndarray, kind: str) -> int:
    """How many independent draws a score rests on: the groups that hold the rarer class, all of them for counts, and
    fewer where their sizes m differ, (sum m)^2 / sum m^2 (Kish 1965, Survey Sampling, ch. 8).

    An AUROC of 200 items with five positives in three groups is known as well as three draws let it be.
    """
    return min(_of_equal_size(groups[rows]) for rows in ([...] if kind == "count" else [y == k for k in np.unique(y)]))


def _of_equal_size(groups: np.ndarray) -> int:
    """How many groups of equal size tell as much as these."""
    sizes = np.unique(groups, return_counts=True)[1].astype(np.float64)
    return int(np.floor(sizes.sum() ** 2 / (sizes**2).sum() + 1e-9))


def heaviest(groups: np.ndarray, fold: np.ndarray) -> float:
    """The largest share that one group has of the items of its fold; both (n_items,) int64."""
    folds = (groups[fold == i] for i in np.unique(fold))
    return max(float(np.unique(part, return_counts=True)[1].max() / len(part)) for part in folds)


def permute_by_group(values: np.ndarray, groups: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Hand each group the values of another group of the same size; returns a permuted copy of (n_items,) values.

    Groups of one size exchange whole blocks, so values that stood together stay together. A group whose size no
    other has takes the values of a group drawn from all, from the first on, cut or repeated to its size: what depends
    on each other stays so, which a null must keep, and the pool of values may change.
    """
    return permute_within(values, exchangeable(groups), rng)


def exchangeable(groups: np.ndarray) -> tuple[list[list[np.ndarray]], list[np.ndarray]]:
    """(pools of groups of one size, each group as its rows; the groups whose size no other has)."""
    if not len(groups):
        return [], []
    rows_of = np.split(np.argsort(groups, kind="stable"), np.cumsum(np.bincount(groups))[:-1])
    by_size: dict[int, list[np.ndarray]] = {}
    for rows in rows_of:
        by_size.setdefault(len(rows), []).append(rows)
    odd = [blocks[0] for blocks in by_size.values() if len(blocks) == 1]
    return [blocks for blocks in by_size.values() if len(blocks) > 1], odd


def permute_within(
    values: np.ndarray, pools: tuple[list[list[np.ndarray]], list[np.ndarray]], rng: np.random.Generator
) -> np.ndarray:
    """`permute_by_group` with the pools of `exchangeable` at hand, for the many permutations of a null."""
    out = np.array(values, copy=True)
    same, odd = pools
    for blocks in same:
        source, destination = rng.permutation(len(blocks)), rng.permutation(len(blocks))
        out[np.concatenate([blocks[b] for b in destination])] = values[np.concatenate([blocks[b] for b in source])]
    every = [*odd, *(rows for blocks in same for rows in blocks)]
    for rows in odd:
        out[rows] = np.resize(values[every[rng.integers(len(every))]], len(rows))
    return out
