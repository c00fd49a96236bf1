"""The read-outs' sums of probabilities against scipy's."""

import numpy as np
import pytest
from scipy.special import logsumexp

from tacit.probes.data.read_outs import CERTAIN, read_out


@pytest.mark.parametrize("n", [3, 9, 41])
def test_answers_that_mean_the_same_are_added_up_as_scipy_does(n):
    rng = np.random.default_rng(n)
    for logp in 5 * rng.normal(size=(200, n)):
        logp[rng.random(n) < 0.1] = -np.inf
        values = np.r_[0.0, 1.0, 2.0, rng.integers(3, size=n - 3)]
        sums = [logsumexp(logp[values == k]) for k in range(3)]
        if np.isfinite(sums).any():
            assert np.allclose(read_out(logp, values, "multiclass", 3)[0], sums - logsumexp(sums), rtol=1e-12)
        if np.isfinite(sums[:2]).any():
            odds = read_out(logp[values < 2], values[values < 2], "binary", 2)[0]
            assert odds == pytest.approx(np.clip(sums[1] - sums[0], -CERTAIN, CERTAIN), rel=1e-12, abs=1e-12)


def test_log_odds_of_three_answers_by_hand():
    odds = read_out(np.log([0.1, 0.2, 0.5]), np.array([0.0, 1.0, 1.0]), "binary", 2)[0]
    assert odds == pytest.approx(np.log(7))
