"""What groups do to a statistic: how many independent draws they amount to, and how labels are permuted between them.

In: (n_items,) int64 group numbers from `tacit.targets.groups`. Out: effective numbers of groups, permuted labels.
"""

import numpy as np


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
