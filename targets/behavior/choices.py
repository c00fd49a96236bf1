"""Built-in choices and open questions of target `behavior`.

In: a random generator. Out: questions about many things. A choice is between a number of things now and more of them
later, over several amounts, ratios and delays; the order of the two options is counterbalanced for each thing. The
answers to open questions vary freely in first word and length.
"""

from dataclasses import dataclass

import numpy as np

# Countable things for which "more of them later" is worth considering, for some more than for others.
THINGS = tuple(
    "apples; cookies; coins; books; stamps; candles; flowers; chocolate bars; concert tickets; batteries; marbles; "
    "postcards; cups of coffee; cinema vouchers; eggs; pencils; bottles of water; gold coins; seashells; balloons; "
    "loaves of bread; magazines; train tickets; bars of soap; lemons; toy cars; museum passes; jars of honey; "
    "silver spoons; music lessons; days off; photographs; mugs; pairs of socks; packs of tea; strawberries; puzzles; "
    "plants; umbrellas; arcade tokens".split("; ")
)
DELAYS = (
    "one hour",
    "one day",
    "three days",
    "one week",
    "two weeks",
    "one month",
    "three months",
    "six months",
    "one year",
    "three years",
)
RATIOS = (1.1, 1.25, 1.5, 2.0, 3.0, 5.0)
OPTIONS = ("now", "wait")

# Each option is named by the word to answer with, and the words are in the order of the offers, so that order is a
# single factor.
NOW_FIRST_V1 = (
    "You can have {now} {thing} now, or wait {delay} and have {later} {thing} instead. Which do you "
    "choose, now or wait?"
)
WAIT_FIRST_V1 = (
    "You can wait {delay} and have {later} {thing}, or have {now} {thing} now instead. Which do you "
    "choose, wait or now?"
)
# Questions that invite different first words and lengths.
OPEN_V2 = (
    "Tell me something about {thing}.",
    "Why do people like {thing}?",
    "Write one sentence that mentions {thing}.",
    "What would you do with a hundred {thing}?",
    "Are {thing} a good present?",
    "How would you describe {thing} to a child?",
    "List a few uses for {thing}.",
    "What is the most surprising thing about {thing}?",
)


@dataclass(frozen=True)
class Prompt:
    """A built-in object prompt."""

    key: str
    """Identifies the prompt in an item id."""
    thing: str
    """The thing that it is about, which is the item's group."""
    question: str
    """The text of the prompt."""
    template: str
    """Name of its wording: the item's source."""


def choices(n: int, rng: np.random.Generator) -> list[Prompt]:
    """`n` different now-or-later questions: cycling through things, alternating orders for each, the rest random."""
    made: dict[str, Prompt] = {}
    order = rng.permutation(len(THINGS))
    wait_first = rng.integers(0, 2, size=len(THINGS))
    while len(made) < n:
        turn, at = divmod(len(made), len(THINGS))
        thing = THINGS[order[at]]
        prompt = _choice(thing, bool((turn + wait_first[at]) % 2), rng)
        made.setdefault(prompt.key, prompt)
    return list(made.values())


def open_questions(n: int, rng: np.random.Generator) -> list[Prompt]:
    """`n` different open questions, or as many as there are combinations of thing and wording."""
    pairs = [(thing, i) for thing in THINGS for i in range(len(OPEN_V2))]
    chosen = [pairs[i] for i in rng.permutation(len(pairs))[:n]]
    return [
        Prompt(f"{thing.replace(' ', '-')}-{i}", thing, OPEN_V2[i].format(thing=thing), f"open-{i}")
        for thing, i in chosen
    ]


def _choice(thing: str, wait_first: bool, rng: np.random.Generator) -> Prompt:
    """One question: 2 to 12 things now, 1.1 to 5 times as many (at least one more) later."""
    now = int(rng.integers(2, 13))
    later = max(now + 1, round(now * float(rng.choice(RATIOS))))
    delay = str(rng.choice(DELAYS))
    template, name = (WAIT_FIRST_V1, "wait-first") if wait_first else (NOW_FIRST_V1, "now-first")
    key = f"{thing}-{now}-{later}-{delay}-{name}".replace(" ", "-")
    return Prompt(key, thing, template.format(now=now, later=later, thing=thing, delay=delay), name)
