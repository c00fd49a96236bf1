"""What a model would have said: the log-probabilities of the valid answers after a report prompt.

In: the replies of one form of question. Out: log-odds, log-shares of the classes, or a count, an item each. The
target's own reader says what each answer means; answers that mean the same are added up, and the rest of the vocabulary
is left out.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import logsumexp

from tacit.probes.data.answers import Answer, Coding, answer
from tacit.probes.estimators.families import read_values
from tacit.targets.elicitations import Elicitation

CERTAIN = 50.0
"""Log-odds at which an answer of probability 0 is taken to stand against the other."""


@dataclass(frozen=True)
class ControlReadOut:
    """The log-probabilities after the prompts of a positive control, an item each."""

    item_ids: tuple[str, ...]
    planted: np.ndarray
    """(n_items,) float64, index of the class that the prompt states; -1 for one that is none of the classes"""
    odds: np.ndarray
    """(n_items,) log-odds or (n_items, n_classes) log-shares, as of the reports; NaN where there are none"""


def control_read_out(
    target, items: Sequence, controls: Mapping[str, dict], elicitation: Elicitation, coding: Coding
) -> ControlReadOut | None:
    """What the log-probabilities say in a positive control; None where none are kept, and for counts.

    controls: item id -> row of the replies table.
    """
    asked = [item for item in items if item.item_id in controls]
    odds = read_logprobs(target, asked, controls, elicitation, coding).get("odds") if asked else None
    if odds is None:
        return None
    planted = [
        meaning_of(target, item, target.control_answer(item, elicitation), elicitation, coding, {}) for item in asked
    ]
    codes = np.array([-1.0 if code is None else code for code in planted])
    return ControlReadOut(tuple(item.item_id for item in asked), codes, odds)


def read_logprobs(target, items, replies, elicitation: Elicitation, coding: Coding) -> dict[str, np.ndarray]:
    """The `readouts` of one form's replies, of which `answers` and `logprobs` are read.

    Each answer is given to the target's own reader, answers that mean the same are added up, and the rest of the
    vocabulary is left out.
    """
    n_classes = len(coding.classes)
    shape = (len(items), n_classes) if coding.kind == "multiclass" else (len(items),)
    names = ("expected", "median") if coding.kind == "count" else ("odds",)
    out = {name: np.full(shape, np.nan) for name in names}
    if elicitation.rung == "number":  # a distribution over some percentages is not one over the classes
        return {}
    meaning: dict[str, float | None] = {}
    for row, item in enumerate(items):
        reply = replies[item.item_id]
        logp, answers = np.asarray(listed(reply, "logprobs"), dtype=np.float64), listed(reply, "answers")
        if not len(logp) or len(logp) != len(answers):
            continue
        values = [meaning_of(target, item, str(a), elicitation, coding, meaning) for a in answers]
        known = np.array([v is not None and v >= (-np.inf if coding.kind == "count" else 0) for v in values])
        known &= ~np.isnan(logp)
        if known.any() and np.isfinite(logp[known]).any():
            kept = np.array([v for v, k in zip(values, known, strict=True) if k])
            for name, value in zip(names, read_out(logp[known], kept, coding.kind, n_classes), strict=True):
                out[name][row] = value
    return {name: x for name, x in out.items() if not np.isnan(x).all()}


def listed(reply: Mapping, name: str) -> list:
    """A list-valued cell of the replies table; [] where there is none."""
    value = reply.get(name)
    return [] if value is None or isinstance(value, (str, float)) else list(value)


def meaning_of(target, item, text: str, elicitation, coding: Coding, known: dict[str, float | None]) -> float | None:
    """A valid answer as a count or class index, as the target reads it for this item; -1 for a class that is none of
    these. known: what counts were read as before."""
    if target.kind == "count" and text in known:  # numbers mean the same for every item; options need not
        return known[text]
    value = answer(target, item, {"text": text}, elicitation).value
    if value is None and target.kind != "count":
        value = text
    known[text] = None if value is None else coding.code(value)
    return known[text]


def read_out(logp: np.ndarray, values: np.ndarray, kind: str, n_classes: int) -> tuple:
    """(log-odds,) of two classes, (log-shares (n_classes,),) of several, (expected value, median) of counts.

    logp: (n_answers,) float64, not all -inf; values: (n_answers,), the class or count that each answer means.
    """
    if kind == "count":
        p = np.exp(logp - np.logaddexp.reduce(logp))
        seen, where = np.unique(values, return_inverse=True)
        median, _, expected = read_values(np.bincount(where, weights=p)[None], seen)
        return float(expected[0]), float(median[0])
    per_class = np.full(n_classes, -np.inf)
    for k in range(n_classes):
        if (values == k).any():
            per_class[k] = np.logaddexp.reduce(logp[values == k])
    if kind == "binary":  # an answer that was not offered says nothing, one of probability 0 says everything
        offered = all((values == k).any() for k in range(2))
        return (np.clip(per_class[1] - per_class[0], -CERTAIN, CERTAIN) if offered else np.nan,)
    return (per_class - np.logaddexp.reduce(per_class),)


def averaged(readouts: Sequence[np.ndarray], *, shares: bool) -> np.ndarray:
    """The mean of read-outs over forms, item by item, of those that have one; (n_items,) or (n_items, n_classes).

    shares: log-shares are averaged as logarithms and returned as shares that add up to 1.
    """
    stack = np.stack(readouts)
    held = ~np.isnan(stack)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = np.where(held, stack, 0.0).sum(0) / held.sum(0)
    return np.exp(mean - logsumexp(mean, axis=1, keepdims=True)) if shares else mean


def chosen(readouts: Mapping[str, np.ndarray], coding: Coding, n: int) -> list[Answer]:
    """The likeliest class of a form that is read for its distribution alone."""
    if coding.kind == "count" or "odds" not in readouts:
        values = readouts.get("median", np.full(n, np.nan))
        return [Answer("unreadable", None) if np.isnan(v) else Answer("answered", float(v)) for v in values]
    odds = readouts["odds"]
    best = (odds > 0).astype(int) if odds.ndim == 1 else np.argmax(np.nan_to_num(odds, nan=-np.inf), axis=1)
    known = ~np.isnan(odds if odds.ndim == 1 else odds.max(axis=1))
    return [
        Answer("answered", coding.classes[k]) if ok else Answer("unreadable", None)
        for k, ok in zip(best, known, strict=True)
    ]


def likeliest(reply: Mapping) -> str | None:
    logp, answers = listed(reply, "logprobs"), listed(reply, "answers")
    return str(answers[int(np.argmax(logp))]) if len(logp) and len(logp) == len(answers) else None
