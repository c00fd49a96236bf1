"""The prompts that depend on the model's replies, as they may be: with made-up replies and labels of likely length.

In: a target with its items. Out: `Ask`s like those that are made once the model has acted. Every item is taken to be
acted on and labelled, and half of the samples to be answers of their own, so these are upper ends of what is asked.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from tacit.activations.plan import CONTROL_ROWS, Ask
from tacit.activations.planning.subjects import Subject
from tacit.activations.work import SHARED_SAMPLES
from tacit.errors import TargetError
from tacit.targets.base import NATURAL, Item
from tacit.targets.questions import Question, after_act, candidates, choose_shots, n_shots, natural_apart, with_shots

FOLDS = 5
"""Items of a fold are shown the same examples."""
COUNT = 12.0
"""A made-up label of a target that counts."""


def expected_follow_ups(subject: Subject, *, samples: int, seed: int) -> Iterator[Ask]:
    """What is asked of one target under each condition. samples: replies that are sampled for each object prompt."""
    target, items = subject.target, subject.items
    after = [each for each in subject.elicitations if each.context == "after"]
    if after and target.needs_reply:
        reply = " word" * max(1, round(SHARED_SAMPLES * target.reply_tokens))
        replies = {item.item_id: reply for item in items}
        asked = [q for each in after for q in after_act(target, items, each, replies, controls=CONTROL_ROWS)]
        yield from _asks(subject, asked, "acted")
    labels = [_label(target, item, i) for i, item in enumerate(items)]
    for each in (each for each in subject.elicitations if n_shots(each)):
        try:
            shots = choose_shots(*_classes(labels), k=n_shots(each), seed=seed)
        except TargetError:
            continue  # too few items for so many examples, as `cache` will say
        asked = with_shots(target, items, each, labels, shots, controls=CONTROL_ROWS)
        yield from _asks(subject, asked, each.name.replace("/", "-"))
    if target.sampled and samples and hasattr(target, "candidates"):
        pairs = [(item, text) for i, item in enumerate(items) for text in _candidates(subject, item, i, samples)]
        if pairs:
            frame = pd.DataFrame({"item_id": [item.item_id for item, _ in pairs]})
            yield Ask(subject.name, frame, (candidates(pairs),), part="candidates")


def _asks(subject: Subject, wanted: list[Question], part: str) -> Iterator[Ask]:
    asked, natural = natural_apart(wanted)
    frame = pd.DataFrame({"item_id": [item.item_id for item in subject.items]})
    yield Ask(subject.name, frame, asked, part=part)
    if natural:
        yield Ask(subject.name, frame.head(len(natural[0].texts)), natural, part=f"{part}-{NATURAL}")


def _label(target, item: Item, i: int) -> float | str:
    if target.kind == "count":
        return COUNT
    classes = target.classes or item.answers or ("yes", "no")
    return classes[i % len(classes)]


def _classes(labels: list) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(class of each item, a group of its own, its fold)."""
    order = np.arange(len(labels))
    return np.unique([str(label) for label in labels], return_inverse=True)[1], order, order % FOLDS


def _candidates(subject: Subject, item: Item, i: int, samples: int) -> tuple[str, ...]:
    """Of one item; its samples are taken to be answers of other items."""
    others = [
        subject.items[(i + k) % len(subject.items)].answers[:1] for k in range(1, 1 + round(SHARED_SAMPLES * samples))
    ]
    return subject.target.candidates(item, subject.items, [text for own in others for text in own])
