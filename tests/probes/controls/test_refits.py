"""The spread over other fold assignments: as many as asked for, each the score of the same probe on its own folds."""

import numpy as np
import pytest

from tacit.probes.controls.refits import refits
from tacit.probes.data.folds import make_folds
from tacit.probes.estimators.families import Dense, families
from tacit.probes.estimators.nested_cv import cross_fit
from tacit.probes.statistics.metrics import Scoring, value
from tacit.seeds import stream


def world(apart: float, n: int = 80):
    rng, y = np.random.default_rng(2), np.arange(n) % 2.0
    x = rng.normal(size=(n, 5))
    x[:, 0] += apart * y
    folds = make_folds(y, np.arange(n), kind="binary", seed=0)
    return x, Scoring.of("binary", y, folds.fold, 2), folds


def test_the_scores_are_those_of_other_folds_one_by_one():
    x, scoring, folds = world(1.0)
    found = refits(x, scoring, folds, site="object", layer=3, seed=5, n=4)
    scores = []
    for seed in stream(5, "refits").integers(2**31, size=4):
        other = make_folds(scoring.y, folds.groups, kind="binary", seed=int(seed))
        assert not np.array_equal(other.fold, folds.fold)
        own = Scoring.of("binary", scoring.y, other.fold, 2)
        scores.append(value("auroc", own, cross_fit(Dense(x), own, other, families("binary")).pred))
    assert (found.n, found.site, found.layer) == (4, "object", 3)
    assert found.mean == pytest.approx(np.mean(scores)) and found.sd == pytest.approx(np.std(scores, ddof=1))
    assert (found.least, found.most) == (pytest.approx(min(scores)), pytest.approx(max(scores)))


def test_a_perfect_probe_has_no_spread():
    found = refits(*world(40.0), site="object", layer=3, seed=5, n=3)
    assert found.mean == 1 and found.sd == 0
