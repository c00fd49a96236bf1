"""The uncertainty that a search adds: none where options are alike, as much as simulation shows where they are not."""

import numpy as np
import pytest
from scipy import stats

from tacit.probes.estimators.nested_cv import Held, choose
from tacit.probes.statistics.bootstrap import interval, resample
from tacit.probes.statistics.metrics import Scoring, measure
from tacit.probes.statistics.selection import MOST, Searches

N, K = 160, 4


def world(rng, *, n_options, alike=0.0, auroc=0.75):
    """(scoring, option -> predictions, option -> inner scores, the nested winner) of equally good options."""
    y = rng.permutation(np.arange(N) % 2).astype(float)
    fold = np.empty(N, dtype=int)
    for k in (0, 1):
        rows = rng.permutation(np.flatnonzero(y == k))
        fold[rows] = np.arange(len(rows)) % K
    scoring = Scoring("binary", y, fold, 2)
    shared, apart = rng.normal(size=N), np.sqrt(2) * stats.norm.ppf(auroc)
    pred = {
        f"probe object {k}": apart * y + np.sqrt(alike) * shared + np.sqrt(1 - alike) * rng.normal(size=N)
        for k in range(n_options)
    }
    inner = {
        name: [float(measure("auroc", scoring.rows(fold != i), p[fold != i])[0]) for i in range(K)]
        for name, p in pred.items()
    }
    held = [Held(p, np.array(inner[name]), (name,) * K) for name, p in pred.items()]
    return scoring, pred, inner, choose(held, list(pred), fold).pred


def searched(scoring, pred, inner, winner, *, weights):
    known = pred | {"nested": winner}
    return Searches(scoring, weights, known.__getitem__, inner, {"nested": list(pred)})


def test_one_option_is_no_search():
    scoring, pred, inner, winner = world(np.random.default_rng(0), n_options=1)
    assert "nested" not in searched(scoring, pred, inner, winner, weights=np.ones((N, 1)))
    assert "said" not in searched(scoring, pred, inner, winner, weights=np.ones((N, 1)))


def test_options_that_are_the_same_widen_nothing():
    rng = np.random.default_rng(1)
    scoring, pred, inner, winner = world(rng, n_options=5, alike=1.0)
    weights = resample(np.arange(N), fold=scoring.fold, n_resamples=300, rng=rng)
    found = searched(scoring, pred, inner, winner, weights=weights).values("nested", "auroc")
    assert found == pytest.approx(measure("auroc", scoring, winner, weights))


def test_an_option_far_ahead_is_chosen_in_every_draw():
    rng = np.random.default_rng(2)
    scoring, pred, inner, _ = world(rng, n_options=12, auroc=0.6)
    best = 4 * scoring.y + rng.normal(size=N)
    pred["probe object 3"], inner["probe object 3"] = best, [0.99] * K
    weights = resample(np.arange(N), fold=scoring.fold, n_resamples=300, rng=rng)
    found = searched(scoring, pred, inner, best, weights=weights).values("nested", "auroc")
    assert found == pytest.approx(measure("auroc", scoring, best, weights))


def test_draws_stay_within_the_metric_and_undefined_inner_scores_are_never_chosen():
    rng = np.random.default_rng(3)
    scoring, pred, inner, winner = world(rng, n_options=MOST + 4, auroc=0.999)
    inner["probe object 0"] = [None] * K
    pred["probe object 0"] = np.full(N, np.nan)
    weights = resample(np.arange(N), fold=scoring.fold, n_resamples=300, rng=rng)
    found = searched(scoring, pred, inner, winner, weights=weights).values("nested", "auroc")
    assert np.isfinite(found).all()
    assert found.max() <= 1


def test_intervals_of_a_choice_among_unrelated_layers_cover_the_truth_which_plain_ones_do_not():
    rng, covered, plainly = np.random.default_rng(4), [], []
    for _ in range(200):
        scoring, pred, inner, winner = world(rng, n_options=12)
        weights = resample(np.arange(N), fold=scoring.fold, n_resamples=200, rng=rng)
        point = float(measure("auroc", scoring, winner)[0])
        for draws, out in (
            (searched(scoring, pred, inner, winner, weights=weights).values("nested", "auroc"), covered),
            (measure("auroc", scoring, winner, weights), plainly),
        ):
            found = interval(point, draws, n=N, n_groups=N)
            out.append(found.lower <= 0.75 <= found.upper)
    assert 0.91 <= np.mean(covered) <= 0.99
    assert np.mean(plainly) < 0.89
