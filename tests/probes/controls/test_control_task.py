"""The control task: hashed labels keep the distribution, one per group, and only memory gets them right."""

import hashlib

import numpy as np
import pytest

from tacit.probes.controls.control_task import control_task, hashed_labels, seen_control_task
from tacit.probes.statistics.bootstrap import resample
from tacit.probes.statistics.metrics import measure, value
from tests.probes.settings import setting
from tests.probes.worlds import along, coin


def test_hashed_labels_keep_the_shares_of_the_classes_and_are_one_per_group():
    groups = np.repeat(np.arange(100), 3)
    y = (np.arange(300) < 90).astype(float)
    found = hashed_labels(y, groups, seed=0)
    assert found.mean() == pytest.approx(0.3, abs=0.01)
    assert all(len(set(found[groups == g])) == 1 for g in range(100))


def test_hashed_counts_of_single_items_are_the_counts_in_another_order():
    y = np.random.default_rng(0).integers(0, 50, 200).astype(float)
    found = hashed_labels(y, np.arange(200), seed=0)
    assert sorted(found) == sorted(y)
    assert abs(np.corrcoef(found, y)[0, 1]) < 0.2


def test_hashed_labels_follow_the_hash_written_out_longhand():
    y, groups = np.array([0.0, 0.0, 1.0, 1.0]), np.arange(4)
    digests = [hashlib.sha256(f"5 {g}".encode()).hexdigest() for g in range(4)]
    wanted = np.zeros(4)
    wanted[np.argsort(digests)[2:]] = 1
    assert hashed_labels(y, groups, seed=5).tolist() == wanted.tolist()
    assert any(hashed_labels(y, groups, seed=s).tolist() != wanted.tolist() for s in range(5))


def test_a_planted_signal_is_selective_and_its_interval_is_paired():
    y = coin(200)
    s = setting(y, signal=along(y, 3.0))
    control = control_task(s.examples, s.scoring, s.folds, s.headline, seed=0)
    weights = resample(s.folds.groups, n_resamples=300, rng=np.random.default_rng(0))
    own = s.scoring.with_labels(control.y)
    lost = measure("auroc", own, control.held.pred, weights)
    found = measure("auroc", s.scoring, s.headline.pred, weights) - lost
    assert s.score(control.held, control.y) == pytest.approx(0.5, abs=0.13)
    assert np.quantile(found, 0.025) > 0.2


def test_groups_that_are_seen_in_training_are_memorised_and_those_held_out_are_not():
    groups = np.repeat(np.arange(50), 4)
    y = coin(200)
    base = np.random.default_rng(1).normal(size=(50, 60))[groups]
    s = setting(y, groups=groups, d_model=60, signal=lambda site, layer: 3 * base)
    held_out = control_task(s.examples, s.scoring, s.folds, s.headline, seed=0)
    scoring, seen = seen_control_task(s.examples, s.scoring, s.folds, ("object", 2), seed=0)
    assert value("auroc", scoring, seen.pred) > 0.9
    assert s.score(held_out.held, held_out.y) < 0.7


def test_groups_of_one_item_cannot_be_seen_in_training():
    y = coin(60)
    s = setting(y, layers=(2,))
    assert seen_control_task(s.examples, s.scoring, s.folds, ("object", 2), seed=0) is None
