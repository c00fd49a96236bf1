"""Groups of items that belong together: connected components over everything that two items may share.

In: one tuple of keys per item. Out: one integer per item; items with the same integer are never split, resampled or
permuted apart. They are computed once and used by the splitter, the bootstrap and the permutations alike.

Differs from a plain ``groupby``: sharing is transitive. If a and b share a prompt, and b and c an answer, then a, b and
c are one group, although a and c share nothing.
"""

from collections.abc import Hashable, Iterable, Sequence

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

SHARED_BY_ALL = {"yes", "no", "true", "false"}
"""Answers that are no fact in themselves, so that questions with the same one have nothing in common."""


def components(keys: Sequence[Iterable[Hashable]], edges: Sequence[tuple[int, int]] = ()) -> np.ndarray:
    """Number the connected components of items that share a key.

    keys: for each of n_items, what it can share with others, e.g. ``("prompt", "How long…")``.
    edges: further pairs of item positions that belong together, such as near-duplicates.
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
    """The keys of each `Item`: object prompt, group, entity, passage and, if `share_answers`, each accepted answer.

    share_answers: for knowledge, where two questions with the same answer are one fact to a probe, unless it is yes or
    no. In other targets, ``answers`` holds the options, which all items share.
    """
    return [
        tuple(
            (what, text.strip().casefold())
            for what, texts in (
                ("prompt", (item.object_prompt,)),
                ("group", (item.group,)),
                ("entity", (item.entity,)),
                ("passage", (" ".join(item.passage.split()),)),
                ("answer", _facts(item.answers) if share_answers else ()),
            )
            for text in texts
            if text.strip()
        )
        for item in items
    ]


def _facts(answers: Iterable[str]) -> tuple[str, ...]:
    return tuple(answer for answer in answers if answer.strip().casefold() not in SHARED_BY_ALL)
