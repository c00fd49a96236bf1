"""Copies in state space across groups: found where they are, and nothing is called a copy elsewhere."""

import numpy as np
import pytest

from tacit.probes.controls.close_neighbours import copies, join_close
from tacit.probes.controls.group_leakage import regrouped
from tacit.probes.data.folds import make_folds
from tacit.probes.estimators.families import Dense, families
from tacit.probes.estimators.nested_cv import cross_fit
from tacit.probes.statistics.metrics import Scoring
from tacit.probes.verdicts.evidence import Copies
from tacit.probes.verdicts.ladder import survives_regrouping


def states(n=250, d=40, n_facts=50, strength=3.0, seed=0):
    """(states, fact of each item)"""
    rng = np.random.default_rng(seed)
    fact = rng.permutation(np.arange(n) % n_facts)
    return strength * rng.normal(size=(n_facts, d))[fact] + rng.normal(size=(n, d)), fact


def leaks(found):
    return survives_regrouping(Copies(found.close, found.score, found.drop), 0.5) is False


def measured(x, y, groups=None):
    groups = np.arange(len(y)) if groups is None else groups
    folds = make_folds(y, groups, kind="binary", seed=0)
    scoring = Scoring("binary", y, folds.fold, 2)
    return regrouped(x, scoring, folds, cross_fit(Dense(x), scoring, folds, families("binary")), seed=0)


def same_partition(a, b):
    return np.array_equal(a[:, None] == a, b[:, None] == b)


def test_paraphrases_are_joined_to_their_facts():
    x, fact = states()
    assert same_partition(join_close(x, np.arange(250)), fact)


def test_paraphrases_are_joined_beside_a_template_that_moves_the_state_further():
    x, fact = states()
    template = 12 * np.random.default_rng(1).normal(size=(5, 40))[np.arange(250) % 5]
    pairs = join_close(x + template, np.arange(250))
    joined = np.bincount(pairs)[pairs] > 1
    assert joined.mean() > 0.2
    together = (pairs[:, None] == pairs) & ~np.eye(250, dtype=bool)
    assert (fact[:, None] == fact)[together].mean() > 0.9


@pytest.mark.parametrize("d", [4, 24, 256])
def test_a_cloud_and_a_manifold_have_few_copies(d):
    rng = np.random.default_rng(2)
    cloud = rng.normal(size=(200, d))
    curved = rng.normal(size=(400, 3)) @ rng.normal(size=(3, d)) + 0.1 * rng.normal(size=(400, d))
    for x in (cloud, curved):
        groups = join_close(x, np.arange(len(x)))
        assert (np.bincount(groups)[groups] > 1).mean() < 0.2


def test_neighbours_of_one_group_are_not_counted():
    x, fact = states()
    assert copies(x, fact).nnz < 25
    assert same_partition(join_close(x, fact), fact)


def test_one_dimension_and_equal_states_are_read_too():
    assert len(join_close(np.arange(30.0)[:, None], np.arange(30))) == 30
    assert same_partition(join_close(np.zeros((30, 5)), np.arange(30)), np.arange(30))


def test_a_score_that_rests_on_paraphrases_does_not_survive():
    x, fact = states()
    y = (np.random.default_rng(3).permutation(50) % 2).astype(float)[fact]
    found = measured(x, y)
    assert leaks(found)
    assert found.close == 1.0
    assert found.score.value == pytest.approx(0.5, abs=0.2)
    assert not leaks(measured(x, y, fact))  # groups that keep the facts whole


def test_a_score_that_does_not_need_the_copies_survives():
    x, fact = states()
    y = (np.random.default_rng(3).permutation(50) % 2).astype(float)[fact]
    x[:, 0] += 12 * y
    found = measured(x, y)
    assert found.close > 0.9
    assert not leaks(found)


def test_classes_that_lie_apart_are_no_copies():
    rng = np.random.default_rng(4)
    y = np.repeat(np.arange(8), 15).astype(float)
    x = 30 * rng.normal(size=(8, 20))[y.astype(int)] + rng.normal(size=(120, 20))
    folds = make_folds(y, np.arange(120), kind="multiclass", seed=0)
    scoring = Scoring("multiclass", y, folds.fold, 8)
    held = cross_fit(Dense(x), scoring, folds, families("multiclass"))
    assert regrouped(x, scoring, folds, held, seed=0).close == 0.0
