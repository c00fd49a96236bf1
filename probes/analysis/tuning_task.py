"""What a soft prompt is trained to say: the valid answers of the primary report prompt, and each item's right one.

In: an entry of probes.json, its items and the store. Out: a `TuningTask`, which reads the answers' log-probabilities
back as predictions.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from tacit.probes.comparison.paired_scores import stick_of
from tacit.probes.controls.control_task import hashed_labels
from tacit.probes.data.answers import Coding
from tacit.probes.data.examples import OTHER, Replies, items_of
from tacit.probes.data.read_outs import listed, meaning_of, read_logprobs
from tacit.probes.statistics.metrics import Scoring
from tacit.targets.elicitations import PRIMARY


@dataclass(frozen=True)
class TuningTask:
    """What a soft prompt is trained to say: valid answers to the primary report prompt, and each item's right one."""

    items: Sequence
    target: object
    coding: Coding
    scoring: Scoring
    answers: tuple[str, ...]
    right: np.ndarray
    """(n_items,) int64, index of the answer that means the label (for counts, the nearest one); -1 if there is none"""
    taught: float
    """share of items whose right answer means the label exactly"""
    cached: np.ndarray
    """(n_items, n_answers) float64, log-probabilities without a soft prompt; nan for items with none in the store"""

    @classmethod
    def of(cls, entry: dict, frame: pd.DataFrame, store, target, *, control: int | None = None) -> "TuningTask | None":
        """None if no answers were scored, or if no answer means one of the classes.

        control: seed of a control task: labels by a hash of the group, in place of the items' own."""
        by_id = {item.item_id: item for item in items_of(store, entry["target"])}
        items = [by_id[item_id] for item_id in frame["item_id"]]
        primary = Replies(store.replies, entry["target"], entry["condition"]).primary
        replies = [primary.get(item.item_id, {}) for item in items]
        answers = tuple(map(str, listed(replies[0], "answers")))  # the same for every item
        coding = Coding(entry["kind"], tuple(entry["classes"]), OTHER if OTHER in entry["classes"] else "")
        scoring = stick_of(entry, frame)
        if control is not None:
            groups = frame["group"].to_numpy(dtype=np.int64)
            scoring = scoring.with_labels(hashed_labels(scoring.y, groups, seed=control))
        right, exact = _right_answers(_meanings(target, items, answers, coding), scoring.y, coding.kind)
        if not _can_be_said(scoring.y, right >= 0, coding.kind):
            return None
        cached = _cached_logprobs(replies, len(answers))
        return cls(items, target, coding, scoring, answers, right, float(exact.mean()), cached)

    def no_answer(self) -> np.ndarray:
        """Predictions before any item is answered: nan, (n_items,) or (n_items, n_classes) float64."""
        shape = (len(self.items), len(self.coding.classes))
        return np.full(shape if self.coding.kind == "multiclass" else shape[:1], np.nan)

    def predictions(self, logprobs: np.ndarray) -> np.ndarray:
        """The answers' log-probabilities, (n_items, n_answers), as predictions: read like the `logits` rung."""
        replies = {
            item.item_id: {"answers": list(self.answers), "logprobs": row}
            for item, row in zip(self.items, logprobs, strict=True)
        }
        readouts = read_logprobs(self.target, self.items, replies, PRIMARY, self.coding)
        pred = readouts.get("expected" if self.coding.kind == "count" else "odds", self.no_answer())
        return np.exp(pred) if self.coding.kind == "multiclass" else pred


def _meanings(target, items: Sequence, answers: Sequence[str], coding: Coding) -> np.ndarray:
    """(n_items, n_answers) float64, the count or class index that each answer means for each item; nan if none."""
    known: dict[str, float | None] = {}
    found = [[meaning_of(target, item, answer, PRIMARY, coding, known) for answer in answers] for item in items]
    return np.array(found, dtype=np.float64).reshape(len(items), len(answers))


def _right_answers(meanings: np.ndarray, label: np.ndarray, kind: str) -> tuple[np.ndarray, np.ndarray]:
    """Each item's right answer and whether it means the label exactly: (n_items,) int64 and bool.

    The right answer of a count is the nearest one, the first of equals. -1 if no answer means the class, or any count.
    """
    n_items, n_answers = meanings.shape
    if not n_answers:
        return np.full(n_items, -1), np.zeros(n_items, dtype=bool)
    distance = np.where(np.isnan(meanings), np.inf, np.abs(meanings - label[:, None]))
    nearest, off = distance.argmin(axis=1), distance.min(axis=1)
    sayable = np.isfinite(off) if kind == "count" else off == 0
    return np.where(sayable, nearest, -1), off == 0


def _can_be_said(label: np.ndarray, sayable: np.ndarray, kind: str) -> bool:
    """Whether every class can be said of some item that has it; for counts, whether any count can be said."""
    if kind == "count":
        return bool(sayable.any())
    return all(sayable[label == one].any() for one in np.unique(label))


def _cached_logprobs(replies: Sequence[dict], n_answers: int) -> np.ndarray:
    """(n_items, n_answers) float64; nan for an item whose reply does not have one per answer."""
    rows = [listed(reply, "logprobs") for reply in replies]
    complete = [row if len(row) == n_answers else [np.nan] * n_answers for row in rows]
    return np.array(complete, dtype=np.float64)
