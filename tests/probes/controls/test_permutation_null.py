"""The permutation null: uniform where there is nothing, small where there is something, and charged for the search."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import kstest

from tacit.probes.controls.permutation_null import Null, null_of, permutations
from tacit.probes.data.folds import make_folds
from tacit.probes.estimators.batched_cv import HeldMany
from tacit.probes.estimators.layer_sweep import ExtraLabellings, sweep
from tacit.probes.statistics.metrics import Scoring, training_median, value


def searched(seed, *, n=80, n_layers=6, d=5, signal=0.0, n_permutations=19, groups=None):
    """(p of the whole search over layers, its `Sweep`, scoring) for labels that are constant within groups."""
    rng = np.random.default_rng(seed)
    groups = np.arange(n) if groups is None else groups
    y = rng.permutation(np.arange(groups.max() + 1) % 2)[groups].astype(float)
    folds = make_folds(y, groups, kind="binary", seed=seed)
    scoring = Scoring("binary", y, folds.fold, 2)
    x = rng.normal(size=(n_layers, groups.max() + 1, d))[:, groups] + 0.1 * rng.normal(size=(n_layers, n, d))
    x[2, :, 0] += signal * y
    permuted = permutations(y, groups, n=n_permutations, rng=rng)
    labellings = ExtraLabellings(permuted, (), tuple(range(n_layers)))
    found = sweep(
        lambda s, k: x[k],
        scoring,
        folds,
        sites=["object"],
        layers=range(n_layers),
        n_jobs=1,
        extra_labellings=labellings,
    )
    headline = found.nested(folds.fold, layers=range(n_layers)).pred
    return null_of(scoring, headline, permuted, found.permuted), found, scoring


def test_p_is_one_more_than_the_draws_that_reach_the_observed_over_one_more_than_all():
    fold = np.array([0, 0, 1, 1])
    scoring = Scoring("binary", np.array([0.0, 1, 0, 1]), fold, 2)
    permuted = np.stack([scoring.y, 1 - scoring.y, scoring.y], axis=1)
    score = np.array([-1.0, 1, -1, 1])
    found = HeldMany(np.stack([score, score, score]), np.zeros((3, 2)), np.zeros((3, 2), int))
    null = null_of(scoring, score, permuted, found)
    assert null.draws.tolist() == [1, 0, 1]
    assert null.p == (1 + 2) / (1 + 3)
    assert null.facts()["null_mean"] == pytest.approx(2 / 3)
    assert null.words == "p = 0.75 (2 of 3 label permutations did as well)"
    assert replace(null, p=0.25).words == "p = 0.25 (none of 3 label permutations did as well)"
    assert replace(null, p=np.nan).words.startswith("no p: the score is undefined")


def test_p_is_uniform_where_a_search_over_noise_finds_nothing():
    p = [searched(seed)[0].p for seed in range(40)]
    assert kstest(p, "uniform").pvalue > 0.01
    assert np.mean(np.array(p) <= 0.1) <= 0.25


def test_with_one_site_the_search_over_all_sites_is_that_sites_own():
    _, found, _ = searched(3)
    assert list(found.permuted_at) == ["object"]
    assert np.array_equal(found.permuted_at["object"].pred, found.permuted.pred)


def test_labels_by_group_are_exchanged_by_group_so_their_p_is_not_small():
    groups = np.repeat(np.arange(40), 4)
    p = [searched(seed, groups=groups, n=160, n_layers=3)[0].p for seed in range(25)]
    assert np.mean(np.array(p) <= 0.05) <= 0.2
    assert kstest(p, "uniform").pvalue > 0.01


def test_a_planted_signal_has_the_smallest_p_there_is():
    null, found, scoring = searched(0, signal=3.0, n_permutations=39)
    assert null.p == 1 / 40
    assert null.value == value("auroc", scoring, found.at("object", 2).pred)
    assert null.facts()["null_q95"] < 0.75


def test_counts_are_measured_against_the_medians_of_their_own_permutation():
    rng = np.random.default_rng(0)
    y = rng.integers(3, 9, size=60).astype(float)
    folds = make_folds(y, np.arange(60), kind="count", seed=0)
    scoring = Scoring("count", y, folds.fold, 0, training_median(y, folds.fold))
    permuted = permutations(y, folds.groups, n=3, rng=rng)
    guesses = np.stack([training_median(p, folds.fold) for p in permuted.T])
    found = HeldMany(guesses, np.zeros((3, 5)), np.zeros((3, 5), int))
    assert null_of(scoring, y, permuted, found).draws == pytest.approx(0)


def test_permuting_nothing_gives_no_columns():
    assert permutations(np.arange(4.0), np.arange(4), n=0, rng=np.random.default_rng(0)).shape == (4, 0)


@pytest.mark.parametrize("n", [20, 40, 199, 200])
def test_a_score_above_the_quantile_written_down_has_p_of_at_most_five_per_cent(n):
    draws = np.random.default_rng(n).normal(size=n)
    high = Null(0.0, 1.0, draws).facts()["null_q95"]
    assert (1 + (draws >= np.nextafter(high, np.inf)).sum()) / (1 + n) <= 0.05
    undefined = np.where(np.arange(n) < n // 2, np.nan, draws)
    assert Null(0.0, 1.0, undefined).facts()["null_q95"] == np.inf
