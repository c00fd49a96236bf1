"""Probe families: recover what was planted, agree with scikit-learn fitted one by one, survive degenerate input."""

import numpy as np
import pytest
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.linear_model import LogisticRegression, Ridge

from tacit.probes.data.folds import Trainings
from tacit.probes.estimators.families import (
    ALPHAS,
    CS,
    LDA,
    LOGISTIC,
    READS,
    RIDGE,
    SHRINKAGES,
    Dense,
    along_path,
    families,
    fit_logistic,
    fit_path_once,
    read_values,
    value_bins,
)

RNG = np.random.default_rng(0)
X = RNG.normal(size=(150, 6))
Y = (X[:, 0] + 0.5 * RNG.normal(size=150) > 0).astype(float)


@pytest.mark.parametrize("k", range(len(CS)))
def test_every_logistic_candidate_equals_scikit_learns_fit_of_that_penalty(k):
    found = LOGISTIC.fit(X[:100], Y[:100], X[100:], n_classes=2)[k]
    alone = LogisticRegression(C=CS[k], max_iter=5000, tol=1e-8).fit(X[:100], Y[:100])
    assert found == pytest.approx(alone.decision_function(X[100:]), abs=2e-2, rel=2e-2)


@pytest.mark.parametrize("k", range(len(ALPHAS)))
def test_every_ridge_candidate_equals_scikit_learns_fit_of_that_penalty(k):
    counts = np.round(5 + 3 * X[:, 1])
    found = RIDGE.fit(X[:100], counts[:100], X[100:])[k]
    assert found == pytest.approx(Ridge(alpha=ALPHAS[k]).fit(X[:100], counts[:100]).predict(X[100:]))


@pytest.mark.parametrize("family", [LOGISTIC, RIDGE, LDA])
def test_one_candidate_alone_equals_its_row_of_all_candidates(family):
    y = Y if family is LOGISTIC else np.round(5 + 3 * X[:, 1])
    n_classes = 2 if family is LOGISTIC else 0
    rows = family.fit(X[:100], y[:100], X[100:], n_classes=n_classes)
    assert len(rows) == len(family.candidates)
    for k in range(len(rows)):
        alone = family.fit(X[:100], y[:100], X[100:], n_classes=n_classes, only=k)
        assert alone.shape == (1, 50)
        assert alone[0] == pytest.approx(rows[k], abs=2e-2, rel=2e-2)


def test_lda_reads_equal_scikit_learns_posterior_read_by_hand():
    y = np.clip(np.round(4 + 2 * X[:, 0]), 2, 6)
    found = LDA.fit(X[:100], y[:100], X[100:])
    model = LinearDiscriminantAnalysis(solver="lsqr", shrinkage=SHRINKAGES[1]).fit(X[:100], y[:100].astype(int))
    expected = model.predict_proba(X[100:]) @ model.classes_
    assert found[len(READS) + READS.index("expected")] == pytest.approx(expected)


def test_a_distribution_over_values_is_read_by_median_mode_and_mean():
    median, mode, mean = read_values(np.array([[0.2, 0.25, 0.55]]), np.array([9.0, 1.0, 4.0]))
    assert (median[0], mode[0], mean[0]) == (4.0, 4.0, pytest.approx(0.2 * 9 + 0.25 + 0.55 * 4))


def test_values_on_a_curve_are_read_by_the_classifier_and_not_by_the_regression():
    y = RNG.integers(0, 20, size=400).astype(float)
    angle = y * 2 * np.pi / 20
    x = np.stack([np.cos(angle), np.sin(angle)], axis=1) + 0.03 * RNG.normal(size=(400, 2))
    error = [np.abs(f.fit(x[:300], y[:300], x[300:]) - y[300:]).mean(axis=1).min() for f in (LDA, RIDGE)]
    assert error[0] < 0.5
    assert error[1] > 2


def test_many_distinct_counts_are_read_in_bins_of_about_equal_size():
    codes, centres = value_bins(np.arange(1000.0), 50)
    assert len(centres) == 50
    assert np.ptp(np.bincount(codes)) <= 1
    assert np.all(np.diff(centres) > 0)


def test_a_wide_matrix_gives_the_same_logistic_regression_as_scikit_learn():
    x, y = RNG.normal(size=(40, 200)), (np.arange(40) % 2).astype(float)
    x_train, x_test = Dense(x).split(np.arange(30), np.arange(30, 40))
    assert x_train.shape == (30, 200)
    whole = LogisticRegression(C=0.01, tol=1e-8, max_iter=5000).fit(x_train, y[:30]).decision_function(x_test)
    assert fit_logistic(x_train, y[:30], x_test, n_classes=2, grid=(0.01,))[0] == pytest.approx(whole, abs=1e-3)


def test_one_training_set_of_a_wide_matrix_is_fitted_as_all_of_them_together_are():
    x, y = RNG.normal(size=(60, 200)), (np.arange(60) % 2).astype(float)
    train = np.arange(60) < 40
    together = along_path(x, Trainings(train[:, None], ~train[:, None]))(y[:, None], n_classes=2)[0][:, :, 0]
    x_train, x_test = Dense(x).split(np.flatnonzero(train), np.flatnonzero(~train))
    assert fit_path_once(x_train, y[train], x_test, n_classes=2) == pytest.approx(together, rel=2e-2, abs=2e-2)


def test_the_scaler_has_not_seen_the_held_out_rows():
    x = np.r_[np.zeros((10, 1)), np.ones((10, 1)), 1000 * np.ones((5, 1))]
    train = Dense(x).split(np.arange(20), np.arange(20, 25))[0]
    assert train.mean() == pytest.approx(0)
    assert train.std() == pytest.approx(1)


@pytest.mark.parametrize(("kind", "n_classes"), [("binary", 2), ("multiclass", 3), ("count", 0)])
def test_constant_features_give_the_same_prediction_for_every_item(kind, n_classes):
    y = (np.arange(60) % 3).astype(float) if kind != "binary" else (np.arange(60) % 2).astype(float)
    x = np.zeros((60, 4))
    for family in families(kind):
        for pred in family.fit(x[:40], y[:40], x[40:], n_classes=n_classes):
            assert np.all(pred == pred[0])
            assert np.isfinite(pred).all()


def test_a_class_missing_from_training_gets_probability_zero():
    y = np.r_[np.zeros(50), np.ones(50) * 2]
    found = LOGISTIC.fit(X[:100], y, X[100:], n_classes=3)
    assert found.shape == (len(CS), 50, 3)
    assert np.all(found[:, :, 1] == 0)
    assert found.sum(2) == pytest.approx(1)
