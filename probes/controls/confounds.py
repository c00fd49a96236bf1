"""Probe what is left of the activations once the numbers of the text are regressed out of them.

In: activations, surface numbers and token positions. Out: a `Baseline` of kind control. Each dimension of the
activations is regressed on the confounds by least squares, fitted on the training rows of each fold alone, and the
probe sees the residuals. What it still reads is not a linear (nor, where there are items enough, quadratic) function of
these numbers. Pitfall: a target that *is* such a function falls to chance here although it is there to be read.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from tacit.probes.controls.surface import Baseline, prompt_lengths, surface_numbers, texts_of
from tacit.probes.data.examples import Examples
from tacit.probes.data.folds import Folds
from tacit.probes.estimators.families import Dense, families
from tacit.probes.estimators.nested_cv import Held, cross_fit, fit_at_readings
from tacit.probes.statistics.metrics import Scoring

REGRESSED_OUT = "confounds regressed out"
ROWS_PER_COLUMN = 10
"""Training rows per regressor below which squares are left out: they would fit the activations by chance."""


@dataclass(frozen=True)
class Residual:
    """What the confounds leave over of features, fitted on the training rows alone."""

    x: np.ndarray
    """(n_items, n_features) float"""
    confounds: np.ndarray
    """(n_items, n_confounds) float64"""

    def split(self, train: np.ndarray, test: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        known, new = _regressors(self.confounds[train], self.confounds[test])
        x = self.x.astype(np.float64, copy=True)
        weights = np.linalg.lstsq(known, x[train], rcond=None)[0]
        x[train] -= known @ weights
        x[test] -= new @ weights
        return Dense(x).split(train, test)


def confounds_of(examples: Examples, sites: Sequence[str] = ()) -> np.ndarray:
    """(n_items, n_confounds) float64: surface numbers, and positions read at these sites, that vary at all."""
    lengths = prompt_lengths(examples, sites)
    numbers = surface_numbers(texts_of(examples))
    both = numbers if lengths is None else np.hstack([numbers, lengths])
    return both[:, (both != both[0]).any(axis=0)]


def regressed_out(examples: Examples, scoring: Scoring, folds: Folds, headline: Held) -> Baseline:
    """The headline's probe, at its readings, on activations without what the confounds explain of them."""
    sites = sorted({reading.site for reading in headline.chosen})
    confounds, probes = confounds_of(examples, sites), families(scoring.kind)

    def fit(site: str, layer: int) -> Held:
        return cross_fit(Residual(examples.acts(site, layer), confounds), scoring, folds, probes)

    return Baseline(fit_at_readings(headline, folds, fit), kind="control")


def _regressors(train: np.ndarray, test: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """A constant, the confounds in standard units, and their squares where there are rows enough."""
    mean, spread = train.mean(axis=0), train.std(axis=0)
    parts = [(part - mean) / np.where(spread > 0, spread, 1.0) for part in (train, test)]
    if len(train) >= ROWS_PER_COLUMN * (1 + 2 * train.shape[1]):
        parts = [np.hstack([part, part**2]) for part in parts]
    return tuple(np.hstack([np.ones((len(part), 1)), part]) for part in parts)
