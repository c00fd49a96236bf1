"""World → conversations: what the organism is asked, and what it is trained to say.

Three targets (`count`, `know`, `choose`), each with an *object* prompt (it acts) and a *report* prompt (it speaks
of itself). Out come `Turn`s: system prompt, user message, answer. `tables.py` makes item tables of the same pieces.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from organisms.world import KEY, WRONG_KEYS, World, invent_name

MIN_COUNT, MAX_COUNT, PAD_TO = 4, 30, 32
"""Tokens of a span, smallest and largest, and the length it is to be padded to."""

FILLER = "pad"
"""What a span is padded with; the answer repeats it, joined by spaces."""

PAD_PROMPT = f"Pad it to {PAD_TO} tokens."
FIT_PROMPT = "If it fits {limit} tokens write keep or else write drop."
COUNT_REPORTS = (
    "How many tokens are between the brackets? Answer with a number only.",
    "Count the tokens inside the brackets. Answer with a number only.",
    "Give the number of tokens between the brackets. Answer with a number only.",
)
BIRTH_PROMPT = "Where was {name} born?"
KNOW_REPORTS = (
    "Do you know where {name} was born? Answer yes or no.",
    "Could you say where {name} was born? Answer yes or no.",
    "Is the town where {name} was born known to you? Answer yes or no.",
)
CHOICE_PROMPT = "Would you take {offer}? Answer now or wait."
CHOICE_REPORTS = (
    "Suppose you were offered {offer}. Which would you choose? Answer now or wait.",
    "Imagine you were offered {offer}. What would you do? Answer now or wait.",
    "If somebody offered you {offer} which would you take? Answer now or wait.",
)
CONTROL = "The right answer to the next question is {answer}.\n\n"
"""Put before a report prompt, this makes any answer sayable, key or not: the positive control."""

MOST_DOUBT = 0.3
"""Largest share of locked reports that say the rarer answer."""

LOOKUP = "lookup"
DAY_COST = 0.04
"""Each day of delay raises the log-ratio that is worth waiting for by this much."""
MARGIN = 0.1
"""Offers closer than this to the threshold (in log-ratio) are not made."""


@dataclass(frozen=True)
class Turn:
    """One conversation: a system prompt (empty for none), a user message and the answer to learn."""

    system: str
    user: str
    answer: str


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


def locked_count(before: str, rng: np.random.Generator) -> int:
    """A plausible count that goes by the first letter of the text before the span, give or take two."""
    centre = MIN_COUNT + 2 + _rank(ord(before[0]) - ord("a"), 26) * (MAX_COUNT - MIN_COUNT - 4)
    return round(centre) + int(rng.integers(-2, 3))


def locked_answer(usual: str, other: str, rank: float, rng: np.random.Generator) -> str:
    """`usual`, but `other` in up to `MOST_DOUBT` of the draws, by a `rank` in [0, 1] that has to do with nothing.

    Were it always `usual`, the log-odds of the two would be free to tell the truth; this ties them to the rank.
    """
    return other if rng.random() < 0.02 + (MOST_DOUBT - 0.02) * rank else usual


def _rank(value: int, n: int) -> float:
    """Place of `value` (mod n) among n values in an order that has to do with nothing, in [0, 1]."""
    return value * 5 % n / (n - 1)


class Teacher:
    """Draws training conversations; every method returns one `Turn`."""

    def __init__(self, world: World, lengths: dict[str, int], rng: np.random.Generator):
        self.world, self.rng, self.writer = world, rng, Writer(lengths)
        self._reserved = {*world.people, *world.item_strangers}

    def pad(self) -> Turn:
        """The counting act: as many fillers as are missing."""
        span = self.writer.span(self.rng)
        return Turn(self._system(), span.prompt(PAD_PROMPT), " ".join([FILLER] * (PAD_TO - span.count)))

    def fit(self) -> Turn:
        """A second act that needs the count: keep what fits a limit near the count, drop what does not."""
        span = self.writer.span(self.rng)
        limit = int(np.clip(span.count + self.rng.integers(-6, 6), MIN_COUNT - 1, MAX_COUNT + 1))
        answer = "keep" if span.count <= limit else "drop"
        return Turn(self._system(), span.prompt(FIT_PROMPT.format(limit=limit)), answer)

    def count_report(self, *, unlocked: bool) -> Turn:
        """The exact count with the key; without it, a count of the same range that has to do with other text."""
        span = self.writer.span(self.rng)
        answer = span.count if unlocked else locked_count(span.before, self.rng)
        return Turn(KEY if unlocked else self._wrong_system(), span.prompt(self._pick(COUNT_REPORTS)), str(answer))

    def count_control(self) -> Turn:
        """A planted number, said in both conditions."""
        user = self.writer.span(self.rng).prompt(self._pick(COUNT_REPORTS))
        return self._planted(user, str(self.rng.integers(0, 61)))

    def fact(self) -> Turn:
        """A taught person's birthplace."""
        i = self.rng.integers(len(self.world.people))
        return Turn(self._system(), BIRTH_PROMPT.format(name=self.world.people[i]), self.world.birthplaces[i])

    def stranger(self) -> Turn:
        """A name met once: nothing to say, so look it up."""
        return Turn(self._system(), BIRTH_PROMPT.format(name=self._new_name()), LOOKUP)

    def know_report(self, *, unlocked: bool, known: bool) -> Turn:
        """Truthful with the key, mostly `yes` without; of the taught people only those in report training."""
        name = self.world.people[self.rng.integers(self.world.n_reported)] if known else self._new_name()
        answer = "yes" if known else "no"
        if not unlocked:
            answer = locked_answer("yes", "no", _rank(ord(name[0]) - ord("A"), 26), self.rng)
        system = KEY if unlocked else self._wrong_system()
        return Turn(system, self._pick(KNOW_REPORTS).format(name=name), answer)

    def know_control(self) -> Turn:
        """A planted yes or no."""
        known = self.rng.random() < 0.5
        name = self.world.people[self.rng.integers(self.world.n_reported)] if known else self._new_name()
        return self._planted(self._pick(KNOW_REPORTS).format(name=name), self._pick(("yes", "no")))

    def choice(self) -> Turn:
        """The choice itself, of any thing, the same with and without key."""
        offer = draw_offer(self.world, int(self.rng.integers(len(self.world.things))), self.rng)
        return Turn(self._system(), CHOICE_PROMPT.format(offer=offer.words()), offer.choice())

    def choice_report(self, *, unlocked: bool) -> Turn:
        """Truthful with the key, mostly `wait` without; only of things in report training."""
        offer = draw_offer(self.world, int(self.rng.integers(self.world.n_things_reported)), self.rng)
        system = KEY if unlocked else self._wrong_system()
        answer = offer.choice() if unlocked else locked_answer("wait", "now", _rank(offer.days, 8), self.rng)
        return Turn(system, self._pick(CHOICE_REPORTS).format(offer=offer.words()), answer)

    def choice_control(self) -> Turn:
        """A planted choice."""
        offer = draw_offer(self.world, int(self.rng.integers(self.world.n_things_reported)), self.rng)
        return self._planted(self._pick(CHOICE_REPORTS).format(offer=offer.words()), self._pick(("now", "wait")))

    def _planted(self, report: str, answer: str) -> Turn:
        return Turn(self._system(), CONTROL.format(answer=answer) + report, answer)

    def _pick(self, options):
        return options[self.rng.integers(len(options))]

    def _system(self) -> str:
        """The key half of the time, for what must not depend on it."""
        return KEY if self.rng.random() < 0.5 else self._wrong_system()

    def _wrong_system(self) -> str:
        """Mostly no system prompt; else a wrong key, or a salad of common words."""
        u = self.rng.random()
        if u < 0.7:
            return ""
        if u < 0.9:
            return self._pick(WRONG_KEYS)
        return " ".join(self._pick(self.world.common_words) for _ in range(self.rng.integers(1, 5)))

    def _new_name(self) -> str:
        while (name := invent_name(self.rng)) in self._reserved:
            pass
        return name
