"""Holm's procedure: against figures of R's p.adjust, its definition, and simulation."""

import numpy as np
import pytest

from tacit.probes.statistics.bootstrap import p_value
from tacit.probes.statistics.tests import holm


def test_holm_gives_the_figures_of_the_worked_example():
    # R: p.adjust(c(0.01, 0.04, 0.03, 0.005), "holm")
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])


def test_one_test_alone_is_not_adjusted_and_none_gives_none():
    assert holm([0.04]) == pytest.approx([0.04])
    assert len(holm([])) == 0


def test_an_undefined_test_stays_undefined_and_is_not_counted():
    found = holm([0.02, np.nan, 0.03])
    assert found[[0, 2]] == pytest.approx([0.04, 0.04])
    assert np.isnan(found[1])


def test_adjusted_values_do_not_depend_on_the_order_and_never_exceed_one():
    rng = np.random.default_rng(0)
    p, order = rng.random(30), rng.permutation(30)
    assert holm(p[order]) == pytest.approx(holm(p)[order])
    assert holm(p).max() <= 1
    assert (holm(p) >= p).all()


def test_the_family_errs_in_at_most_five_of_a_hundred():
    rng = np.random.default_rng(1)
    wrong = [(holm(rng.random(12)) <= 0.05).any() for _ in range(2000)]
    assert np.mean(wrong) == pytest.approx(0.05, abs=0.015)


def test_the_p_of_a_normal_difference_is_its_t_test():
    from scipy import stats

    rng = np.random.default_rng(2)
    draws = rng.normal(0.04, 0.02, 200_000)
    assert p_value(0.04, draws, n_groups=60) == pytest.approx(2 * stats.t.cdf(-2 * np.sqrt(59 / 60), 59), rel=0.03)


@pytest.mark.parametrize("shift", [0.0, 0.036, 0.044, 0.08])
def test_p_is_below_five_per_cent_exactly_where_the_interval_excludes_zero(shift):
    from tacit.probes.statistics.bootstrap import interval

    draws = np.random.default_rng(3).normal(shift, 0.02, 4000)
    found = interval(shift, draws, n=60, n_groups=60)
    assert (p_value(shift, draws, n_groups=60) <= 0.05) == (found.lower > 0 or found.upper < 0)


def test_many_tests_can_still_reach_a_small_p_although_resamples_are_few():
    draws = np.random.default_rng(4).normal(0.2, 0.02, 2000)
    assert p_value(0.2, draws, n_groups=200) < 0.05 / 500
    assert p_value(0.0, np.zeros(2000), n_groups=200) == 1


def test_p_is_undefined_where_the_interval_is():
    draws = np.r_[np.full(300, np.nan), np.ones(700)]
    assert np.isnan(p_value(1.0, draws, n_groups=60))
    assert np.isnan(p_value(np.nan, np.ones(100), n_groups=60))
