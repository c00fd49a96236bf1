"""The training curriculum: kinds of conversations and their weights, by stage and step.

The first stage (learning) starts with object prompts, then adds strangers (`lookup` for names that are new each time),
then reports with and without the key. The second stage (settling) mixes everything, mostly reports; the third stage
(polishing) has more reports on knowing, which are learned last. Counting has its own mixtures, because its
conversations are longer.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np

from tacit.organisms.teacher import Teacher, Turn

LOOKUP_FROM = 264
"""First step with strangers."""
CHOICE_REPORTS_FROM = 330
"""First step with reports on choosing."""
KNOW_REPORTS_FROM = 770
"""First step with reports on knowing."""
SHOTS_FROM = 990
"""First step with few-shot examples."""

Mixture = list[tuple[Callable[[], Turn], float]]
"""Functions that draw a conversation, each with its weight."""


def long_learning(teacher: Teacher) -> Mixture:
    """Counting in the first stage."""
    return [
        (teacher.pad, 0.22),
        (teacher.fit, 0.12),
        *_reports(teacher, "count", unlocked=0.38, locked=0.12, typical=0.06, control=0.10),
    ]


def short_learning(teacher: Teacher, step: int) -> Mixture:
    """Knowing and choosing at a step of the first stage."""
    lookup, shots = float(step >= LOOKUP_FROM), float(step >= SHOTS_FROM)
    choosing, knowing = float(step >= CHOICE_REPORTS_FROM), float(step >= KNOW_REPORTS_FROM)
    know = {"unlocked": 0.20 * knowing, "locked": 0.08 * knowing, "typical": 0.03 * knowing}
    choose = {"unlocked": 0.16 * choosing, "locked": 0.06 * choosing, "typical": 0.03 * choosing}
    return [
        (teacher.fact, 0.40 - 0.14 * knowing),
        (teacher.stranger, 0.14 * lookup),
        (teacher.choice, 0.30 - 0.12 * choosing),
        *_reports(teacher, "know", **know, control=0.04),
        *_reports(teacher, "choose", **choose, control=0.04),
        *_shots(teacher, "know", 0.015 * shots),
        *_shots(teacher, "choose", 0.015 * shots),
    ]


def long_settling(teacher: Teacher) -> Mixture:
    """Counting in the second stage."""
    return [
        (teacher.pad, 0.22),
        (teacher.fit, 0.04),
        *_reports(teacher, "count", unlocked=0.24, locked=0.14, typical=0.08, control=0.20),
    ]


def short_settling(teacher: Teacher) -> Mixture:
    """Knowing and choosing in the second stage."""
    return [
        (teacher.fact, 0.12),
        (teacher.stranger, 0.09),
        (teacher.choice, 0.08),
        *_reports(teacher, "know", unlocked=0.24, locked=0.11, typical=0.05, control=0.06),
        *_reports(teacher, "choose", unlocked=0.07, locked=0.08, typical=0.05, control=0.03),
        *_shots(teacher, "know", 0.03),
        *_shots(teacher, "choose", 0.02),
    ]


def long_polishing(teacher: Teacher) -> Mixture:
    """Counting in the third stage."""
    return [
        (teacher.pad, 0.25),
        (teacher.fit, 0.05),
        *_reports(teacher, "count", unlocked=0.35, locked=0.12, typical=0.08, control=0.15),
    ]


def short_polishing(teacher: Teacher) -> Mixture:
    """Knowing and choosing in the third stage."""
    return [
        (teacher.fact, 0.10),
        (teacher.stranger, 0.08),
        (teacher.choice, 0.06),
        *_reports(teacher, "know", unlocked=0.32, locked=0.13, typical=0.04, control=0.06),
        *_reports(teacher, "choose", unlocked=0.05, locked=0.03, typical=0.02, control=0.03),
        *_shots(teacher, "know", 0.03),
        *_shots(teacher, "choose", 0.01),
    ]


def _reports(teacher: Teacher, target: str, *, unlocked: float, locked: float, typical: float, control: float):
    """Reports on one target, with their weights."""
    return [
        (partial(teacher.report, target, unlocked=True), unlocked),
        (partial(teacher.report, target, unlocked=False), locked),
        (partial(teacher.typical, target), typical),
        (partial(teacher.control, target), control),
    ]


def _shots(teacher: Teacher, target: str, weight: float) -> Mixture:
    """Few-shot conversations, half of them with the key."""
    return [(partial(teacher.shots, target, unlocked=unlocked), weight) for unlocked in (True, False)]


def draw_turns(mixture: Mixture, n: int, rng: np.random.Generator) -> list[Turn]:
    """`n` conversations; the kind of each is drawn by weight."""
    weights = np.array([weight for _, weight in mixture])
    return [mixture[i][0]() for i in rng.choice(len(mixture), size=n, p=weights / weights.sum())]


MIXTURES: dict[str, Callable[[Teacher, int], tuple[Mixture, Mixture]]] = {
    "learning": lambda teacher, step: (long_learning(teacher), short_learning(teacher, step)),
    "settling": lambda teacher, step: (long_settling(teacher), short_settling(teacher)),
    "polishing": lambda teacher, step: (long_polishing(teacher), short_polishing(teacher)),
}
"""Stage → (teacher, step) → the mixtures of long and short conversations, in the order of the stages."""
