"""The random model: swept like the model, on the same folds; its seeds' scores are kept."""

from dataclasses import replace

import numpy as np
import pytest

from tacit.probes.controls.random_models import _mean, random_model
from tacit.probes.statistics.metrics import value
from tests.probes.settings import setting
from tests.probes.worlds import along, coin, make_world


def test_a_model_that_has_learnt_is_told_from_twins_that_have_not():
    y = coin(200)
    s = setting(y, signal=along(y, 3.0))
    stores = [make_world(y, said=y, seed=seed)[0] for seed in (1, 2, 3)]
    found = random_model(s.examples, s.scoring, s.folds, stores, sites=("object", "report"), layers=(1, 2, 3))
    assert s.score(found.baseline.held) == pytest.approx(0.5, abs=0.12)
    assert s.score(s.headline) > 0.9
    assert found.scores == tuple(value("auroc", s.scoring, held.pred) for held in found.seeds)
    assert all(f"{score:.3f}" in found.baseline.note for score in found.scores)


def test_what_the_architecture_passes_on_unlearnt_is_read_from_the_twins_too():
    y = coin(200)
    s = setting(y, signal=along(y, 3.0))
    stores = [make_world(y, said=y, seed=seed, signal=along(y, 3.0))[0] for seed in (1, 2)]
    found = random_model(s.examples, s.scoring, s.folds, stores, sites=("object",), layers=(1, 2, 3))
    assert s.score(found.baseline.held) > 0.9
    assert s.score(found.baseline.held) >= np.mean(found.scores)


def test_a_twin_that_shouts_does_not_drown_the_others():
    y = coin(200)
    s = setting(y, signal=along(y, 2.0), layers=(2,))
    loud = replace(s.headline, pred=1000 * s.headline.pred)
    mean = _mean([s.headline.pred, loud.pred], s.scoring, s.folds)
    assert value("auroc", s.scoring, mean) == pytest.approx(s.score(s.headline))
    noise = np.random.default_rng(0).normal(size=200) * 1e-3
    assert value("auroc", s.scoring, _mean([noise, s.headline.pred], s.scoring, s.folds)) == pytest.approx(
        value("auroc", s.scoring, _mean([1e6 * noise, s.headline.pred], s.scoring, s.folds))
    )


def test_without_twins_there_is_no_baseline():
    s = setting(coin(40), layers=(2,))
    assert random_model(s.examples, s.scoring, s.folds, (), sites=("object",), layers=(2,)) is None
