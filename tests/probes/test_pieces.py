"""The pieces: against scikit-learn and loops written longhand, the documented example, and refusals in one line."""

import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from scipy.special import logit
from sklearn.base import clone
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import NearestCentroid
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import LinearSVC

from tacit import probes
from tacit.probes import (
    Estimate,
    Folds,
    ProbeError,
    cross_fit,
    difference,
    make_folds,
    make_groups,
    permutation_null,
    score,
)
from tacit.probes.data.folds import make_folds as make_folds_of_a_run
from tacit.probes.estimators.families import LOGISTIC, Dense
from tacit.probes.estimators.nested_cv import cross_fit as nested
from tacit.probes.statistics.metrics import Scoring

DOCS = Path(__file__).parents[2] / "docs" / "api-probes.md"
N, N_GROUPS = 120, 40


@pytest.fixture
def data():
    """(states, labels, folds) of a weak linear code, three items to a group."""
    rng = np.random.default_rng(0)
    groups = np.repeat(np.arange(N_GROUPS), N // N_GROUPS)
    y = rng.integers(2, size=N).astype(float)
    x = rng.normal(size=(N, 6))
    x[:, 0] += 1.2 * y
    return x, y, make_folds(y, groups, seed=0)


def _longhand(estimator, x, y, folds, read):
    out = np.empty(len(y))
    for i in range(folds.n_folds):
        test = folds.fold == i
        out[test] = read(clone(estimator).fit(x[~test], y[~test]), x[test])
    return out


@pytest.mark.parametrize(
    ("estimator", "read"),
    [
        (make_pipeline(StandardScaler(), LinearSVC()), lambda m, x: m.decision_function(x)),
        (GaussianNB(), lambda m, x: logit(np.clip(m.predict_proba(x)[:, 1], 1e-12, 1 - 1e-12))),
        (LinearRegression(), lambda m, x: 2 * m.predict(x) - 1),
    ],
    ids=["decision_function", "predict_proba", "predict"],
)
def test_an_estimator_is_cloned_and_fitted_without_the_held_out_fold(data, estimator, read):
    x, y, folds = data
    found = cross_fit(estimator, x, y, folds)
    np.testing.assert_allclose(found.pred, _longhand(estimator, x, y, folds, read), rtol=1e-6)
    assert found.chosen == ()
    assert not hasattr(estimator, "n_features_in_"), "the caller's estimator stays unfitted"


def test_counts_are_predicted_and_texts_go_through_a_pipeline(data):
    x, y, folds = data
    counts = np.round(3 * x[:, 0] + 20)
    expected = _longhand(LinearRegression(), x, counts, folds, lambda m, x: m.predict(x))
    np.testing.assert_allclose(cross_fit(LinearRegression(), x, counts, folds, kind="count").pred, expected)
    texts = ["an even day" if label else "an odd night" for label in y]
    pred = cross_fit(make_pipeline(CountVectorizer(), LogisticRegression()), texts, y, folds).pred
    assert np.array_equal(pred > 0, y == 1)


@pytest.mark.parametrize("estimator", [LogisticRegression(), NearestCentroid(), "logistic path", "ridge"])
def test_several_classes_have_one_column_each(data, estimator):
    x, groups = data[0].copy(), data[2].groups
    y = np.arange(N) % 3
    x[np.arange(N), y] += 4.0
    folds = make_folds(y, groups, kind="multiclass", seed=0)
    pred = cross_fit(estimator, x, y, folds, kind="multiclass").pred
    assert pred.shape == (N, 3)
    assert score(pred, y, folds, kind="multiclass", metric="accuracy", seed=0).value > 0.8


def test_a_family_is_the_nested_cross_validation_of_a_run(data):
    x, y, folds = data
    expected = nested(Dense(x), Scoring("binary", y, folds.fold, 2), folds, [LOGISTIC])
    found = cross_fit("logistic", x, y, folds)
    assert np.array_equal(found.pred, expected.pred)
    assert found.chosen == expected.chosen
    assert len(found.chosen) == folds.n_folds


def test_folds_are_those_of_a_run_whatever_the_groups_are_called(data):
    _, y, folds = data
    again = make_folds(y.astype(bool), [f"prompt {g}" for g in folds.groups], seed=0)
    assert np.array_equal(again.fold, make_folds_of_a_run(y, folds.groups, kind="binary", seed=0).fold)


def test_groups_are_connected_through_shared_keys():
    assert make_groups(["a", "b", "a", "c"]).tolist() == [0, 1, 0, 2]
    assert make_groups(["", None, "", ("a", ""), ["a"]]).tolist() == [0, 1, 2, 3, 3]
    assert make_groups([("a", 1), ("b", 1), ("b", 2), ("c", 3)]).tolist() == [0, 0, 0, 1]


def test_the_auroc_is_scikit_learns_within_each_fold(data):
    x, y, folds = data
    found = score(x[:, 0], y, folds, seed=0)
    parts = [folds.fold == i for i in range(folds.n_folds)]
    pairs = [y[part].sum() * (1 - y[part]).sum() for part in parts]
    expected = np.average([roc_auc_score(y[part], x[part, 0]) for part in parts], weights=pairs)
    assert found.value == pytest.approx(expected)
    assert found.lower < expected < found.upper
    assert (found.n, found.n_groups) == (N, N_GROUPS)
    assert found == score(x[:, 0], y, folds, seed=0)


def test_a_difference_is_paired(data):
    x, y, folds = data
    same, twice = difference(x[:, 0], x[:, 0], y, folds, seed=0), difference(x[:, 0], 2 * x[:, 0] + 1, y, folds, seed=0)
    assert (same.value, same.lower, same.upper) == (twice.value, twice.lower, twice.upper) == (0, 0, 0)
    ab, ba = difference(x[:, 0], x[:, 1], y, folds, seed=0), difference(x[:, 1], x[:, 0], y, folds, seed=0)
    assert ab.value == pytest.approx(score(x[:, 0], y, folds, seed=0).value - score(x[:, 1], y, folds, seed=0).value)
    assert (ab.value, ab.lower, ab.upper) == pytest.approx((-ba.value, -ba.upper, -ba.lower), abs=1e-6)


def test_the_interval_of_an_accuracy_is_as_wide_as_its_t_interval():
    rng = np.random.default_rng(1)
    y = rng.integers(2, size=400).astype(float)
    folds = Folds(np.arange(400) % 5, np.arange(400), 5)
    pred = np.where(rng.random(400) < 0.8, 1, -1) * (2 * y - 1)
    found = score(pred, y, folds, metric="accuracy", n_resamples=4000, seed=0)
    assert found.upper - found.lower == pytest.approx(2 * 1.97 * 0.4 / np.sqrt(400), rel=0.1)


def test_the_null_has_small_p_for_a_code_and_uniform_p_for_noise(data):
    x, y, folds = data
    strong = permutation_null(lambda y: cross_fit(GaussianNB(), x, y, folds), y, folds, n_permutations=19, seed=0)
    assert strong.p == 1 / 20
    assert strong.value == score(cross_fit(GaussianNB(), x, y, folds), y, folds, seed=0).value
    p = []
    for seed in range(60):
        noise = np.random.default_rng(seed).normal(size=N)
        p.append(permutation_null(lambda y, noise=noise: noise, y, folds, n_permutations=19, seed=seed).p)
    assert 0.35 < np.mean(p) < 0.65
    assert np.mean(np.array(p) <= 0.2) < 0.4


def test_labels_move_between_groups_as_blocks_and_the_caller_keeps_its_own(data):
    _, y, folds = data
    seen = []

    def fit(labels):
        seen.append(labels.copy())
        labels[:] = 0
        return np.arange(N, dtype=float)

    permutation_null(fit, y, folds, n_permutations=3, seed=0)
    blocks = sorted(map(tuple, y.reshape(N_GROUPS, -1)))
    assert len(seen) == 4 and np.array_equal(seen[0], y)
    assert all(sorted(map(tuple, labels.reshape(N_GROUPS, -1))) == blocks for labels in seen)


def test_a_permutation_that_cannot_be_fitted_counts_against_the_result(data):
    x, y, folds = data

    def fit(labels):
        if not np.array_equal(labels, y):
            raise ProbeError("too few")
        return x[:, 0]

    null = permutation_null(fit, y, folds, n_permutations=9, seed=0)
    assert null.p == 1.0
    assert np.isnan(null.draws).all()


def test_folds_that_split_a_group_are_refused():
    with pytest.raises(AssertionError, match="inside and outside"):
        Folds(np.array([0, 1, 2, 0]), np.array([0, 0, 1, 2]), 3)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda x, y, f: make_folds(y[:-1], f.groups, seed=0), r"shape \(119,\), but there are 120 items"),
        (lambda x, y, f: make_folds(np.where(x[:, 0] > 2, np.nan, y), f.groups, seed=0), "labels are NaN or infinite"),
        (lambda x, y, f: make_folds(y, np.arange(N) % 2, seed=0), "2 groups"),
        (lambda x, y, f: make_folds(y, f.groups, seed=0, n_folds=2), "at least 3"),
        (lambda x, y, f: make_folds(y + 3, f.groups, seed=0), "need kind="),
        (lambda x, y, f: make_folds(y, f.groups, kind="regression", seed=0), "expected one of binary"),
        (lambda x, y, f: make_folds(y + 3, f.groups, kind="binary", seed=0), "must be 0 or 1"),
        (lambda x, y, f: make_folds(y, f.groups, kind="multiclass", seed=0), "three classes or more"),
        (lambda x, y, f: make_folds(["yes"] * N, f.groups, seed=0), "labels must be numbers"),
        (lambda x, y, f: cross_fit("logistic", x[:-1], y, f), "X has 119 rows, but there are 120 labels"),
        (lambda x, y, f: cross_fit("forest", x, y, f), "no probe family 'forest' for binary labels; there are: ridge"),
        (lambda x, y, f: cross_fit("ridge", np.where(x > 2, np.nan, x), y, f), "finite numbers"),
        (lambda x, y, f: cross_fit("ridge", x, y, Folds(f.groups % 2, f.groups, 2)), "2 folds, but a nested"),
        (lambda x, y, f: cross_fit("ridge", x, y, Folds(f.fold, f.groups, 6)), "hold out every item once"),
        (lambda x, y, f: cross_fit(GaussianNB(), np.where(x > 2, np.nan, x), y, f), "GaussianNB cannot be fitted"),
        (lambda x, y, f: cross_fit(GaussianNB, x, y, f), "is a class, not an instance"),
        (lambda x, y, f: cross_fit(StandardScaler(), x, y, f), "has no predict"),
        (lambda x, y, f: cross_fit(GaussianNB(), x, 0 * y, f), "no item of class 1 is left to train on"),
        (lambda x, y, f: score(x, y, f, seed=0), r"predictions have shape \(120, 6\), expected \(120,\)"),
        (lambda x, y, f: score(x[:, 0], y, f, metric="f1", seed=0), "no metric 'f1' for binary labels"),
        (lambda x, y, f: score(x[:, 0], y, f, n_resamples=0, seed=0), "n_resamples is 0"),
        (
            lambda x, y, f: cross_fit(LinearRegression(), x, np.arange(N) % 3, f, kind="multiclass"),
            "a regression cannot predict several classes",
        ),
        (lambda x, y, f: difference(x[:, 0], x[:-1, 0], y, f, seed=0), r"expected \(120,\)"),
    ],
)
def test_bad_input_is_refused_in_one_line(data, call, message):
    with pytest.raises(ProbeError, match=message) as refused:
        call(*data)
    assert "\n" not in str(refused.value)


def test_the_documented_example_runs_and_finds_the_code_that_was_planted():
    (example,) = re.findall(r"```python\n(.*?)```", DOCS.read_text(encoding="utf-8"), re.DOTALL)
    assert len([line for line in example.splitlines() if line.strip()]) <= 25
    names: dict = {}
    exec(compile(example, str(DOCS), "exec"), names)
    assert isinstance(names["auroc"], Estimate)
    assert names["auroc"].lower > 0.5
    assert names["lead"].lower < names["lead"].value < names["lead"].upper
    assert names["null"].p == pytest.approx(1 / 100)


def test_everything_is_imported_on_first_use():
    code = "import sys, tacit.probes; sys.exit(bool({'sklearn', 'torch', 'pandas'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
    code = "import sys, tacit.probes.follow_ups, tacit.probes; sys.exit(not callable(tacit.probes.follow_ups))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
    assert all(getattr(probes, name) is not None for name in probes.__all__)
