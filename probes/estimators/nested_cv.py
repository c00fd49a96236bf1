"""Nested cross-fitting of one set of features: every item gets a score from a model that never saw its group.

In: features that can be split, scoring, folds, families. Out: `Held`: held-out predictions, the inner score on
which each outer fold's candidate was chosen, and what was chosen. A layer, a baseline and a calibrated report are all
cross-fitted here, and `choose` picks among any of them on inner scores alone.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cache

import numpy as np
from sklearn import config_context

from tacit.probes.data.folds import Folds
from tacit.probes.data.reading import Reading
from tacit.probes.estimators.batched_cv import Prepared, cross_fit_labellings
from tacit.probes.estimators.families import Dense, Family
from tacit.probes.statistics.metrics import Scoring, measure


@dataclass(frozen=True)
class Held:
    pred: np.ndarray
    """(n_items,) or (n_items, n_classes) float64, held out"""
    inner: np.ndarray
    """(n_folds,) float64, inner score of the chosen candidate of each outer fold; -inf if undefined"""
    chosen: tuple[str, ...] | tuple[Reading, ...]
    """per outer fold: family and penalty such as "ridge alpha=1", a report rung, or the reading of a layer search"""

    @property
    def usual(self) -> str | Reading:
        """The most frequent choice; the first of equals."""
        return Counter(self.chosen).most_common(1)[0][0]


def cross_fit(
    features,
    scoring: Scoring,
    folds: Folds,
    families: Sequence[Family],
    *,
    inner: bool = True,
    prepared: Prepared | None = None,
) -> Held:
    """Choose family and penalty on inner folds, refit on the outer training part, predict the outer fold.

    features: an object with ``split(train, test) -> (x_train, x_test)`` that fits what it must on `train` alone.
    inner: False skips the inner folds where there is a single candidate and nobody will ask for its inner score.
    prepared: of dense features, where several calls share it (`cross_fit_labellings`).
    """
    # Inputs were checked when the examples were made; checking them again in every one of the fits costs half the time.
    with config_context(assume_finite=True, skip_parameter_validation=True):
        if isinstance(features, Dense) and all(family.shared for family in families):
            return _together(features.x, scoring, folds, families, prepared)
        return _cross_fit(features, scoring, folds, families, inner)


def _cross_fit(features, scoring: Scoring, folds: Folds, families: Sequence[Family], inner: bool) -> Held:
    inside = _inner_predictions(features, scoring, folds, families) if inner else []
    names = [(family, k) for family in families for k in range(len(family.candidates))]
    pred = _empty(scoring)
    best, chosen = np.full(folds.n_folds, -np.inf), []
    for i, train, test in folds.outer():
        scores = [inner_score(scoring, p[i], train) for p in inside] or [-np.inf]
        winner = int(np.argmax(scores))
        best[i] = scores[winner]
        family, k = names[winner]
        x_train, x_test = features.split(train, test)
        pred[test] = family.fit(x_train, scoring.y[train], x_test, n_classes=scoring.n_classes, only=k)[0]
        chosen.append(_names(families)[winner])
    return Held(pred, best, tuple(chosen))


def _together(x: np.ndarray, scoring: Scoring, folds: Folds, families: Sequence[Family], prepared) -> Held:
    """The same by families that fit all training sets together."""
    shape = {"kind": scoring.kind, "n_classes": scoring.n_classes}
    found = cross_fit_labellings(x, scoring.y[:, None], folds, families, **shape, prepared=prepared)
    return Held(found.pred[0], found.inner[0], tuple(_names(families)[k] for k in found.chosen[0]))


def _names(families: Sequence[Family]) -> list[str]:
    return [f"{family.name} {candidate}".strip() for family in families for candidate in family.candidates]


def as_is(pred: np.ndarray, scoring: Scoring, folds: Folds, name: str) -> Held:
    """A prediction that needs no fitting (a report as it stands); its inner score is that of the training part."""
    inner = [inner_score(scoring, pred, train) for _, train, _ in folds.outer()]
    return Held(np.asarray(pred, dtype=np.float64), np.array(inner), (name,) * folds.n_folds)


def choose(options: Sequence[Held], names: Sequence[str] | Sequence[Reading], fold: np.ndarray) -> Held:
    """In every outer fold the option with the best inner score, the first of equals; `chosen` holds names.

    The result's predictions may come from another option in every fold, which within-fold metrics allow.
    """
    best = np.argmax(np.stack([option.inner for option in options]), axis=0)
    pred = np.array(options[0].pred, copy=True)
    for i, b in enumerate(best):
        pred[fold == i] = options[b].pred[fold == i]
    inner = np.array([options[b].inner[i] for i, b in enumerate(best)])
    return Held(pred, inner, tuple(names[b] for b in best))


def readings_by_fold(headline: Held) -> tuple[Reading, ...]:
    """The reading that each outer fold's inner folds chose. Raises TypeError where no readings were searched."""
    if not all(isinstance(one, Reading) for one in headline.chosen):
        raise TypeError(f"expected one Reading per outer fold, got {headline.chosen}")
    return headline.chosen


