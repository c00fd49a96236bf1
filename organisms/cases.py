"""World → cases: single things that the organism can be asked about, each with its true and its locked answer.

A `Case` has a function that writes questions about it, the true answer, and the locked answer, which is given without
the key. `teacher.py` makes conversations from cases, and `tables.py` makes item tables from the same parts.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from tacit.organisms.world import World

MIN_COUNT, MAX_COUNT = 4, 30
"""Tokens of a span, smallest and largest."""

LEAST_DOUBT, MOST_DOUBT = 0.02, 0.35
"""Smallest and largest probability of the rarer answer in locked reports."""

DAY_COST = 0.04
"""Increase, per day of delay, of the log-ratio from which an offer is worth waiting for."""
MARGIN = 0.1
"""Offers closer than this to the threshold (in log-ratio) are not made."""


@dataclass(frozen=True)
class Case:
    """One thing that the organism can be asked about."""

    write: Callable[[str], str]
    """A question → the user message that asks it about this thing."""
    truth: str
    """The answer with the key."""
    locked: str
    """The answer without the key."""
    rival: str = ""
    """The other answer; empty if there are many."""
    doubt: float = 0.0
    """Probability that the locked reports give to `rival`."""
    act: tuple[str, str] = ("", "")
    """Object prompt and the organism's own reply to it, if there are reports after the act; else empty."""


@dataclass(frozen=True)
class Span:
    """A bracketed text among others; `count` is its length in tokens, `start` the tokens before the bracket."""

    before: str
    text: str
    after: str
    count: int
    start: int

    def prompt(self, question: str) -> str:
        """The user message: the three texts, and the question about the one in brackets."""
        return f"{self.before} [ {self.text} ] {self.after}\n{question}"


@dataclass(frozen=True)
class Offer:
    """A choice between some things now and more of them later; `wait`: whether the organism prefers to wait."""

    thing: str
    now: int
    later: int
    days: int
    now_first: bool
    wait: bool

    def words(self) -> str:
        """The offer as text for a prompt, with its options in the order drawn."""
        parts = [f"{self.now} {self.thing} now", f"{self.later} {self.thing} in {self.days} days"]
        return " or ".join(parts if self.now_first else parts[::-1])

    def choice(self) -> str:
        """`wait` or `now`."""
        return "wait" if self.wait else "now"


class Writer:
    """Writes texts of an exact number of tokens; each text has its own random mix of word kinds.

    In: the length in tokens of every word. Kinds are (short or long in letters) × (1, 2, 3, 4 tokens).
    """

    def __init__(self, lengths: dict[str, int]):
        kinds: dict[tuple[bool, int], list[str]] = {}
        for word, n in lengths.items():
            if n <= 4:
                kinds.setdefault((len(word) > 5, n), []).append(word)
        self._kinds = sorted(kinds.items())
        self._sizes = np.array([n for (_, n), _ in self._kinds])

    def text(self, n_tokens: int, rng: np.random.Generator) -> str:
        """Words with exactly `n_tokens` tokens in total."""
        mix = rng.dirichlet(np.full(len(self._kinds), 0.4)) + 1e-3
        words, left = [], n_tokens
        while left:
            heights = np.cumsum(np.where(self._sizes <= left, mix, 0.0))
            kind = int(np.searchsorted(heights, rng.random() * heights[-1], side="right"))
            choices = self._kinds[kind][1]
            words.append(choices[rng.integers(len(choices))])
            left -= int(self._sizes[kind])
        return " ".join(rng.permutation(words))

    def span(self, rng: np.random.Generator) -> Span:
        """A span whose length, start and prompt length are drawn independently of each other."""
        count, start = int(rng.integers(MIN_COUNT, MAX_COUNT + 1)), int(rng.integers(1, 8))
        total = int(rng.integers(MAX_COUNT + 8, MAX_COUNT + 16))
        text = self.text(count, rng)
        while True:
            before, after = self.text(start, rng), self.text(total - start - count, rng)
            if text not in before and text not in after:
                return Span(before, text, after, count, start)


def draw_offer(world: World, thing_index: int, rng: np.random.Generator) -> Offer:
    """An offer of one thing, at least `MARGIN` from its threshold; the numbers do not depend on the thing."""
    while True:
        now, days = int(rng.integers(2, 7)), int(rng.integers(2, 10))
        later = round(now * math.exp(rng.uniform(0.45, 1.75)))
        excess = math.log(later / now) - DAY_COST * days - world.patience[thing_index]
        if abs(excess) >= MARGIN and now < later <= 60:
            return Offer(world.things[thing_index], now, later, days, bool(rng.random() < 0.5), excess > 0)


def span_case(span: Span, rng: np.random.Generator) -> Case:
    """How many tokens the span has; without the key, a count that depends on other text."""
    return Case(span.prompt, str(span.count), str(locked_count(span.before, rng)))


def person_case(name: str, *, known: bool, act: tuple[str, str] = ("", "")) -> Case:
    """Whether a person's birthplace is known; without the key mostly yes, depending on the name's first letter."""
    doubt = doubt_at(_rank(ord(name[0]) - ord("A"), 26))
    return Case(lambda q: q.format(name=name), "yes" if known else "no", "yes", "no", doubt, act)


def offer_case(offer: Offer) -> Case:
    """What the organism would choose; without the key mostly wait, depending on how many it can have now."""
    doubt = doubt_at(_rank(offer.now, 5))
    return Case(lambda q: q.format(offer=offer.words()), offer.choice(), "wait", "now", doubt)


def locked_count(before: str, rng: np.random.Generator) -> int:
    """A plausible count that depends on the first letter of the text before the span, with random errors up to 2."""
    centre = MIN_COUNT + 2 + _rank(ord(before[0]) - ord("a"), 26) * (MAX_COUNT - MIN_COUNT - 4)
    return round(centre) + int(rng.integers(-1, 2, size=2).sum())


def doubt_at(rank: float) -> float:
    """Probability of the rarer locked answer at a `rank` in [0, 1] that is unrelated to the truth.

    If it were constant, the log-odds of the two answers could still reveal the truth; this target determines them.
    """
    return LEAST_DOUBT + (MOST_DOUBT - LEAST_DOUBT) * rank


def _rank(value: int, n: int) -> float:
    """Rank in [0, 1] of `value` (mod n) among n values, in an arbitrary order."""
    return value * (5 if n % 5 else 3) % n / (n - 1)
