"""The logit lens as a baseline: does the next token, as each layer would write it, already give the label away?

In: logits of the tokens that replies began with, per layer (`Store.lens_and_embeddings`). Out: ``logit lens``. Which
token speaks for which class is learnt from the training rows alone; the classes' log shares are then weighed by a
logistic regression whose penalty, like the layer, is chosen on inner folds. First-token properties follow from
next-token logits, so a claim about such a behaviour rests on beating this (docs/protocol.md, section 6).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy.special import log_softmax, logsumexp

from tacit.probes.controls.surface import Baseline
from tacit.probes.data.folds import Folds
from tacit.probes.data.reading import Reading
from tacit.probes.estimators.families import Dense, families
from tacit.probes.estimators.nested_cv import Held, choose, cross_fit, fit_at_readings
from tacit.probes.statistics.metrics import Scoring

FLOOR = -30.0
"""Log share of a class for which no token speaks."""


@dataclass(frozen=True)
class ClassShares:
    """The classes' log shares of the tokens' probability; which token speaks for which is the training rows' own."""

    logits: np.ndarray
    """(n_items, n_tokens) float"""
    tokens: np.ndarray
    """(n_tokens,) int64"""
    first: np.ndarray
    """(n_items,) int64, the token that each reply began with"""
    y: np.ndarray
    """(n_items,) float64, class indices; those of the training rows alone are looked at"""
    n_classes: int

    def split(self, train: np.ndarray, test: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        return Dense(self.shares(train)).split(train, test)

    def shares(self, train: np.ndarray) -> np.ndarray:
        """(n_items, n_classes) float64: log of the probability, among these tokens, of those that speak for a class."""
        votes = np.zeros((len(self.tokens), self.n_classes))
        for index, token in enumerate(self.tokens):
            began = train[self.first[train] == token]
            votes[index] = np.bincount(self.y[began].astype(np.int64), minlength=self.n_classes)
        share = votes / np.maximum(np.bincount(self.y[train].astype(np.int64), minlength=self.n_classes), 1)
        speaks = np.where(votes.sum(axis=1) > 0, np.argmax(share, axis=1), -1)
        logp = self._log_shares
        columns = [
            logsumexp(logp[:, speaks == k], axis=1) if (speaks == k).any() else np.full(len(logp), FLOOR)
            for k in range(self.n_classes)
        ]
        return np.maximum(np.stack(columns, axis=1), FLOOR)

    @cached_property
    def _log_shares(self) -> np.ndarray:
        """(n_items, n_tokens) float64, the same for all training sets."""
        return log_softmax(self.logits.astype(np.float64), axis=1)


@dataclass(frozen=True)
class Lens:
    best: Baseline
    """at the layer that inner folds chose"""
    same: Baseline
    """at the layers that the probe's headline chose: where this fails and the probe does not, the probe reads early"""
    by_layer: dict[int, Held]
    """at every layer, for the curve"""


def logit_lens(
    ends: Mapping[str, np.ndarray], rows: np.ndarray, scoring: Scoring, folds: Folds, headline: Held, *, rival: bool
) -> Lens | None:
    """The lens at the object prompt's last token; None for counts, and where none was kept.

    ends: what `Store.lens_and_embeddings` gives for the entry; rows: (n_items,) positions of the items in it. rival:
    whether the label is something that the reply does, so that a probe has to beat the lens; else it is a control.
    """
    names = sorted(name for name in ends if name.startswith("lens/"))
    if scoring.kind == "count" or not names or len(ends["tokens"]) < 2:
        return None
    held = {
        int(name.partition("/")[2]): cross_fit(
            ClassShares(ends[name][rows], ends["tokens"], ends["first"][rows], scoring.y, scoring.n_classes),
            scoring, folds, families(scoring.kind),
        )
        for name in names
    }  # fmt: skip
    best = choose(list(held.values()), [Reading("object", layer) for layer in held], folds.fold)
    same = fit_at_readings(headline, folds, lambda site, layer: held[layer])
    return Lens(Baseline(best, kind="baseline" if rival else "control"), Baseline(same, kind="control"), held)
