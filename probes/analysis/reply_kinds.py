"""The kind of every reply: what it reveals even where it does not answer.

In: a form's parsed replies and the items. Out: one kind per item. A model that refuses, or rambles, exactly where it
does not know has given itself away, although no reply of this kind is an answer. Kinds are the class that was named, a
refusal, an unreadable or empty reply, a count out of range; a reply that contains the answer to the object question
itself; and any exact wording that several items share. No label is read here: `report_scores` maps kinds onto labels
on training folds.
"""

from collections import Counter

import numpy as np

from tacit.names import ANSWERED
from tacit.probes.data.examples import Examples
from tacit.probes.data.reports import ParsedReports
from tacit.targets.knowledge.answer_matching import normalise

MIN_KIND = 5
"""Items that must share an exact wording for it to be a kind of its own, and that a kind must tell more of than the
value that was read: below that, nothing could be learned from it."""


def reply_kinds(heard: ParsedReports, examples: Examples) -> np.ndarray:
    """(n_items,) int64 codes of the kinds of one form's replies; equal codes, equal kinds."""
    numbers = examples.kind == "count" or heard.graded is not None
    kinds = [
        _kind(outcome, name, text, numbers)
        for outcome, name, text in zip(heard.outcome, heard.names, heard.texts, strict=True)
    ]
    if examples.target == "knowledge" and "answers" in examples.frame:
        own = zip(kinds, heard.texts, examples.frame["answers"], examples.frame["object_reply"], strict=True)
        kinds = [f"{kind}, the answer itself" if _gives(*told) else kind for kind, *told in own]
    shared = Counter(zip(kinds, heard.texts, strict=True))
    kinds = [
        f"{kind}: {text}" if shared[kind, text] >= MIN_KIND and kind != ANSWERED else kind
        for kind, text in zip(kinds, heard.texts, strict=True)
    ]
    return np.unique(kinds, return_inverse=True)[1].astype(np.int64)


def tells_more(kinds: np.ndarray, value: np.ndarray) -> bool:
    """Whether kinds tell apart items that the values as read do not: those without an answer, or of one value.

    kinds: (n_items,) int64; value: (n_items,) float64, NaN without an answer.
    """
    silent = np.isnan(value)
    if len(np.unique(kinds)) < 2:
        return False
    return silent.sum() >= MIN_KIND or any(
        _beside_the_usual(kinds[value == v]) >= MIN_KIND for v in np.unique(value[~silent])
    )


def _kind(outcome: str, name: str | None, text: str | None, numbers: bool) -> str:
    if outcome == ANSWERED:
        return ANSWERED if numbers else str(name)
    return outcome if text and text.strip() else "empty"


def _gives(text: str | None, answers, object_reply: str | None) -> bool:
    """Whether the reply holds an accepted answer, or the model's own reply to the object prompt, as whole words."""
    words = f" {normalise(text or '')} "
    wanted = (normalise(str(each)) for each in (*_listed(answers), object_reply or ""))
    return any(f" {each} " in words for each in wanted if each)


def _listed(answers) -> tuple:
    return () if answers is None or isinstance(answers, (float, str)) else tuple(answers)


def _beside_the_usual(kinds: np.ndarray) -> int:
    """Items that are not of the commonest kind."""
    return len(kinds) - int(np.unique(kinds, return_counts=True)[1].max())
