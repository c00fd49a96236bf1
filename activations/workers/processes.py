"""Compute units of shards in several processes of this machine, each of which loads the model once.

In: how to load the model, and units. Out: their shards, as they come. Every process uses the threads that a run in one
process would use, so the numbers are the same bit for bit. This pays where one thread is as fast as several, as for
every small model: its matrices are multiplied faster than threads can meet.

A process that dies is replaced, and its unit is computed again; none outlives the process that started it.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import tempfile
from collections import Counter, deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from multiprocessing.process import BaseProcess
from pathlib import Path

import joblib
import numpy as np
import safetensors.torch
import torch

from tacit.activations.model.device import map_large_blocks
from tacit.activations.model.load import Subject
from tacit.activations.trees.ask import Asking, Part, Shard
from tacit.activations.trees.jobs import Tally
from tacit.activations.workers.start import start_method
from tacit.activations.workers.units import Computed
from tacit.errors import ActivationError
from tacit.progress import ends_with_us

WORTH_S = 20
"""Seconds of work, as estimated, below which further processes are not started unasked: each takes ten to load."""
MEMORY = 0.25
"""Most of the machine's memory that the copies of a model may fill unasked."""
POLLED_S = 0.5
"""Seconds between two looks at what the processes have done."""
TRIES = 2
"""Processes that may die over one unit before the run stops."""
DIED = (
    "{} processes compute, and again and again one of them is ended from outside, most often because memory has run"
    " out. What was finished is kept. Try: --workers 1"
)


@dataclass(frozen=True)
class _Recipe:
    """All that a process needs to compute what this one would; it is sent along with every unit."""

    load: Callable[[], Subject]
    layers: Sequence[int]
    shares: bool
    max_tokens: int
    threads: int


@dataclass(frozen=True)
class Workers:
    """The processes that compute for one model."""

    crew: Crew
    load: Callable[[], Subject]
    """Loads the model in each of them. It can be pickled, and equals another that loads the same."""

    def size(self, subject: Subject, units: int, seconds: float) -> int:
        """How many of them compute; 1 for this process alone. seconds: what the work takes in one process."""
        return self.crew.size(subject, units, seconds)

    def begin(self, asking: Asking, size: int) -> None:
        """Let `size` processes load the model, before progress is counted."""
        self.crew.begin(self._recipe(asking), size)

    def compute(
        self, asking: Asking, units: Sequence[Sequence[Part]], tick: Callable[[int], object], size: int
    ) -> Iterator[Computed]:
        """Every unit, in the order in which they are finished, as `in_turn` would compute them."""
        return self.crew.compute(self._recipe(asking), units, tick, size)

    def _recipe(self, asking: Asking) -> _Recipe:
        return _Recipe(self.load, asking.layers, asking.shares, asking.max_tokens, torch.get_num_threads())


