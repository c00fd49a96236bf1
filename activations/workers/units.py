"""Compute units of shards, one after another, in this process.

In: a loaded model and units. Out: for each unit its number, its shards and what they took.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from tacit.activations.model.device import map_large_blocks, release_free_memory
from tacit.activations.trees.ask import Asking, Part, Shard
from tacit.activations.trees.jobs import Tally

TRIMMED = 8
"""Units after which free memory is given back; after each, it would cost more than it saves."""

Computed = tuple[int, list[Shard], Tally]
"""The number of a unit, its shards in the order of its parts, and the tokens that they took."""


def in_turn(asking: Asking, units: Sequence[Sequence[Part]], tick: Callable[[int], object]) -> Iterator[Computed]:
    """Every unit, in order. tick: called with the number of tokens computed, at every pass of the model."""
    map_large_blocks()
    for index, parts in enumerate(units):
        tally = Tally(tick=tick)
        yield index, asking.shards(parts, tally), tally
        if index % TRIMMED == 0:
            release_free_memory()
