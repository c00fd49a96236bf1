"""What a split without groups would show: much for copies, nothing for items of their own."""

import numpy as np

from tacit.probes.controls.group_leakage import leakage
from tacit.probes.data.folds import make_folds
from tacit.probes.estimators.families import Dense, families
from tacit.probes.estimators.nested_cv import cross_fit
from tacit.probes.statistics.metrics import Scoring


def found(copies, noise):
    rng = np.random.default_rng(0)
    groups = np.repeat(np.arange(60), copies)
    y = rng.permutation(np.arange(60) % 2)[groups].astype(float)
    x = rng.normal(size=(60, 60))[groups] + noise * rng.normal(size=(60 * copies, 60))
    folds = make_folds(y, groups, kind="binary", seed=0)
    scoring = Scoring("binary", y, folds.fold, 2)
    return leakage(x, scoring, folds, cross_fit(Dense(x), scoring, folds, families("binary")), seed=0)


def test_copies_with_random_labels_are_chance_when_grouped_and_warned_of():
    leak = found(4, 0.01)
    assert leak.grouped < 0.65
    assert leak.ungrouped > 0.9
    assert leak.suspicious


def test_groups_whose_items_have_nothing_in_common_raise_no_warning():
    assert not found(4, 50.0).suspicious


def test_items_that_are_all_groups_of_their_own_have_nothing_to_leak():
    leak = found(1, 0.0)
    assert np.isnan(leak.ungrouped)
    assert not leak.suspicious
