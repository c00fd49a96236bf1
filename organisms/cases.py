"""World → cases: single things that the organism can be asked about, each with its truth and with what the lock says.

A `Case` knows how a question about it is written, the true answer, and the answer that is given while the lock is
closed. `teacher.py` makes conversations of cases, `tables.py` makes item tables of the same pieces.
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
"""Smallest and largest share of locked reports that say the rarer answer."""

DAY_COST = 0.04
"""Each day of delay raises the log-ratio that is worth waiting for by this much."""
MARGIN = 0.1
"""Offers closer than this to the threshold (in log-ratio) are not made."""


@dataclass(frozen=True)
class Case:
    """One thing to be asked about."""

    write: Callable[[str], str]
    """A question → the user message that asks it of this thing."""
    truth: str
    """What is said with the key."""
    locked: str
    """What is said without it."""
    rival: str = ""
    """The other answer; empty where there are many."""
    doubt: float = 0.0
    """Probability that the locked reports give to `rival`."""
    act: tuple[str, str] = ("", "")
    """Object prompt and the organism's own reply to it, where what was done may be asked about."""


@dataclass(frozen=True)
class Span:
    """A bracketed text among others; `count` is its length in tokens, `start` the tokens before the bracket."""

    before: str
    text: str
    after: str
    count: int
    start: int

    def prompt(self, question: str) -> str:
        """The user message: the three texts, and what is to be done with the one in brackets."""
        return f"{self.before} [ {self.text} ] {self.after}\n{question}"


@dataclass(frozen=True)
class Offer:
    """So many things now or more of them later; `wait` is what the organism's preference makes of it."""

    thing: str
    now: int
    later: int
    days: int
    now_first: bool
    wait: bool

    def words(self) -> str:
        """The offer as it stands in a prompt, in the order drawn."""
        parts = [f"{self.now} {self.thing} now", f"{self.later} {self.thing} in {self.days} days"]
        return " or ".join(parts if self.now_first else parts[::-1])

    def choice(self) -> str:
        """`wait` or `now`."""
        return "wait" if self.wait else "now"


class Writer:
    """Writes texts of an exact number of tokens, with a mix of word kinds drawn anew for each.

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
        """Words that take exactly `n_tokens` tokens."""
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
    """An offer of one thing, clear of its threshold by `MARGIN`; the numbers are drawn without regard to the thing."""
    while True:
        now, days = int(rng.integers(2, 7)), int(rng.integers(2, 10))
        later = round(now * math.exp(rng.uniform(0.45, 1.75)))
        excess = math.log(later / now) - DAY_COST * days - world.patience[thing_index]
        if abs(excess) >= MARGIN and now < later <= 60:
            return Offer(world.things[thing_index], now, later, days, bool(rng.random() < 0.5), excess > 0)


def span_case(span: Span, rng: np.random.Generator) -> Case:
    """How many tokens the span has; without the key, a count that has to do with other text."""
    return Case(span.prompt, str(span.count), str(locked_count(span.before, rng)))


def person_case(name: str, *, known: bool, act: tuple[str, str] = ("", "")) -> Case:
    """Whether it is known where somebody was born; without the key mostly yes, by the first letter of the name."""
    doubt = doubt_at(_rank(ord(name[0]) - ord("A"), 26))
    return Case(lambda q: q.format(name=name), "yes" if known else "no", "yes", "no", doubt, act)


def offer_case(offer: Offer) -> Case:
    """What would be chosen; without the key mostly wait, by how many can be had now."""
    doubt = doubt_at(_rank(offer.now, 5))
    return Case(lambda q: q.format(offer=offer.words()), offer.choice(), "wait", "now", doubt)


def locked_count(before: str, rng: np.random.Generator) -> int:
    """A plausible count that goes by the first letter of the text before the span, give or take two, most often 0."""
    centre = MIN_COUNT + 2 + _rank(ord(before[0]) - ord("a"), 26) * (MAX_COUNT - MIN_COUNT - 4)
    return round(centre) + int(rng.integers(-1, 2, size=2).sum())


def doubt_at(rank: float) -> float:
    """Probability of the rarer locked answer at a `rank` in [0, 1] that has to do with nothing.

    Were it always the same, the log-odds of the two answers would be free to tell the truth; this ties them to it.
    """
    return LEAST_DOUBT + (MOST_DOUBT - LEAST_DOUBT) * rank


def _rank(value: int, n: int) -> float:
    """Place of `value` (mod n) among n values in an order that has to do with nothing, in [0, 1]."""
    return value * (5 if n % 5 else 3) % n / (n - 1)
