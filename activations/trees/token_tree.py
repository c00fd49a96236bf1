"""A tree of tokens: prompts that begin alike share their beginning, and each of its tokens is there once.

In: token ids. Out: for every node its token, its parent and its depth, in an order in which parents come first. One row
of a batch holds one tree, or the trees of several items side by side.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import takewhile
from math import inf

import numpy as np

ROOT = -1


class TokenTree:
    """Nodes in the order in which they were added."""

    def __init__(self) -> None:
        self.tokens: list[int] = []
        self.parents: list[int] = []
        self.depths: list[int] = []
        self._children: dict[tuple[int, int], int] = {}

    def __len__(self) -> int:
        return len(self.tokens)

    def add(self, ids: Sequence[int], after: int = ROOT) -> int:
        """The node of the last of these tokens, after the given node; nodes that are there already are used again."""
        node = after
        for token in ids:
            key = (node, int(token))
            if key not in self._children:
                self._children[key] = len(self.tokens)
                self.tokens.append(int(token))
                self.parents.append(node)
                self.depths.append(self.depths[node] + 1 if node != ROOT else 0)
            node = self._children[key]
        return node

    def path(self, node: int) -> list[int]:
        """The nodes from the root to this one, in this order."""
        found = []
        while node != ROOT:
            found.append(node)
            node = self.parents[node]
        return found[::-1]

    def ancestors(self) -> np.ndarray:
        """(n_nodes, n_nodes) bool: whether the second node is the first one or before it on its path."""
        seen = np.zeros((len(self), len(self)), dtype=bool)
        for node, parent in enumerate(self.parents):
            if parent != ROOT:
                seen[node] = seen[parent]
            seen[node, node] = True
        return seen


def packed(firsts: Sequence[Sequence[int]], sizes: Sequence[int], width: int, most: float = inf) -> list[list[int]]:
    """Which items share a row, as lists of their indices: rows of at most `width` tokens, or one item that is longer.

    firsts: each item's first prompt; sizes: tokens of each item's own tree; most: no row of several items is longer,
    whatever they share. Items that begin alike are put side by side, and their beginning is there once: few-shot
    examples are shared by every item of a fold. A long beginning would be computed again for every few items, so a row
    may be three times as long as its beginning.
    """
    order = sorted(range(len(firsts)), key=lambda i: tuple(firsts[i]))
    rows: list[list[int]] = []
    filled = 0
    for i in order:
        shared = common_beginning(firsts[rows[-1][0]], firsts[i]) if rows else 0
        if rows and filled + sizes[i] - shared <= min(most, max(width, 3 * shared)):
            rows[-1].append(i)
            filled += sizes[i] - shared
        else:
            rows.append([i])
            filled = sizes[i]
    return rows


def common_beginning(first: Sequence[int], second: Sequence[int]) -> int:
    """How many leading tokens two prompts have in common."""
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(first, second, strict=False)))
