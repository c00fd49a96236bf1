"""Intervals: against closed forms, coverage by simulation, and speed as a number of operations that one core does."""

import time

import numpy as np
import pytest
from scipy import stats

from tacit.probes.statistics.bootstrap import (
    detectable,
    equivalent,
    expanded_tail,
    interval,
    mcnemar_midp,
    resample,
    skew_corrected,
)
from tacit.probes.statistics.groups import effective_groups, heaviest
from tacit.probes.statistics.metrics import Scoring, measure, value


def test_whole_groups_are_drawn_and_weigh_as_many_as_there_are():
    groups = np.array([0, 0, 1, 2, 2, 2])
    weights = resample(groups, n_resamples=300, rng=np.random.default_rng(0))
    assert np.array_equal(weights[0], weights[1])
    assert np.array_equal(weights[3], weights[5])
    assert np.allclose(weights[0] + weights[2] + weights[3], 3)


def test_groups_are_drawn_within_their_folds():
    groups, fold = np.arange(12), np.repeat([0, 1, 2], [6, 5, 1])
    weights = resample(groups, fold=fold, n_resamples=300, rng=np.random.default_rng(0))
    assert np.allclose(weights[:6].sum(0), 6)
    assert np.allclose(weights[6:11].sum(0), 5)
    assert np.all(weights[11] == 1)


@pytest.mark.parametrize("size", [2, 3, 8])
def test_the_resampled_variance_of_a_mean_is_the_unbiased_one_in_each_fold(size):
    rng = np.random.default_rng(4)
    x, fold = rng.normal(size=3 * size), np.repeat(np.arange(3), size)
    weights = resample(np.arange(3 * size), fold=fold, n_resamples=100_000, rng=rng)
    expected = sum(x[fold == k].var(ddof=1) / size for k in range(3)) / 9
    assert (x @ weights / weights.sum(0)).var() == pytest.approx(expected, rel=0.03)


def test_the_interval_of_a_mean_is_its_t_interval():
    x = np.random.default_rng(1).normal(size=15)
    weights = resample(np.arange(15), n_resamples=40_000, rng=np.random.default_rng(2))
    means = x @ weights / weights.sum(0)
    found = interval(x.mean(), means, n=15, n_groups=15)
    half = stats.t.ppf(0.975, 14) * x.std(ddof=1) / np.sqrt(15)
    assert (found.upper - found.lower) / 2 == pytest.approx(half, rel=0.05)


def test_with_many_groups_the_interval_is_the_plain_percentile_interval():
    assert expanded_tail(100_000, 0.95) == pytest.approx(0.025, abs=1e-5)


def test_undefined_resamples_are_counted_and_too_many_leave_no_interval():
    values = np.linspace(0, 1, 100)
    values[:5] = np.nan
    assert interval(0.5, values, n=9, n_groups=9).n_degenerate == 5
    values[:20] = np.nan
    assert np.isnan(interval(0.5, values, n=9, n_groups=9).lower)


def test_equivalence_needs_the_ninety_percent_interval_inside_the_margin():
    draws = np.random.default_rng(0).normal(0.0, 0.02, 4000)
    assert equivalent(0.0, draws, margin=0.05, n_groups=500)
    assert not equivalent(0.03, draws + 0.03, margin=0.05, n_groups=500)


@pytest.mark.parametrize(("b", "c", "expected"), [(0, 0, 1.0), (1, 8, 0.0215), (4, 4, 0.8633)])
def test_mcnemar_midp_equals_the_binomial_longhand(b, c, expected):
    first = np.r_[np.ones(b, bool), np.zeros(c, bool), np.ones(5, bool)]
    second = np.r_[np.zeros(b, bool), np.ones(c, bool), np.ones(5, bool)]
    assert mcnemar_midp(first, second) == pytest.approx(expected, abs=5e-5)
    assert mcnemar_midp(second, first) == pytest.approx(expected, abs=5e-5)


def test_the_detectable_difference_is_2_8_standard_errors():
    assert detectable(np.random.default_rng(0).normal(0, 0.1, 50_000)) == pytest.approx(0.2802, rel=0.02)


def test_ten_thousand_resamples_of_two_thousand_items_take_seconds_not_minutes():
    rng = np.random.default_rng(0)
    y = rng.integers(2, size=2000).astype(float)
    scoring = Scoring("binary", y, np.arange(2000) % 5, 2)
    weights = resample(np.arange(2000), n_resamples=10_000, rng=rng)
    start = time.process_time()
    measure("auroc", scoring, y + rng.normal(size=2000), weights)
    assert time.process_time() - start < 4  # 0.5 s where it was written; room for a slow machine


