"""Closed forms from one decomposition: equal to scikit-learn's fits one by one, for every labelling."""

import numpy as np
import pytest
from scipy.special import softmax
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.linear_model import Ridge
from sklearn.preprocessing import StandardScaler

from tacit.probes.estimators.closed_form import Basis, solve_lda, solve_ridge

RNG = np.random.default_rng(0)


@pytest.mark.parametrize("d", [6, 150])
def test_ridge_equals_scikit_learns_for_every_penalty_and_labelling(d):
    x, y = RNG.normal(size=(90, d)) + 3, RNG.normal(size=(60, 2))
    scaler = StandardScaler().fit(x[:60])
    found = solve_ridge(Basis.of(x[:60], x[60:], scale=True), y, (0.1, 50.0))
    for a, alpha in enumerate((0.1, 50.0)):
        for b in (0, 1):
            expected = Ridge(alpha).fit(scaler.transform(x[:60]), y[:, b]).predict(scaler.transform(x[60:]))
            assert found[a, :, b] == pytest.approx(expected)


def test_lda_equals_scikit_learns_for_every_shrinkage_and_labelling():
    x = RNG.normal(size=(150, 7)) @ RNG.normal(size=(7, 7))
    codes = np.stack([RNG.permutation(np.arange(100) % 4), RNG.permutation(np.arange(100) % 3)], axis=1)
    found = list(solve_lda(Basis.of(x[:100], x[100:], scale=False), codes, 4, (0.5, 0.01)))
    for s, shrinkage in enumerate((0.5, 0.01)):
        for b, n in ((0, 4), (1, 3)):
            model = LinearDiscriminantAnalysis(solver="lsqr", shrinkage=shrinkage).fit(x[:100], codes[:, b])
            assert softmax(found[s][:, b], axis=-1)[:, :n] == pytest.approx(model.predict_proba(x[100:]))


def test_a_class_without_training_rows_has_no_chance():
    (found,) = solve_lda(
        Basis.of(RNG.normal(size=(30, 4)), np.zeros((2, 4)), scale=True), np.zeros((30, 1), int), 2, [0.1]
    )
    assert np.all(found[..., 1] == -np.inf)


def test_constant_features_leave_the_mean():
    basis = Basis.of(np.full((20, 3), 4.0), np.full((5, 3), 9.0), scale=True)
    assert solve_ridge(basis, np.arange(20.0)[:, None], (1.0,)) == pytest.approx(9.5)
