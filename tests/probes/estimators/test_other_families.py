"""Other probes: what each is, and that only the perceptron reads what no line separates."""

import numpy as np
import pytest
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import NearestCentroid

from tacit.probes.data.folds import make_folds
from tacit.probes.estimators.families import CS, LOGISTIC, SHRINKAGES, Dense
from tacit.probes.estimators.nested_cv import cross_fit
from tacit.probes.estimators.other_families import LDA_CLASSES, MEANS, MLP, comparisons
from tacit.probes.statistics.metrics import Scoring, training_median, value

RNG = np.random.default_rng(0)
X = RNG.normal(size=(150, 6))
Y = np.floor(np.clip(X[:, 0] + 1.5 + 0.5 * RNG.normal(size=150), 0, 2.9))


@pytest.mark.parametrize("k", range(len(CS)))
def test_every_logistic_candidate_equals_scikit_learns_fit_of_that_penalty(k):
    y = (Y > 1).astype(float)
    found = LOGISTIC.fit(X[:100], y[:100], X[100:], n_classes=2)[k]
    alone = LogisticRegression(C=CS[k], max_iter=5000, tol=1e-8).fit(X[:100], y[:100])
    assert found == pytest.approx(alone.decision_function(X[100:]), abs=2e-2, rel=2e-2)


def test_the_difference_of_means_is_the_nearest_centroid():
    for n_classes in (2, 3):
        y = Y if n_classes == 3 else np.minimum(Y, 1)
        found = MEANS.fit(X[:100], y[:100], X[100:], n_classes=n_classes)[0]
        named = found > 0 if n_classes == 2 else np.argmax(found, axis=1)
        assert np.array_equal(named, NearestCentroid().fit(X[:100], y[:100]).predict(X[100:]))


def test_lda_equals_scikit_learns():
    found = LDA_CLASSES.fit(X[:100], Y[:100], X[100:], n_classes=3)
    model = LinearDiscriminantAnalysis(solver="lsqr", shrinkage=SHRINKAGES[1]).fit(X[:100], Y[:100])
    assert found[1] == pytest.approx(model.predict_proba(X[100:]))


@pytest.mark.parametrize("kind", ["binary", "multiclass", "count"])
def test_every_family_finds_a_planted_signal_and_survives_constant_features(kind):
    y = Y if kind != "binary" else (Y > 1).astype(float)
    folds = make_folds(y, np.arange(150), kind=kind, seed=0)
    reference = training_median(y, folds.fold) if kind == "count" else None
    scoring = Scoring(kind, y, folds.fold, {"binary": 2, "multiclass": 3, "count": 0}[kind], reference)
    for family in comparisons(kind):
        inner = len(family.candidates) > 1
        assert value(scoring.primary, scoring, cross_fit(Dense(X), scoring, folds, [family], inner=inner).pred) > 0.3
        flat = cross_fit(Dense(np.ones((150, 3))), scoring, folds, [family], inner=inner).pred
        assert np.isfinite(flat).all()


def test_only_the_perceptron_reads_an_exclusive_or():
    bits = RNG.integers(2, size=(240, 2))
    y = (bits[:, 0] != bits[:, 1]).astype(float)
    folds = make_folds(y, np.arange(240), kind="binary", seed=0)
    scoring = Scoring("binary", y, folds.fold, 2)
    x = Dense((bits - 0.5) * 4 + RNG.normal(size=(240, 2)))
    scores = {
        f.name: value("auroc", scoring, cross_fit(x, scoring, folds, [f], inner=len(f.candidates) > 1).pred)
        for f in comparisons("binary")
    }
    assert scores.pop(MLP.name) > 0.9
    assert max(scores.values()) < 0.65
