"""What is wanted of one prompt, and what came of it. No torch here but for the states."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import torch

Path = tuple[int, ...]


@dataclass(frozen=True)
class Job:
    """One prompt, and everything that is to be computed from it."""

    ids: Sequence[int]
    item: int
    """Prompts with the same number share a tree."""
    ranges: tuple[tuple[int, int], ...] = ()
    """First and one-past-last token of each site at which the residual stream is read."""
    wanted: Mapping[Path, tuple[int, ...]] = field(default_factory=dict)
    """Further tokens after the prompt -> the tokens whose log-probability is wanted there."""
    tokens: int = 0
    """Longest reply in tokens; 0 if no reply is wanted."""
    samples: int = 0
    """Replies drawn at temperature 1, beside the greedy one."""
    seed: int = 0
    """Of the samples."""
    name: str = ""
    """Its item and question, for a message."""

    def draws(self) -> np.ndarray:
        """(samples, tokens) float64 in [0, 1): the random numbers that pick the tokens of each sample, one by one."""
        return np.random.default_rng(self.seed).random((self.samples, self.tokens))


@dataclass
class Reply:
    """Tokens that the model wrote, the one that ends its turn included."""

    ids: list[int] = field(default_factory=list)
    logprob: float = 0.0
    """Sum of the tokens' log-probabilities in nats."""
    first_logprob: float = float("nan")
    ended: bool = False
    """Whether the model ended its turn by itself, rather than at the length cap."""


@dataclass
class Told:
    """What came of one job."""

    states: torch.Tensor | None = None
    """(n_layers, n_sites, d_model) in the model's dtype, on the CPU; None where no site is read."""
    logprobs: dict[Path, dict[int, float]] = field(default_factory=dict)
    """Further tokens after the prompt -> token -> its log-probability in nats, for every token that was wanted."""
    entropy: float = float("nan")
    """Of the first token's distribution, in nats; nan where no reply was wanted."""
    greedy: Reply | None = None
    samples: list[Reply] = field(default_factory=list)
    left_out: bool = False
    """Whether it does not fit into memory even alone: nothing above holds then."""


def _unheard(tokens: int) -> None:
    """Counts nothing; a function of its own, so that a tally can be pickled."""


@dataclass
class Tally:
    """How many tokens were computed, so far."""

    asked: int = 0
    """Tokens of the prompts as they are asked, one by one."""
    read: int = 0
    """Tokens of their trees, valid and candidate answers included."""
    written: int = 0
    """Tokens of replies and samples that were put through the model, each once."""
    computed: int = 0
    """All that went through the model, padding included."""
    tick: Callable[[int], object] = _unheard
    """Called with the number of tokens read or written, at every pass."""

    left_out: list[str] = field(default_factory=list)
    """Names of the jobs that did not fit into memory."""

    def leave_out(self, job: Job, told: Told) -> bool:
        """Give up a job that does not fit into memory; False for one without a name, which is no item's prompt."""
        if not job.name:
            return False
        if job.name not in self.left_out:
            self.left_out.append(job.name)
        told.left_out = True
        return True

    @property
    def counts(self) -> dict[str, int]:
        """The four numbers by name."""
        return {"asked": self.asked, "read": self.read, "written": self.written, "computed": self.computed}

    def add(self, *, asked: int = 0, read: int = 0, written: int = 0, computed: int = 0) -> None:
        """Count more of them."""
        self.asked += asked
        self.read += read
        self.written += written
        self.computed += computed
        if read + written:
            self.tick(read + written)
