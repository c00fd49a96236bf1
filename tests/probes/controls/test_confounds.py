"""Confounds regressed out: what the text's numbers explain goes, what they do not explain stays."""

import numpy as np
import pytest

from tacit.probes.controls.confounds import Residual, confounds_of, regressed_out
from tacit.validation.worlds import letters
from tests.probes.settings import setting
from tests.probes.worlds import along, coin


def test_residuals_are_those_of_least_squares_on_the_training_rows():
    rng = np.random.default_rng(0)
    x, c = rng.normal(size=(30, 4)), rng.normal(size=(30, 2))
    train, test = np.arange(20), np.arange(20, 30)
    mean, spread = c[train].mean(0), c[train].std(0)
    design = np.column_stack([np.ones(30), (c - mean) / spread])
    weights = np.linalg.inv(design[train].T @ design[train]) @ design[train].T @ x[train]
    left = x - design @ weights
    scaled = (left - left[train].mean(0)) / left[train].std(0)
    found = Residual(x, c).split(train, test)
    np.testing.assert_allclose(found[0], scaled[train], atol=1e-9)
    np.testing.assert_allclose(found[1], scaled[test], atol=1e-9)


def test_a_signal_that_is_the_length_of_the_text_is_gone():
    left = []
    for seed in range(3):
        y, rng = coin(300, seed), np.random.default_rng(seed)
        lengths = np.array([rng.integers(10, 30) + 8 * (v == "yes") for v in y])
        s = setting(y, surface=letters(lengths), signal=lambda site, layer, n=lengths: n[:, None] / 4.0, seed=seed)
        assert s.score(s.headline) > 0.75
        left.append(s.score(regressed_out(s.examples, s.scoring, s.folds, s.headline).held))
    assert np.mean(left) == pytest.approx(0.5, abs=0.07)


def test_a_signal_of_its_own_stays():
    y = coin(300)
    s = setting(y, signal=along(y, 3.0))
    left = regressed_out(s.examples, s.scoring, s.folds, s.headline)
    assert (left.kind, s.score(left.held)) == ("control", pytest.approx(s.score(s.headline), abs=0.03))


def test_prompt_lengths_are_among_the_confounds_and_constants_are_not():
    y = coin(40)
    s = setting(y, layers=(2,), surface=["ab " * (1 + k % 3) for k in range(40)])
    s.examples.frame["object_last"] = np.arange(40)
    s.examples.frame["report_last"] = 7
    assert s.examples.frame["object_last"].tolist() in confounds_of(s.examples).T.tolist()
    assert not any((column == column[0]).all() for column in confounds_of(s.examples).T)
