"""The uncertainty that a search adds: none where options are alike, as much as simulation shows where they are not."""

import numpy as np
import pytest
from scipy import stats

from probes.bootstrap import interval, resample
from probes.crossfit import Held, choose
from probes.metrics import Yardstick, measure
from probes.search import MOST, Searches

N, K = 160, 4


def world(rng, *, n_options, alike=0.0, auroc=0.75):
    """(yardstick, option -> predictions, option -> inner scores, the nested winner) of equally good options."""
    y = rng.permutation(np.arange(N) % 2).astype(float)
    fold = np.empty(N, dtype=int)
    for k in (0, 1):
        rows = rng.permutation(np.flatnonzero(y == k))
        fold[rows] = np.arange(len(rows)) % K
    stick = Yardstick("binary", y, fold, 2)
    shared, apart = rng.normal(size=N), np.sqrt(2) * stats.norm.ppf(auroc)
    pred = {
        f"probe object {k}": apart * y + np.sqrt(alike) * shared + np.sqrt(1 - alike) * rng.normal(size=N)
        for k in range(n_options)
    }
    inner = {
        name: [float(measure("auroc", stick.rows(fold != i), p[fold != i])[0]) for i in range(K)]
        for name, p in pred.items()
    }
    held = [Held(p, np.array(inner[name]), (name,) * K) for name, p in pred.items()]
    return stick, pred, inner, choose(held, list(pred), fold).pred


def searched(stick, pred, inner, winner, *, weights):
    known = pred | {"nested": winner}
    return Searches(stick, weights, known.__getitem__, inner, {"nested": list(pred)})


def test_one_option_is_no_search():
    stick, pred, inner, winner = world(np.random.default_rng(0), n_options=1)
    assert "nested" not in searched(stick, pred, inner, winner, weights=np.ones((N, 1)))
    assert "said" not in searched(stick, pred, inner, winner, weights=np.ones((N, 1)))


def test_options_that_are_the_same_widen_nothing():
    rng = np.random.default_rng(1)
    stick, pred, inner, winner = world(rng, n_options=5, alike=1.0)
    weights = resample(np.arange(N), fold=stick.fold, n_resamples=300, rng=rng)
    found = searched(stick, pred, inner, winner, weights=weights).values("nested", "auroc")
    assert found == pytest.approx(measure("auroc", stick, winner, weights))


def test_an_option_far_ahead_is_chosen_in_every_draw():
    rng = np.random.default_rng(2)
    stick, pred, inner, _ = world(rng, n_options=12, auroc=0.6)
    best = 4 * stick.y + rng.normal(size=N)
    pred["probe object 3"], inner["probe object 3"] = best, [0.99] * K
    weights = resample(np.arange(N), fold=stick.fold, n_resamples=300, rng=rng)
    found = searched(stick, pred, inner, best, weights=weights).values("nested", "auroc")
    assert found == pytest.approx(measure("auroc", stick, best, weights))


def test_draws_stay_within_the_metric_and_undefined_inner_scores_are_never_chosen():
    rng = np.random.default_rng(3)
    stick, pred, inner, winner = world(rng, n_options=MOST + 4, auroc=0.999)
    inner["probe object 0"] = [None] * K
    pred["probe object 0"] = np.full(N, np.nan)
    weights = resample(np.arange(N), fold=stick.fold, n_resamples=300, rng=rng)
    found = searched(stick, pred, inner, winner, weights=weights).values("nested", "auroc")
    assert np.isfinite(found).all()
    assert found.max() <= 1


def test_intervals_of_a_choice_among_unrelated_layers_cover_the_truth_which_plain_ones_do_not():
    rng, covered, plainly = np.random.default_rng(4), [], []
    for _ in range(200):
        stick, pred, inner, winner = world(rng, n_options=12)
        weights = resample(np.arange(N), fold=stick.fold, n_resamples=200, rng=rng)
        point = float(measure("auroc", stick, winner)[0])
        for draws, out in (
            (searched(stick, pred, inner, winner, weights=weights).values("nested", "auroc"), covered),
            (measure("auroc", stick, winner, weights), plainly),
        ):
            found = interval(point, draws, n=N, n_groups=N)
            out.append(found.lower <= 0.75 <= found.upper)
    assert 0.91 <= np.mean(covered) <= 0.99
    assert np.mean(plainly) < 0.89
