"""Calibration: against scikit-learn, closed forms, and the definition written out."""

import numpy as np
import pytest
from scipy.special import expit, logit
from sklearn.metrics import brier_score_loss

from tacit.probes.comparison.calibration import confidence, equal_mass, errors
from tacit.probes.statistics.metrics import Scoring


def binary(y):
    return Scoring("binary", np.asarray(y, dtype=float), np.zeros(len(y), int), 2)


def test_the_brier_score_of_log_odds_is_scikit_learns():
    rng = np.random.default_rng(0)
    y, odds = rng.integers(2, size=200), rng.normal(size=200)
    found = confidence(binary(y), odds)
    assert found.brier.mean() == pytest.approx(brier_score_loss(y, expit(odds)))


def test_several_classes_have_the_brier_score_over_all_of_them():
    shares = np.array([[0.7, 0.2, 0.1], [0.1, 0.1, 0.8]])
    scoring = Scoring("multiclass", np.array([0.0, 1.0]), np.zeros(2, int), 3)
    found = confidence(scoring, shares)
    assert found.brier == pytest.approx([0.3**2 + 0.2**2 + 0.1**2, 0.1**2 + 0.9**2 + 0.8**2])
    assert found.p == pytest.approx([0.7, 0.8])
    assert found.outcome.tolist() == [1.0, 0.0]


def test_words_are_certain_and_silence_is_left_out():
    found = confidence(binary([1, 0, 1]), np.array([1.0, 1.0, np.nan]), certain=True)
    assert found.p.tolist() == [1.0, 1.0]
    assert found.brier.tolist() == [0.0, 1.0]


def test_ece_and_mad_are_their_definitions_longhand():
    p, y = np.array([0.1, 0.1, 0.3, 0.3, 0.8, 0.8, 0.8, 0.8]), np.array([0, 0, 1, 0, 1, 1, 1, 0])
    ece, mad = errors(p, y, n_bins=4)
    apart = [abs(0.1 - 0), abs(0.3 - 0.5), abs(0.8 - 0.75)]
    assert mad == pytest.approx(sum(apart) / 3)
    assert ece == pytest.approx((2 * apart[0] + 2 * apart[1] + 4 * apart[2]) / 8)


def test_bins_hold_equal_numbers_and_never_split_a_tie():
    p = np.random.default_rng(0).random(100)
    assert [len(b) for b in equal_mass(p, 10)] == [10] * 10
    assert [len(b) for b in equal_mass(np.r_[np.zeros(70), np.ones(30)], 10)] == [70, 30]
    assert equal_mass(np.array([]), 10) == []


def test_honest_confidence_has_an_error_near_zero_and_boasting_has_its_own():
    rng = np.random.default_rng(1)
    p = rng.random(20_000)
    y = (rng.random(20_000) < p).astype(float)
    assert errors(p, y)[0] < 0.015
    sure = expit(3 * logit(p))
    assert errors(sure, y)[0] == pytest.approx(np.abs(sure - p).mean(), abs=0.01)


def test_without_an_answer_the_errors_are_undefined():
    assert np.isnan(errors(np.array([]), np.array([]))).all()
