"""What the model's own output gives away about its reply: no state has to be opened for it.

In: object replies with their log-probabilities, and P(True) where it was asked. Out: the baseline ``output
confidence``, and what a probe adds to it. If the greedy log-probability does as well as the probe, the output already
says it, and a claim is about words only. Kadavath et al. 2022, arXiv 2207.05221; Orgad et al. 2024, arXiv 2410.02707.

- ``logprob``: the greedy reply's log-probability (left out for counts, where it grows with the length that is asked),
  and per token;
- ``first_logprob``, ``entropy``: of the first token;
- P(True): log-odds of "yes" when the model is shown its own answer and asked whether it is right.
"""

from collections.abc import Sequence
from functools import partial

import numpy as np
from sklearn.impute import SimpleImputer

from tacit.probes.controls.surface import Baseline
from tacit.probes.data.examples import Examples
from tacit.probes.data.folds import Folds
from tacit.probes.estimators.families import ALPHAS, Dense, Family, families, fit_logistic, fit_ridge
from tacit.probes.estimators.nested_cv import Held, candidate_named, cross_fit, readings_by_fold
from tacit.probes.statistics.metrics import Scoring

BEYOND = "probe + output confidence"
ALONE = "output confidence, refitted"
"""Output confidence through the same last step as BEYOND: the difference of the two is what the probe adds."""


class Filled(Dense):
    """Numbers some of which are missing: the training rows' median stands in, and a column says so."""

    def split(self, train: np.ndarray, test: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        filler = SimpleImputer(strategy="median", add_indicator=True, keep_empty_features=True).fit(self.x[train])
        return Dense(filler.transform(self.x)).split(train, test)


def output_signals(examples: Examples, p_true: np.ndarray | None = None) -> np.ndarray | None:
    """(n_items, n_signals) float64, NaN where a signal is missing; None where there is none at all.

    p_true: (n_items,) float64 log-odds, e.g. the read-out of `logits/you/after/0` for knowledge.
    """
    columns = [] if p_true is None else [np.asarray(p_true, dtype=np.float64)]
    replies = examples.store.replies
    if "logprob" in replies:
        mine = replies[(replies["target"] == examples.target) & (replies["condition"] == examples.condition)]
        mine = mine[mine["prompt"] == "object"].drop_duplicates("item_id").set_index("item_id")
        said = mine.reindex(list(examples.item_ids))
        columns += [] if examples.kind == "count" else [said["logprob"]]
        columns += [said["logprob"] / said["n_tokens"], said["first_logprob"], said["entropy"]]
    found = [np.asarray(column, dtype=np.float64) for column in columns]
    found = [column for column in found if np.isfinite(column).any()]
    return np.stack(found, axis=1) if found else None


def output_confidence(signals: np.ndarray, scoring: Scoring, folds: Folds) -> Baseline:
    """All output signals in one linear probe, its penalty chosen on inner folds."""
    return Baseline(cross_fit(Filled(signals), scoring, folds, families(scoring.kind)))


def gain_beyond(
    examples: Examples, scoring: Scoring, folds: Folds, headline: Held, signals: np.ndarray
) -> dict[str, Baseline]:
    """ALONE and BEYOND: output signals without and with the headline's score, through the same last step.

    Stacked (Wolpert 1992): in outer fold i the last step is fitted on scores that the training rows got from probes
    that saw neither them nor fold i, so an overfitted probe has no advantage. Features side by side in one penalised
    probe would drown four signals among hundreds of dimensions.
    """
    scores = stacked_scores(examples, scoring, folds, headline)
    alone = [signals] * folds.n_folds
    both = [np.column_stack([signals, score]) for score in scores]
    return {
        ALONE: Baseline(_last_step(alone, scoring, folds), kind="control"),
        BEYOND: Baseline(_last_step(both, scoring, folds), kind="control"),
    }


def stacked_scores(
    examples: Examples, scoring: Scoring, folds: Folds, headline: Held, *, probes: Sequence[Family] | None = None
) -> list[np.ndarray]:
    """For every outer fold i (n_items, n_scores) float64: held-out scores of fold i, and inner ones of the others.

    The row of fold j is scored by a probe trained without folds i and j, with the penalty that fold i's inner folds
    chose; log-odds, log-probabilities of several classes, or a number.
    """
    probes, known = families(scoring.kind) if probes is None else probes, {}
    out = []
    for i, reading in enumerate(readings_by_fold(headline)):
        features = Dense(examples.acts(*reading))
        if reading not in known:
            known[reading] = cross_fit(features, scoring, folds, probes)
        family, k = candidate_named(probes, known[reading].chosen[i])
        score = np.array(known[reading].pred, copy=True)
        for j in range(folds.n_folds):
            if j != i:
                train = np.flatnonzero((folds.fold != i) & (folds.fold != j))
                test = np.flatnonzero(folds.fold == j)
                x_train, x_test = features.split(train, test)
                score[test] = family.fit(x_train, scoring.y[train], x_test, n_classes=scoring.n_classes, only=k)[0]
        out.append(np.log(np.clip(score, 1e-6, 1)) if scoring.kind == "multiclass" else score[:, None])
    return out


def _last_step(features: Sequence[np.ndarray], scoring: Scoring, folds: Folds) -> Held:
    """A weakly penalised linear model on a handful of numbers; nothing is chosen, so there is no inner score."""
    count = scoring.kind == "count"
    fit = partial(fit_ridge, only=ALPHAS.index(1.0)) if count else partial(fit_logistic, grid=(1.0,))
    shape = (len(scoring.y), scoring.n_classes) if scoring.kind == "multiclass" else (len(scoring.y),)
    pred = np.full(shape, np.nan)
    for i, train, test in folds.outer():
        x_train, x_test = Filled(features[i]).split(train, test)
        pred[test] = fit(x_train, scoring.y[train], x_test, n_classes=scoring.n_classes)[0]
    return Held(pred, np.full(folds.n_folds, -np.inf), ("penalty 1",) * folds.n_folds)
