"""The assignment of groups to folds is scikit-learn's, whatever the classes and the sizes of groups."""

import warnings

import numpy as np
import pytest
from sklearn.model_selection import StratifiedGroupKFold

from tacit.probes.data.stratified import assign_folds


def longhand(strata, groups, k, seed):
    """StratifiedGroupKFold's folds, as a number per item; None where it raises."""
    fold = np.full(len(strata), -1)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        try:
            splits = StratifiedGroupKFold(k, shuffle=True, random_state=seed).split(strata, strata, groups)
            for i, (_, test) in enumerate(splits):
                fold[test] = i
        except ValueError:
            return None
    return fold


@pytest.mark.parametrize("n_classes", [1, 2, 3, 5, 12])
@pytest.mark.parametrize("n_groups", [4, 12, 40, 150])
@pytest.mark.parametrize("k", [3, 5])
def test_folds_are_those_of_scikit_learn(n_classes, n_groups, k):
    for seed in range(3):
        rng = np.random.default_rng([n_classes, n_groups, seed])
        groups = rng.choice(5 * n_groups, size=n_groups, replace=False)[rng.integers(n_groups, size=150)]
        strata = rng.choice(3 * n_classes, size=n_classes, replace=False)[rng.integers(n_classes, size=150)]
        strata = np.where(rng.random(150) < 0.5, strata[np.searchsorted(np.sort(groups), groups)], strata)
        expected = longhand(strata, groups, k, seed)
        found = assign_folds(strata, groups, k, seed)
        assert found is None if k > n_groups else np.array_equal(found, expected)


def test_single_items_are_spread_as_scikit_learn_spreads_them():
    strata = np.random.default_rng(0).integers(2, size=200)
    assert np.array_equal(assign_folds(strata, np.arange(200), 5, 7), longhand(strata, np.arange(200), 5, 7))


@pytest.mark.parametrize(
    "strata, groups", [([0, 0, 1, 1], [0, 1, 2, 3]), ([0] * 6, [0, 0, 0, 1, 1, 1])], ids=["few items", "few groups"]
)
def test_where_scikit_learn_raises_there_are_no_folds(strata, groups):
    assert longhand(np.array(strata), np.array(groups), 3, 0) is None
    assert assign_folds(np.array(strata), np.array(groups), 3, 0) is None