def _gap_interval(rng, *, n, effect, flip, cluster):
    """One simulated comparison: a normal score against a report right at a known rate; clusters share a label."""
    groups = np.arange(n) // cluster
    y = rng.integers(2, size=groups.max() + 1)[groups].astype(float)
    shared = rng.normal(size=groups.max() + 1)[groups] if cluster > 1 else 0.0
    noise = (shared + rng.normal(size=n)) / np.sqrt(2) if cluster > 1 else rng.normal(size=n)
    said = np.where(rng.random(n) < flip, 1 - y, y)
    scoring = Scoring("binary", y, np.zeros(n, int), 2)
    weights = resample(groups, n_resamples=400, rng=rng)
    probe = y * effect + noise
    point = value("auroc", scoring, probe) - value("auroc", scoring, said)
    drawn = measure("auroc", scoring, probe, weights) - measure("auroc", scoring, said, weights)
    return interval(point, drawn, n=n, n_groups=groups.max() + 1)


@pytest.mark.parametrize("cluster", [1, 3])
def test_the_95_percent_interval_of_the_gap_covers_the_truth_about_95_times_in_100(cluster):
    rng = np.random.default_rng(5)
    truth = stats.norm.cdf(1.5 / np.sqrt(2)) - 0.7  # AUROC of a shifted normal, and of a report right in 70 %
    found = [_gap_interval(rng, n=240, effect=1.5, flip=0.3, cluster=cluster) for _ in range(400)]
    covered = np.mean([f.lower <= truth <= f.upper for f in found])
    assert 0.92 <= covered <= 0.98  # 93-97 % with the 1.1 % standard error of 400 simulations
    assert np.mean([f.value for f in found]) == pytest.approx(truth, abs=0.01)


def test_no_true_gap_is_called_one_in_at_most_five_of_a_hundred():
    rng = np.random.default_rng(6)
    effect = np.sqrt(2) * stats.norm.ppf(0.7)
    found = [_gap_interval(rng, n=200, effect=effect, flip=0.3, cluster=1) for _ in range(300)]
    assert np.mean([f.lower > 0 for f in found]) <= 0.05


def test_nothing_is_equivalent_in_so_few_groups_that_a_large_difference_could_have_been_missed():
    draws = np.zeros(500)
    assert not equivalent(0.0, draws, margin=0.05, n_groups=58)
    assert equivalent(0.0, draws, margin=0.05, n_groups=59)
    assert 0.95**58 > 0.05 > 0.95**59


def test_few_groups_of_the_rarer_class_widen_the_interval():
    y, groups = np.r_[np.ones(6), np.zeros(94)], np.r_[np.zeros(3), np.ones(3), np.arange(2, 96)].astype(int)
    assert effective_groups(y, groups, "binary") == 2
    assert effective_groups(y, groups, "count") == 89  # 100**2 / (94 + 2 * 3**2)
    assert effective_groups(y, np.arange(100), "count") == 100
    assert heaviest(groups, (groups > 10).astype(int)) == 3 / 15
    assert heaviest(groups, groups) == 1
    draws = np.random.default_rng(0).normal(0.7, 0.05, 4000)
    wide = interval(0.7, draws, n=100, n_groups=96, effective=5)
    plain = interval(0.7, draws, n=100, n_groups=96)
    assert wide.upper - wide.lower > 1.2 * (plain.upper - plain.lower)


def test_skewed_draws_are_read_as_bca_reads_them_and_symmetric_ones_as_they_are():
    """For the mean of exponential draws, SciPy's BCa, which finds acceleration and bias by itself."""
    rng = np.random.default_rng(7)
    x = rng.exponential(size=60)
    expected = stats.bootstrap((x,), np.mean, n_resamples=9999, confidence_level=0.9, method="BCa", rng=rng)
    draws = expected.bootstrap_distribution
    found, plain = skew_corrected(draws, 0.05), np.quantile(draws, [0.05, 0.95])
    limits = expected.confidence_interval
    assert found == pytest.approx((limits.low, limits.high), abs=0.25 * (limits.high - plain[1]) + 0.01)
    assert limits.high > plain[1]
    symmetric = stats.norm.ppf((np.arange(1001) + 0.5) / 1001)
    assert skew_corrected(symmetric, 0.05) == pytest.approx(tuple(np.quantile(symmetric, [0.05, 0.95])))
    assert skew_corrected(np.zeros(9), 0.05) == (0.0, 0.0)
