"""Folds: no group in two of them, and a clear error where that cannot be."""

import numpy as np
import pytest

from tacit.errors import ProbeError
from tacit.probes.data.folds import Folds, make_folds


def test_no_group_lies_in_train_and_test_of_any_outer_or_inner_split():
    rng = np.random.default_rng(0)
    groups, y = rng.integers(40, size=200), rng.integers(2, size=200).astype(float)
    folds = make_folds(y, groups, kind="binary", seed=0)
    for _, train, test in folds.outer():
        assert not set(groups[train]) & set(groups[test])
    for _, _, train, test in folds.pairs():
        assert not set(groups[train]) & set(groups[test])


def test_folds_that_split_a_group_are_refused():
    with pytest.raises(AssertionError, match="inside and outside"):
        Folds(np.array([0, 1, 0]), np.array([0, 0, 1]), 2)


def test_every_pair_of_folds_is_left_out_once_and_rows_add_up():
    y = np.arange(50) % 2.0
    folds = make_folds(y, np.arange(50), kind="binary", seed=0)
    pairs = list(folds.pairs())
    assert len(pairs) == 10
    assert all(len(train) + len(test) == 50 for _, _, train, test in pairs)


def test_the_same_seed_gives_the_same_folds_and_another_seed_others():
    y = np.arange(60) % 2.0
    a, b, c = (make_folds(y, np.arange(60), kind="binary", seed=s).fold for s in (1, 1, 2))
    assert np.array_equal(a, b)
    assert not np.array_equal(a, c)


def test_counts_are_spread_over_the_folds():
    y = np.arange(100, dtype=float)
    folds = make_folds(y, np.arange(100), kind="count", seed=0)
    assert all(abs(y[test].mean() - y.mean()) < 8 for _, _, test in folds.outer())


def test_a_class_that_lives_in_four_groups_gets_four_folds():
    y = np.r_[np.ones(4), np.zeros(60)]
    assert make_folds(y, np.arange(64), kind="binary", seed=0).n_folds == 4


def test_a_class_in_two_groups_is_a_clear_error():
    y = np.r_[np.ones(20), np.zeros(60)]
    groups = np.r_[np.repeat([0, 1], 10), np.arange(2, 62)]
    with pytest.raises(ProbeError, match="rarest class lives in 2 of them"):
        make_folds(y, groups, kind="binary", seed=0)


def test_every_training_part_holds_both_classes_where_groups_are_pure():
    groups = np.repeat(np.arange(8), 10)
    y = (groups % 2).astype(float)
    folds = make_folds(y, groups, kind="binary", seed=3)
    assert all(len(np.unique(y[train])) == 2 for _, _, train, _ in folds.pairs())
