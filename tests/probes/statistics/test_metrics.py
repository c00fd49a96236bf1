"""The ruler: against scikit-learn, scipy and definitions written longhand."""

import numpy as np
import pytest
from scipy.stats import spearmanr
from sklearn.metrics import balanced_accuracy_score, roc_auc_score

from tacit.probes.statistics.metrics import Scoring, measure, right, spearman, training_median, value

RNG = np.random.default_rng(0)


def binary(n=60, n_folds=1):
    y = RNG.integers(2, size=n).astype(float)
    return Scoring("binary", y, np.arange(n) % n_folds, 2), np.round(RNG.normal(size=n) + y, 1)


def test_auroc_equals_scikit_learns_with_ties():
    scoring, score = binary()
    assert value("auroc", scoring, score) == pytest.approx(roc_auc_score(scoring.y, score))


def test_weighted_auroc_equals_that_of_the_repeated_items():
    scoring, score = binary()
    weights = RNG.integers(0, 4, size=(60, 5))
    for b, found in enumerate(measure("auroc", scoring, score, weights)):
        drawn = np.repeat(np.arange(60), weights[:, b])
        assert found == pytest.approx(roc_auc_score(scoring.y[drawn], score[drawn]))


def test_auroc_counts_pairs_within_folds_only_as_written_longhand():
    scoring, score = binary(40, n_folds=3)
    won = pairs = 0.0
    for i in range(40):
        for j in range(40):
            if scoring.y[i] == 1 and scoring.y[j] == 0 and scoring.fold[i] == scoring.fold[j]:
                won += (score[i] > score[j]) + 0.5 * (score[i] == score[j])
                pairs += 1
    assert value("auroc", scoring, score) == pytest.approx(won / pairs)


def test_an_offset_or_another_scale_per_fold_changes_no_ranking_metric():
    scoring, score = binary(60, n_folds=4)
    shifted = score * (1 + scoring.fold) + 100 * scoring.fold
    assert value("auroc", scoring, shifted) == pytest.approx(value("auroc", scoring, score))


def test_every_pair_with_a_non_answer_counts_one_half():
    scoring = Scoring("binary", np.array([1.0, 1, 0, 0]), np.zeros(4, int), 2)
    assert value("auroc", scoring, np.array([1.0, np.nan, -1, np.nan])) == pytest.approx((1 + 3 * 0.5) / 4)


def test_swapping_the_classes_mirrors_the_score_also_with_non_answers():
    scoring, score = binary(50, n_folds=2)
    score[::7] = np.nan
    swapped = Scoring("binary", 1 - scoring.y, scoring.fold, 2)
    assert value("auroc", swapped, -score) == pytest.approx(value("auroc", scoring, score))
    assert value("auroc", swapped, score) == pytest.approx(1 - value("auroc", scoring, score))


def test_silence_earns_chance_and_is_never_right():
    scoring, score = binary()
    silent = np.full_like(score, np.nan)
    assert value("auroc", scoring, silent) == 0.5
    assert value("accuracy", scoring, silent) == 0.0


def test_auroc_is_undefined_with_one_class_only():
    scoring = Scoring("binary", np.ones(5), np.zeros(5, int), 2)
    assert np.isnan(value("auroc", scoring, np.arange(5.0)))


def test_macro_auroc_and_balanced_accuracy_equal_scikit_learns():
    y = np.arange(90) % 3
    pred = RNG.dirichlet(np.ones(3), size=90)
    scoring = Scoring("multiclass", y.astype(float), np.zeros(90, int), 3)
    expected = roc_auc_score(y, pred, multi_class="ovr", average="macro")
    assert value("macro_auroc", scoring, pred) == pytest.approx(expected)
    assert value("balanced_accuracy", scoring, pred) == pytest.approx(balanced_accuracy_score(y, pred.argmax(1)))


def test_naming_another_class_is_wrong_and_leaves_a_multiclass_item_answered():
    scoring = Scoring("multiclass", np.array([0.0, 1, 2]), np.zeros(3, int), 3)
    said = np.array([[0.0, 0, 0], [0, 1, 0], [np.nan] * 3])
    assert right(scoring, said).tolist() == [False, True, False]


def test_spearman_equals_scipys_with_ties_and_under_repetition():
    y, pred = RNG.integers(9, size=50).astype(float), RNG.integers(9, size=50).astype(float)
    weights = RNG.integers(0, 3, size=(50, 4))
    for b, found in enumerate(spearman(y, pred, np.zeros(50, int), weights)):
        drawn = np.repeat(np.arange(50), weights[:, b])
        assert found == pytest.approx(spearmanr(y[drawn], pred[drawn]).statistic)


def test_spearman_of_a_constant_is_undefined():
    assert np.isnan(spearman(np.arange(9.0), np.ones(9), np.zeros(9, int), np.ones((9, 1)))[0])


def count(y, fold=None):
    y = np.asarray(y, dtype=float)
    fold = np.arange(len(y)) % 2 if fold is None else fold
    return Scoring("count", y, fold, 0, training_median(y, fold))


def test_skill_is_one_minus_the_error_over_that_of_the_training_median():
    scoring = count([1, 2, 3, 10])
    assert scoring.reference.tolist() == [6.0, 2.0, 6.0, 2.0]
    expected = 1 - 4 / (5 + 0 + 3 + 8)
    assert value("skill", scoring, scoring.y + 1) == pytest.approx(expected)


def test_the_median_guess_and_silence_both_earn_no_skill():
    scoring = count(RNG.integers(40, size=31))
    assert value("skill", scoring, scoring.reference) == 0.0
    assert value("skill", scoring, np.full(31, np.nan)) == 0.0


def test_a_non_answer_is_never_exact_even_if_the_median_is():
    scoring = count([5, 5, 5, 5])
    assert value("exact", scoring, np.full(4, np.nan)) == 0.0
    assert value("within_1", scoring, np.full(4, np.nan)) == 0.0
    assert value("within_10pct", scoring, np.full(4, np.nan)) == 0.0


def test_exact_and_near_counts_are_counted():
    scoring = count([10, 20, 30, 40])
    pred = np.array([10.4, 21, 33, 50])
    found = [value(m, scoring, pred) for m in ("exact", "within_1", "within_10pct", "mae")]
    assert found == pytest.approx([0.25, 0.5, 0.75, (0.4 + 1 + 3 + 10) / 4])
