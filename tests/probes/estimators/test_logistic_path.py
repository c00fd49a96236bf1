"""The logistic path: shared work gives what each training set and labelling would get alone, and goes all the way."""

import numpy as np
import pytest
import torch
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.metrics import roc_auc_score
from sklearn.preprocessing import StandardScaler

from tacit.benchmarks.probing import correlated
from tacit.probes.data.folds import Folds, Trainings
from tacit.probes.estimators.logistic_path import STEPS, Path
from tacit.probes.estimators.preconditioner import RIDGE, inverse_from_sketch

RNG = np.random.default_rng(0)
N, D = 200, 12
X = RNG.normal(size=(N, D)) @ RNG.normal(size=(D, D)) * 3 + 5
Y = (X[:, 0] + 4 * RNG.normal(size=N) > 5).astype(float)
FOLDS = Folds(np.arange(N) % 5, np.arange(N), 5)


def alone(x, train, test, y):
    """One training set and one labelling."""
    masks = Trainings(np.isin(np.arange(len(x)), train)[:, None], np.isin(np.arange(len(x)), test)[:, None])
    return Path.of(x, masks).fit(y[:, None])[0][:, :, 0]


@pytest.mark.parametrize("d", [D, 300])
def test_many_training_sets_and_labellings_together_equal_each_alone(d):
    x = np.hstack([X, RNG.normal(size=(N, d - D))])
    labels = np.stack([Y, RNG.permutation(Y)], axis=1)
    trainings = FOLDS.trainings()
    found = Path.of(x, trainings).fit(labels)
    for t in (0, 7, 14):
        train, test = np.flatnonzero(trainings.train[:, t]), np.flatnonzero(trainings.test[:, t])
        for b in (0, 1):
            own = alone(x, train, test, labels[:, b])
            assert found[t][:4, :, b] == pytest.approx(own[:4], rel=1e-2, abs=1e-2)
            for together, by_itself in zip(found[t][4:, :, b], own[4:], strict=True):  # rounding grows along the path
                assert np.corrcoef(together, by_itself)[0, 1] > 0.999


def test_the_first_step_is_a_ridge_regression():
    train, test = np.arange(150), np.arange(150, N)
    z = StandardScaler().fit(X[train]).transform(X)
    ridge = Ridge(alpha=RIDGE * 150).fit(z[train], Y[train])
    assert np.corrcoef(ridge.predict(z[test]), alone(X, train, test, Y)[0])[0, 1] == pytest.approx(1, abs=1e-5)


@pytest.mark.parametrize("rank", [D, 3])
def test_the_preconditioner_is_the_inverse_of_what_nystroem_makes_of_the_correlations(rank):
    a = np.corrcoef(X.T).astype(np.float32)
    test = np.linalg.qr(RNG.normal(size=(D, rank)))[0].T.astype(np.float32)
    e, m = inverse_from_sketch(test @ a, test, 0.1, D)
    nystroem = (test @ a).T @ np.linalg.solve(test @ a @ test.T, test @ a)
    assert m == pytest.approx(0.1 + (D - np.trace(nystroem)) / D, abs=1e-3)
    assert (np.eye(D) - e.T @ e) / m == pytest.approx(np.linalg.inv(nystroem + m * np.eye(D)), rel=1e-2, abs=2e-2)


@pytest.mark.parametrize("d", [D, 300])
def test_another_array_library_gives_the_same(d):
    x = np.hstack([X, RNG.normal(size=(N, d - D))]).astype(np.float32)
    labels = np.stack([Y, RNG.permutation(Y)], axis=1)
    by_numpy = Path.of(x, FOLDS.trainings()).fit(labels)
    by_torch = Path.of(torch.from_numpy(x), FOLDS.trainings()).fit(labels)
    for ours, theirs in zip(by_numpy, by_torch, strict=True):
        assert theirs[:4] == pytest.approx(ours[:4], rel=1e-2, abs=1e-2)
        for one, other in zip(ours.reshape(-1, ours.shape[2]).T, theirs.reshape(-1, ours.shape[2]).T, strict=True):
            assert np.corrcoef(one, other)[0, 1] > 0.995  # rounding grows along the path


def test_the_last_step_is_about_the_weakly_penalised_logistic_regression():
    train, test = np.arange(150), np.arange(150, N)
    scaler = StandardScaler().fit(X[train])
    full = LogisticRegression(C=10, tol=1e-8, max_iter=5000).fit(scaler.transform(X[train]), Y[train])
    expected = full.decision_function(scaler.transform(X[test]))
    assert np.corrcoef(alone(X, train, test, Y)[-1], expected)[0, 1] > 0.99


def test_scale_and_place_of_the_features_do_not_matter():
    train, test = np.arange(150), np.arange(150, N)
    moved = X * np.logspace(-3, 3, D) + np.linspace(-500, 500, D) * np.logspace(-3, 3, D)
    assert alone(moved, train, test, Y) == pytest.approx(alone(X, train, test, Y), rel=2e-2, abs=2e-2)


def test_features_that_hardly_vary_in_training_do_no_harm():
    train, test = np.arange(150), np.arange(150, N)
    still = np.where(np.arange(N)[:, None] < 150, 3.0, RNG.normal(size=(N, 6)))
    nearly = np.where(np.arange(N)[:, None] % 50 == 49, 2.0, 3.0) + 1e-4 * RNG.normal(size=(N, 6))
    doubled = np.hstack([X, X, still, nearly, np.zeros((N, 2))])
    found = alone(doubled, train, test, Y)
    assert np.isfinite(found).all()
    assert roc_auc_score(Y[test], found[-1]) > roc_auc_score(Y[test], alone(X, train, test, Y)[-1]) - 0.05


def test_held_out_rows_do_not_touch_the_fit():
    train, test = np.arange(150), np.arange(150, 175)
    other = X.copy()
    other[175:] *= 40
    assert alone(other, train, test, Y) == pytest.approx(alone(X, train, test, Y), rel=1e-2, abs=1e-2)


@pytest.mark.parametrize("n", [5, 40])
def test_one_class_or_constant_features_predict_one_value(n):
    train, test = np.arange(n), np.arange(n, 60)
    for x, y in ((X[:60], np.ones(60)), (np.full((60, 4), 7.0), Y[:60])):
        found = alone(x, train, test, y)
        assert np.isfinite(found).all()
        assert np.ptp(found, axis=1) == pytest.approx(0, abs=1e-4)


def test_it_ranks_as_well_as_the_best_of_seven_penalties_on_correlated_features_with_outliers():
    x, y = correlated(1400, 200, seed=0)
    train, test = np.arange(700), np.arange(700, 1400)
    scaler = StandardScaler().fit(x[train])
    rivals = []
    for c in np.logspace(-4, 2, 7):
        model = LogisticRegression(C=c, max_iter=500).fit(scaler.transform(x[train]), y[train])
        rivals.append(roc_auc_score(y[test], model.decision_function(scaler.transform(x[test]))))
    ours = [roc_auc_score(y[test], score) for score in alone(x, train, test, y)]
    assert len(ours) == len(STEPS)
    assert max(ours) > max(rivals) - 0.005
