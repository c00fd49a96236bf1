"""Scores within sources of items."""

import numpy as np
import pytest

from tacit.probes.data.sources import enough_sources, within_sources
from tacit.probes.statistics.metrics import Scoring, value
from tacit.thresholds import MIN_SOURCE


def world(seed=0, n=60):
    rng = np.random.default_rng(seed)
    y, fold, source = rng.integers(2, size=n).astype(float), np.arange(n) % 3, rng.integers(2, size=n)
    return Scoring("binary", y, fold, 2), np.array([f"s{k}" for k in source]), rng.normal(size=n)


def test_only_pairs_of_one_fold_and_one_source_count():
    scoring, source, pred = world()
    pairs = [
        (pred[i] > pred[j])
        for i in np.flatnonzero(scoring.y == 1)
        for j in np.flatnonzero(scoring.y == 0)
        if scoring.fold[i] == scoring.fold[j] and source[i] == source[j]
    ]
    assert value("auroc", within_sources(scoring, source), pred) == pytest.approx(np.mean(pairs))


def test_an_offset_between_sources_changes_nothing_within_them():
    scoring, source, pred = world()
    within = within_sources(scoring, source)
    assert value("auroc", within, pred + 9 * (source == "s1")) == value("auroc", within, pred)


def test_one_source_small_ones_and_counts_have_no_score_within():
    scoring, source, _ = world()
    assert within_sources(scoring, np.full(60, "s")) is None
    assert not enough_sources(np.array(["a"] * 50 + ["b"] * (MIN_SOURCE - 1)))
    assert enough_sources(np.array(["a"] * 50 + ["b"] * MIN_SOURCE))
    count = Scoring("count", scoring.y, scoring.fold, 0, scoring.y)
    assert within_sources(count, source) is None