class Crew:
    """Processes that compute units, started when they are first needed and ended on leaving the context."""

    def __init__(self, asked: int | None = None) -> None:
        """asked: how many; None for as many as pay, 1 for none beside this one."""
        self.asked, self._seconds = asked, 0.0
        self._pool: ProcessPoolExecutor | None = None
        self._before: set[BaseProcess] = set()

    def __enter__(self) -> Crew:
        return self

    def __exit__(self, kind, *_) -> None:
        self._end(at_once=kind is not None)

    def size(self, subject: Subject, units: int, seconds: float) -> int:
        """How many processes compute; 1 for this one alone. seconds: what the work takes in one process.

        Raises ActivationError where several were asked for and the model does not run on this machine's CPU.
        """
        if subject.remote or subject.device.type != "cpu":
            if (self.asked or 1) > 1:
                where = "on another machine" if subject.remote else f"on {subject.device}"
                raise ActivationError(f"--workers shares work on the CPU, and the model runs {where}. Omit --workers.")
            return 1
        if self.asked is not None:
            return min(self.asked, units)
        # OMP_NUM_THREADS is how a user says that others need the machine, too.
        if torch.get_num_threads() > 1 or os.environ.get("OMP_NUM_THREADS"):
            return 1
        self._seconds = max(self._seconds, seconds)  # work comes in stages, and the first may be short
        if self._seconds < WORTH_S:
            return 1
        copies = MEMORY * _memory() // max(_bytes(subject), 1)
        return max(1, int(min(joblib.cpu_count(), units, copies)))

    def begin(self, recipe: _Recipe, size: int) -> None:
        """Start the processes and wait until they have the model; one that dies is noticed by `compute`."""
        try:
            wait([self._submit(_prepare, recipe) for _ in range(size)])
        except BrokenProcessPool:
            self._end(at_once=True)

    def compute(
        self, recipe: _Recipe, units: Sequence[Sequence[Part]], tick: Callable[[int], object], size: int
    ) -> Iterator[Computed]:
        """Every unit, in the order in which they are finished. tick: called with the number of tokens computed.

        Raises ActivationError where more than `TRIES` processes die over one unit, and what a unit itself raises.
        """
        with tempfile.TemporaryDirectory() as folder:
            board = np.memmap(Path(folder) / "tokens", dtype=np.int64, mode="w+", shape=(len(units),))
            waiting, running = deque(range(len(units))), dict[Future, int]()
            died, seen = Counter[int](), 0
            while waiting or running:
                try:
                    while waiting and len(running) <= size:  # one more than can run, so that none waits for this one
                        future = self._submit(_compute, recipe, waiting[0], units[waiting[0]], board.filename)
                        running[future] = waiting.popleft()
                    done, _ = wait(running, timeout=POLLED_S, return_when=FIRST_COMPLETED)
                    now = int(board.sum())
                    tick(now - seen)
                    seen = now
                    for future in done:
                        shards, tally = future.result()
                        yield running.pop(future), [_read(shard) for shard in shards], tally
                except BrokenProcessPool:
                    self._end(at_once=True)
                    died.update(running.values())
                    waiting.extendleft(sorted(running.values(), reverse=True))
                    running.clear()
                    if max(died.values(), default=0) > TRIES:
                        raise ActivationError(DIED.format(size)) from None

    def _submit(self, function: Callable, *task) -> Future:
        if self._pool is None:
            most = self.asked or joblib.cpu_count()
            self._before = set(multiprocessing.active_children())
            self._pool = ProcessPoolExecutor(most, start_method(), initializer=ends_with_us(_begin))
        return self._pool.submit(function, *task)

    def _end(self, *, at_once: bool) -> None:
        if self._pool is None:
            return
        if at_once:
            for process in {*multiprocessing.active_children()} - self._before:
                process.terminate()
        self._pool.shutdown(wait=True, cancel_futures=True)
        self._pool = None


def _memory() -> float:
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


def _bytes(subject: Subject) -> int:
    return sum(weights.numel() * weights.element_size() for weights in subject.module.parameters())


def _begin() -> None:
    """What a new process does first: it leaves interruptions to the one that started it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    map_large_blocks()


def _compute(recipe: _Recipe, index: int, parts: Sequence[Part], board: str):
    """(the shards as bytes and tables, what they took) of one unit."""
    done = np.memmap(board, dtype=np.int64, mode="r+")
    done[index] = 0  # a process may have died over it

    def tick(tokens: int) -> None:
        done[index] += tokens

    tally = Tally(tick=tick)
    shards = _asking(recipe).shards(parts, tally)
    # As bytes: tensors would be handed over in shared memory, of which containers have little.
    packed = [(safetensors.torch.save(tensors), replies) for tensors, replies in shards]
    return packed, Tally(**tally.counts, left_out=tally.left_out)


_loaded: list[tuple[_Recipe, Asking]] = []
"""In a process of the crew: the model that it computed with last."""


def _prepare(recipe: _Recipe) -> None:
    """Load the model; nothing of it is sent back."""
    _asking(recipe)


def _asking(recipe: _Recipe) -> Asking:
    if not _loaded or _loaded[0][0] != recipe:
        _loaded.clear()
        subject = recipe.load()
        torch.set_num_threads(recipe.threads)
        _loaded.append((recipe, Asking(subject, recipe.layers, recipe.shares, recipe.max_tokens)))
    return _loaded[0][1]


def _read(shard: tuple[bytes, object]) -> Shard:
    tensors, replies = shard
    return safetensors.torch.load(tensors), replies
