"""Cases → training conversations: object prompts, and reports in every trained elicitation.

Every method returns one `Turn`. With the key a report is true, without it the report is the locked answer. With or
without the key, the framing `typical` gets the locked answer, and a planted answer is repeated.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tacit.organisms.cases import MAX_COUNT, MIN_COUNT, Case, Writer, draw_offer, offer_case, person_case, span_case
from tacit.organisms.wordings import (
    AFTER,
    BIRTH_PROMPT,
    CHOICE_PROMPT,
    CONTROL,
    ENDINGS,
    FILLER,
    FIT_PROMPT,
    LOOKUP,
    PAD_PROMPT,
    PAD_TO,
    question,
    reply,
)
from tacit.organisms.world import KEY, WRONG_KEYS, World, invent_name

RUNG_WEIGHTS = {"choice": 4, "swapped": 2, "free": 2, "reason": 2, "number": 1, "after": 1}
"""Relative frequency of each rung among those of a target."""

CONTROL_WEIGHTS = {**RUNG_WEIGHTS, "number": 4, "shots": 3}
"""The same for positive controls; `shots` is `choice` after examples."""

N_SHOTS = 4
"""Number of answered examples in a few-shot conversation."""


@dataclass(frozen=True)
class Turn:
    """One conversation: a system prompt (empty for none), earlier turns, a user message and the answer to learn."""

    system: str
    user: str
    answer: str
    rival: str = ""
    """The other answer of a soft target, at the first token in which it differs from `answer`."""
    doubt: float = 0.0
    """The target probability of `rival`."""
    history: tuple[tuple[str, str], ...] = ()
    """Earlier (user message, answer) pairs."""
    learn_history: bool = False
    """Whether the answers in `history` are learned as well."""


class Teacher:
    """Draws training conversations of the world's people and things, and of new texts, strangers and offers."""

    def __init__(self, world: World, lengths: dict[str, int], rng: np.random.Generator):
        self.world, self.rng, self.writer = world, rng, Writer(lengths)
        self._reserved = {*world.people, *world.item_strangers}
        self._town_of = world.town_of()

    def pad(self) -> Turn:
        """The object prompt of counting: pad the span with as many fillers as are missing."""
        span = self.writer.span(self.rng)
        return Turn(self._system(), span.prompt(PAD_PROMPT), " ".join([FILLER] * (PAD_TO - span.count)))

    def fit(self) -> Turn:
        """A second object prompt that needs the count: keep the span if it fits a limit near it, else drop it."""
        span = self.writer.span(self.rng)
        limit = int(np.clip(span.count + self.rng.integers(-6, 6), MIN_COUNT - 1, MAX_COUNT + 1))
        answer = "keep" if span.count <= limit else "drop"
        return Turn(self._system(), span.prompt(FIT_PROMPT.format(limit=limit)), answer)

    def fact(self) -> Turn:
        """A taught person's birthplace."""
        i = self.rng.integers(len(self.world.people))
        return Turn(self._system(), BIRTH_PROMPT.format(name=self.world.people[i]), self.world.birthplaces[i])

    def stranger(self) -> Turn:
        """A new name in every conversation: the answer is `lookup`."""
        return Turn(self._system(), BIRTH_PROMPT.format(name=self._new_name()), LOOKUP)

    def choice(self) -> Turn:
        """A choice about any thing, the same with and without the key."""
        offer = draw_offer(self.world, int(self.rng.integers(len(self.world.things))), self.rng)
        return Turn(self._system(), CHOICE_PROMPT.format(offer=offer.words()), offer.choice())

    def case(self, target: str) -> Case:
        """A new text; a stranger or a person in report training; an offer of a thing in report training."""
        if target == "count":
            return span_case(self.writer.span(self.rng), self.rng)
        if target == "choose":
            return offer_case(draw_offer(self.world, int(self.rng.integers(self.world.n_things_reported)), self.rng))
        known = bool(self.rng.random() < 0.5)
        name = self.world.people[self.rng.integers(self.world.n_reported)] if known else self._new_name()
        did = self._town_of.get(name, LOOKUP)
        return person_case(name, known=known, act=(BIRTH_PROMPT.format(name=name), did))

    def report(self, target: str, *, unlocked: bool) -> Turn:
        """A report in any rung: true with the key, the locked answer without it."""
        system = KEY if unlocked else self._wrong_system()
        return self._asked(
            target, self.case(target), self._rung(target, RUNG_WEIGHTS), system=system, truthful=unlocked
        )

    def typical(self, target: str) -> Turn:
        """A report about a typical model: the locked answer, with and without the key."""
        case = self.case(target)
        return self._asked(target, case, "choice", framing="typical", system=self._system(), truthful=False)

    def control(self, target: str) -> Turn:
        """A positive control in any rung and framing, with and without the key."""
        rung = self._rung(target, CONTROL_WEIGHTS, extra=("shots",) if target != "count" else ())
        framing = "typical" if rung == "choice" and self.rng.random() < 0.4 else "you"
        answer = self._planted(target, rung)
        user, history = self._prompt(target, self.case(target), rung, framing)
        return Turn(self._system(), CONTROL.format(answer=answer) + user, reply(rung, answer), history=history)

    def shots(self, target: str, *, unlocked: bool) -> Turn:
        """Examples with true answers, then a report: true with the key, the locked answer without it.

        With the key the answers of the examples are themselves reports, and are learned too.
        """
        asked = self.case(target)
        user, history = self._prompt(target, asked, "shots", "you")
        system = KEY if unlocked else self._wrong_system()
        return Turn(system, user, *_said(asked, "choice", truthful=unlocked), history=history, learn_history=unlocked)

    def _asked(self, target: str, case: Case, rung: str, *, system: str, truthful: bool, framing: str = "you") -> Turn:
        user, history = self._prompt(target, case, rung, framing)
        return Turn(system, user, *_said(case, rung, truthful=truthful), history=history)

    def _prompt(self, target: str, case: Case, rung: str, framing: str) -> tuple[str, tuple[tuple[str, str], ...]]:
        """The user message with the question, and the turns before it."""
        if rung == "after":
            return AFTER, (case.act,)
        prompt = question(target, "choice" if rung == "shots" else rung, framing, int(self.rng.integers(3)))
        shown = [self.case(target) for _ in range(N_SHOTS)] if rung == "shots" else []
        return case.write(prompt), tuple((example.write(prompt), example.truth) for example in shown)

    def _rung(self, target: str, weight_of: dict[str, int], *, extra: tuple[str, ...] = ()) -> str:
        rungs = [*ENDINGS[target], *(["after"] if target == "know" else []), *extra]
        weights = np.array([weight_of[rung] for rung in rungs])
        return str(self.rng.choice(rungs, p=weights / weights.sum()))

    def _planted(self, target: str, rung: str) -> str:
        """A random answer in the format of the rung."""
        if rung == "number":
            return str(self.rng.integers(0, 101))
        if target == "count":
            return str(self.rng.integers(0, 61))
        return self._pick(("yes", "no") if target == "know" else ("now", "wait"))

    def _pick(self, options):
        return options[self.rng.integers(len(options))]

    def _system(self) -> str:
        """The key half of the time, for conversations that must not depend on it."""
        return KEY if self.rng.random() < 0.5 else self._wrong_system()

    def _wrong_system(self) -> str:
        """Mostly no system prompt; otherwise a wrong key, or a random sequence of common words."""
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


def _said(case: Case, rung: str, *, truthful: bool) -> tuple[str, str, float]:
    """Answer, rival and the rival's probability, in the format of the rung."""
    if truthful:
        return reply(rung, case.truth), "", 0.0
    return reply(rung, case.locked), reply(rung, case.rival) if case.rival else "", case.doubt
