"""The short ways of a statistic give what the long ones give, bit for bit."""

import numpy as np
import pytest

from tacit.probes.statistics.metrics import _pairs_won, _pairs_won_with_ties, _rank_sums


@pytest.mark.parametrize("n_draws", [2, 7, 100])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_pairs_without_ties_are_counted_as_with_them(n_draws, dtype):
    rng = np.random.default_rng(n_draws)
    score, positive, rows = rng.normal(size=90), rng.random(90) < 0.3, rng.permutation(90)[:60]
    weights = (rng.integers(4, size=(90, n_draws)) * 18 / 17).astype(dtype)
    order = rows[np.argsort(score[rows], kind="stable")]
    long = _pairs_won_with_ties(positive[order], weights[order], np.arange(len(order)))
    assert np.array_equal(_pairs_won(positive, score, weights, rows), long)


def test_ranks_of_float32_are_those_of_float64():
    rng = np.random.default_rng(0)
    score = rng.normal(size=(5, 8, 30)).astype(np.float32)
    score[0, :, 3], score[1, :, :2], score[2, :, 7:9] = np.inf, [0.0, -0.0], score[2, :, 9:11]
    score[3] = np.where(rng.random((8, 30)) < 0.1, np.nan, score[3])
    positive = rng.random((8, 30)) < 0.5
    assert np.array_equal(_rank_sums(positive, score), _rank_sums(positive, score.astype(np.float64)))
