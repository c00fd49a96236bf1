"""Many labellings together: each is what it would be alone, and scored as `measure` scores it."""

import numpy as np
import pytest

from tacit.probes.data.folds import make_folds
from tacit.probes.estimators.batched_cv import HeldMany, better, cross_fit_labellings
from tacit.probes.estimators.families import Dense, families
from tacit.probes.estimators.nested_cv import cross_fit, inner_score
from tacit.probes.statistics.metrics import Scoring, measure, primary_columns, training_median

RNG = np.random.default_rng(0)


def labels(kind, n=90):
    rng = np.random.default_rng(0)
    columns = {"binary": rng.integers(2, size=n), "multiclass": np.arange(n) % 3, "count": rng.integers(3, 14, size=n)}
    return columns[kind].astype(float)


def stick_of(kind, y, folds):
    n_classes = {"binary": 2, "multiclass": 3, "count": 0}[kind]
    return Scoring(kind, y, folds.fold, n_classes, training_median(y, folds.fold) if kind == "count" else None)


@pytest.mark.parametrize("kind", ["binary", "multiclass", "count"])
def test_every_labelling_is_what_it_would_be_alone(kind):
    # A generator of its own: with some draws two scores are equal up to float32 rounding, rank either way on another
    # processor, and another penalty is chosen.
    rng, y = np.random.default_rng(1), labels(kind)
    folds = make_folds(y, np.arange(90), kind=kind, seed=0)
    x = rng.normal(size=(90, 6)) + y[:, None] * 0.3
    columns = np.stack([y, rng.permutation(y)], axis=1)
    n_classes = {"binary": 2, "multiclass": 3, "count": 0}[kind]
    found = cross_fit_labellings(x, columns, folds, families(kind), kind=kind, n_classes=n_classes)
    for b in (0, 1):
        one = cross_fit(Dense(x), stick_of(kind, columns[:, b], folds), folds, families(kind))
        assert found.pred[b] == pytest.approx(one.pred, abs=1e-3)
        assert found.inner[b] == pytest.approx(one.inner, abs=1e-6)


@pytest.mark.parametrize("kind", ["binary", "multiclass", "count"])
def test_scores_of_many_columns_equal_the_measure_of_each(kind):
    y = labels(kind)
    folds = make_folds(y, np.arange(90), kind=kind, seed=0)
    columns = np.stack([y, RNG.permutation(y)], axis=1)
    shape = (2, 90, 2, 3) if kind == "multiclass" else (2, 90, 2)
    pred = np.round(RNG.normal(size=shape) + (columns[None, ..., None] if kind == "multiclass" else columns), 1)
    train = np.flatnonzero(folds.fold != 0)
    n_classes = {"binary": 2, "multiclass": 3, "count": 0}[kind]
    inner = primary_columns(kind, columns[train], pred[:, train], folds.fold[train], n_classes)
    scorings = [stick_of(kind, c, folds) for c in columns.T]
    reference = None if kind != "count" else np.stack([s.reference for s in scorings], axis=1)
    outer = primary_columns(kind, columns, pred, folds.fold, n_classes, reference)
    for k in (0, 1):
        for b, scoring in enumerate(scorings):
            assert inner[k, b] == pytest.approx(inner_score(scoring, pred[k, :, b], train))
            assert outer[k, b] == pytest.approx(measure(scoring.primary, scoring, pred[k, :, b])[0])


def test_a_sample_is_fitted_and_chosen_on_its_own_labels_alone():
    y = labels("binary")
    folds = make_folds(y, np.arange(90), kind="binary", seed=0)
    x = RNG.normal(size=(90, 5)) + y[:, None]
    used = np.arange(90) % 2 == 0
    turned = np.where(used, y, 1 - y)
    a, b = (
        cross_fit_labellings(x, v[:, None], folds, families("binary"), kind="binary", n_classes=2, sample=used)
        for v in (y, turned)
    )
    assert np.array_equal(a.pred, b.pred)
    assert np.array_equal(a.inner, b.inner)
    assert not np.isnan(a.pred).any()


def test_the_better_of_two_layers_is_taken_per_labelling_and_fold():
    fold = np.array([0, 0, 1])
    first = HeldMany(np.zeros((2, 3)), np.array([[0.5, 0.7], [0.6, 0.6]]), np.zeros((2, 2), int))
    second = HeldMany(np.ones((2, 3)), np.array([[0.6, 0.7], [0.5, 0.9]]), np.ones((2, 2), int))
    found = better(first, second, fold)
    assert found.pred.tolist() == [[1, 1, 0], [0, 0, 1]]
    assert found.inner.tolist() == [[0.6, 0.7], [0.6, 0.9]]
    assert found.chosen.tolist() == [[1, 0], [0, 1]]
