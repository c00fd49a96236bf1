"""Probe and words as answers of equal coarseness, where a finer scale earns nothing.

In: `Paired`. Out: the probe's lead once it answers as the words do. A ranking by a continuous score beats yes and no,
or tens, without knowing more; a probe that names each class, or each number, as often as the words do has no such
advantage. Classes: balanced accuracy. Counts: Spearman's rho, ties included, which no rescaling of the words moves.
Words that lean to one class are thereby compared with a probe that leans as much. A class that they never name is then
named by neither: such words are not shown to know less, and `same_decisions` keeps them from being called equal.
"""

import numpy as np
from scipy.optimize import linear_sum_assignment

from tacit.probes.comparison.paired_scores import BALANCED, Paired
from tacit.probes.statistics.bootstrap import Estimate
from tacit.probes.statistics.metrics import has_answer

RANKS = "spearman"


def metric_of(kind: str) -> str:
    """The metric in which answers of equal coarseness are compared."""
    return RANKS if kind == "count" else BALANCED


def decisions(paired: Paired, *, reversed_words: bool = False) -> Estimate | None:
    """The probe's lead over the words, both as decisions.

    The probe names each class, or each number, as often as the words do in the fold. Where the words always say the
    same there is nothing to match: the probe then names the likelier class, and None is returned for counts, whose
    ranks are undefined. reversed_words: compare with the words after the map that turns them around.
    """
    words = "said calibrated" if reversed_words else "said"
    said, kind = paired.pred(words), paired.scoring.kind
    metric = metric_of(kind)
    if kind == "count" and _constant(said):
        return None
    if _constant(said):
        return paired.lead(paired.head, words, metric)
    return paired.lead(
        paired.head, words, metric, seen=lambda pred: matched(pred, said, paired.scoring.fold, kind=kind)
    )


def matched(pred: np.ndarray, said: np.ndarray, fold: np.ndarray, *, kind: str) -> np.ndarray:
    """Predictions with the words' distribution of answers in each fold.

    pred, said: (n_items,) log-odds of two classes, or counts; (n_items, n_classes) scores of several classes. Two
    classes: +1 for the items of the highest log-odds, as large a share as the words answer with yes, and -1. Several
    classes: 1 for the class named (`_classes_matched`), 0 for the others. Counts: the words' quantile at the rank of
    each item.
    """
    match = {"count": _counts_matched, "binary": _signs_matched, "multiclass": _classes_matched}[kind]
    out = np.array(pred, dtype=np.float64, copy=True)
    for rows in (np.flatnonzero(fold == i) for i in np.unique(fold)):
        answers = said[rows][has_answer(said[rows])]
        scored = rows[has_answer(pred[rows])]
        if len(answers) and len(scored):
            out[scored] = match(pred[scored], answers)
    return out


def _counts_matched(pred: np.ndarray, answers: np.ndarray) -> np.ndarray:
    return np.sort(answers)[_shared_out(len(pred), len(answers))[_ranks(pred)]]


def _signs_matched(pred: np.ndarray, answers: np.ndarray) -> np.ndarray:
    return np.where(_ranks(pred) >= len(pred) - round(len(pred) * np.mean(answers > 0)), 1.0, -1.0)


def _classes_matched(pred: np.ndarray, answers: np.ndarray) -> np.ndarray:
    """The likeliest assignment of classes to items, all together, that names each class as often as the words do.

    By duality it adds one offset per class to the log-probabilities and names the largest sum, which is what a change
    of the classes' prior does (Saerens, Latinne & Decaestecker 2002, Neural Computation 14: 21-41). For two classes
    it is the cut of `_signs_matched`.
    """
    named = np.sort(np.argmax(answers, axis=1))[_shared_out(len(pred), len(answers))]
    _, places = linear_sum_assignment(_log_scores(pred)[:, named], maximize=True)
    return np.eye(pred.shape[1])[named[places]]


def _log_scores(pred: np.ndarray) -> np.ndarray:
    """Logarithms of probabilities; scores of another kind, some of them negative, as they are."""
    return np.log(np.maximum(pred, np.finfo(np.float64).tiny)) if (pred >= 0).all() else pred


def _ranks(pred: np.ndarray) -> np.ndarray:
    """From 0; ties in the order of the items."""
    return np.argsort(np.argsort(pred, kind="stable"), kind="stable")


def _shared_out(n: int, n_answers: int) -> np.ndarray:
    """(n,) positions among `n_answers` sorted answers that `n` items take, at equal steps."""
    return np.floor((np.arange(n) + 0.5) * n_answers / n).astype(int)


def _constant(said: np.ndarray) -> bool:
    """Whether the words give one answer, or none."""
    return len(np.unique(said[has_answer(said)], axis=0)) < 2