def fit_at_readings(headline: Held, folds: Folds, fit: Callable[[str, int], Held]) -> Held:
    """Held-out predictions whose fold i comes from `fit` at the headline's reading of fold i.

    A control at another layer than the probe, or at one layer for all folds, would not be a control of that probe.
    fit: (site, layer) -> cross-fitted predictions of all items; called once per distinct reading.
    """
    fit, chosen = cache(fit), readings_by_fold(headline)
    held = [fit(*reading) for reading in chosen]
    pred = np.array(held[0].pred, copy=True)
    for i, one in enumerate(held):
        pred[folds.fold == i] = one.pred[folds.fold == i]
    return Held(pred, np.array([one.inner[i] for i, one in enumerate(held)]), chosen)


def candidate_named(probes: Sequence[Family], name: str) -> tuple[Family, int]:
    """The family, and the position in it, of a choice such as "logistic C=0.1"."""
    return next(
        (family, k)
        for family in probes
        for k, candidate in enumerate(family.candidates)
        if f"{family.name} {candidate}".strip() == name.strip()
    )


def inner_score(scoring: Scoring, pred: np.ndarray, train: np.ndarray) -> float:
    """The primary metric on the training part alone; -inf where it is undefined, so that it is never chosen."""
    part = scoring.rows(train)
    if scoring.kind == "count":  # the reference of these rows was computed with the held-out fold's labels
        part = replace(part, reference=np.full(len(train), np.median(part.y)))
    score = float(measure(part.primary, part, pred[train])[0])
    return score if np.isfinite(score) else -np.inf


def _inner_predictions(features, scoring: Scoring, folds: Folds, families: Sequence[Family]) -> list[np.ndarray]:
    """For every candidate (n_folds, n_items[, n_classes]): [i, row] is predicted by a model that saw neither outer
    fold i nor the row's own fold; rows of fold i itself stay NaN."""
    n_candidates = sum(len(family.candidates) for family in families)
    out = [np.stack([_empty(scoring)] * folds.n_folds) for _ in range(n_candidates)]
    for i, j, train, test in folds.pairs():
        x_train, x_test = features.split(train, test)
        at = 0
        for family in families:
            found = family.fit(x_train, scoring.y[train], x_test, n_classes=scoring.n_classes)
            for k in range(len(family.candidates)):
                in_j = folds.fold[test] == j
                out[at + k][i, test[in_j]] = found[k][in_j]
                out[at + k][j, test[~in_j]] = found[k][~in_j]
            at += len(family.candidates)
    return out


def _empty(scoring: Scoring) -> np.ndarray:
    shape = (len(scoring.y), scoring.n_classes) if scoring.kind == "multiclass" else (len(scoring.y),)
    return np.full(shape, np.nan)
