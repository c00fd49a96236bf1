"""The jackknife against the closed form of a mean, and on scores that shift by group, where the bootstrap fails."""

import numpy as np
import pytest
from scipy import stats

from tacit.probes.data.folds import make_folds
from tacit.probes.statistics.bootstrap import interval, resample
from tacit.probes.statistics.jackknife import PER_FOLD, left_out
from tacit.probes.statistics.metrics import Scoring, measure


def test_the_error_of_a_stratified_mean_is_the_textbooks():
    """Strata of equal groups: the variance is the sum of the strata's squared shares times s^2 / k."""
    rng = np.random.default_rng(0)
    groups, fold = np.repeat(np.arange(12), 5), np.repeat([0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 2], 5)
    x = rng.normal(size=12)[groups]
    found = left_out(groups, fold)
    left = x @ found.weights / len(x)
    draws = found.settle(x.mean(), left, np.zeros(20001))
    strata = [x[::5][np.unique(fold[::5], return_inverse=True)[1] == i] for i in range(3)]
    expected = np.sqrt(sum((len(s) / 12) ** 2 * s.var(ddof=1) / len(s) for s in strata))
    assert draws.std() == pytest.approx(expected, rel=1e-3)
    assert draws.mean() == pytest.approx(x.mean())
    assert found.df == 12 - 3


def test_each_column_leaves_one_group_out_and_keeps_the_weight_of_its_fold():
    groups, fold = np.repeat(np.arange(6), 4), np.repeat([0, 0, 0, 1, 1, 1], 4)
    weights = left_out(groups, fold).weights
    for column, group in zip(weights.T, range(6), strict=True):
        assert (column[groups == group] == 0).all()
        assert [column[fold == i].sum() for i in (0, 1)] == [12, 12]


def test_single_items_many_groups_and_the_only_group_of_a_fold_are_left_alone():
    assert left_out(np.arange(30), np.arange(30) % 5) is None
    many = np.repeat(np.arange(5 * PER_FOLD), 2)
    assert left_out(many, many % 5) is None
    alone = left_out(np.repeat(np.arange(4), 5), np.repeat([0, 1, 1, 1], 5))
    assert alone.weights.shape == (20, 3)


def test_what_a_search_adds_to_the_draws_widens_the_error_as_much():
    groups, fold = np.repeat(np.arange(10), 3), np.repeat([0, 1], 15)
    found, rng = left_out(groups, fold), np.random.default_rng(1)
    x, plain = rng.normal(size=10)[groups], rng.normal(size=1000)
    left = x @ found.weights / len(x)
    narrow, wide = (found.settle(x.mean(), left, scale * plain, plain).std() for scale in (1.0, 1.5))
    assert wide == pytest.approx(1.5 * narrow)


@pytest.mark.parametrize(("n_groups", "each"), [(12, 20), (20, 15), (30, 10)])
def test_a_difference_of_zero_is_covered_where_one_score_shifts_by_group(n_groups, each):
    covered = {"bootstrap": 0, "jackknife": 0}
    for seed in range(SIMULATIONS):
        scoring, groups, report, probe = shifted(n_groups, each, seed)
        weights = resample(groups, fold=scoring.fold, n_resamples=300, rng=np.random.default_rng(seed))
        found = left_out(groups, scoring.fold)
        point, plain, left = (lead(scoring, probe, report, w) for w in (None, weights, found.weights))
        settled = found.settle(float(point[0]), left, plain)
        for name, values, n in (("bootstrap", plain, n_groups), ("jackknife", settled, found.n_groups)):
            limits = interval(float(point[0]), values, n=len(groups), n_groups=n_groups, effective=n)
            covered[name] += limits.lower <= 0 <= limits.upper
    assert stats.binomtest(covered["jackknife"], SIMULATIONS, 0.95).pvalue > 0.01
    assert covered["jackknife"] > covered["bootstrap"]


SIMULATIONS = 200


def lead(scoring, probe, report, weights):
    return measure("auroc", scoring, probe, weights) - measure("auroc", scoring, report, weights)


def shifted(n_groups, each, seed):
    """Two scores of the same expected AUROC within folds; the second one's level differs by group."""
    rng = np.random.default_rng([seed, n_groups])
    groups = np.repeat(np.arange(n_groups), each)
    y = np.concatenate([rng.permutation(np.arange(each) % 2) for _ in range(n_groups)]).astype(float)
    folds = make_folds(y, groups, kind="binary", seed=seed)
    within, apart = folds.n_folds / n_groups, 1.6
    auroc = within * stats.norm.cdf(apart / np.sqrt(2)) + (1 - within) * stats.norm.cdf(apart / 2)
    report = np.sqrt(2) * stats.norm.ppf(auroc) * y + rng.normal(size=len(y))
    probe = apart * y + rng.normal(size=n_groups)[groups] + rng.normal(size=len(y))
    return Scoring.of("binary", y, folds.fold, 2), groups, report, probe
