"""The read-outs' sums of probabilities are scipy's, bit for bit."""

import numpy as np
import pytest
from scipy.special import logsumexp

from tacit.probes.data.read_outs import _log_of_sum, read_out


@pytest.mark.parametrize("n", [1, 2, 3, 9, 41])
def test_a_sum_of_probabilities_is_scipys(n):
    rng = np.random.default_rng(n)
    for logp in 5 * rng.normal(size=(200, n)):
        logp[rng.random(n) < 0.1] = -np.inf
        logp[rng.random(n) < 0.2] = logp[0]
        assert _log_of_sum(logp) == logsumexp(logp)


def test_answers_that_mean_the_same_are_added_up():
    odds = read_out(np.log([0.1, 0.2, 0.5]), np.array([0.0, 1.0, 1.0]), "binary", 2)[0]
    assert odds == pytest.approx(np.log(7))
