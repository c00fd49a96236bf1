"""Answers of equal coarseness: the probe has the words' distribution, and gains nothing by a finer scale."""

import numpy as np
import pytest
from scipy.special import expit, softmax

from tacit.probes.comparison.decisions import matched

FOLD = np.repeat([0, 1], 50)


def test_the_probe_says_yes_as_often_as_the_words_in_every_fold():
    rng = np.random.default_rng(0)
    pred, said = rng.normal(size=100), np.where(rng.random(100) < 0.2, 1.0, -1.0)
    out = matched(pred, said, FOLD, kind="binary")
    assert set(np.unique(out)) == {-1.0, 1.0}
    for fold in (0, 1):
        rows = fold == FOLD
        assert (out[rows] > 0).sum() == (said[rows] > 0).sum()
        assert pred[rows][out[rows] > 0].min() > pred[rows][out[rows] < 0].max()


def test_the_probe_names_the_same_numbers_as_often_as_the_words():
    rng = np.random.default_rng(1)
    pred, said = rng.normal(size=100), rng.choice([10.0, 20.0, 50.0], size=100)
    out = matched(pred, said, FOLD, kind="count")
    for fold in (0, 1):
        rows = fold == FOLD
        assert sorted(out[rows]) == sorted(said[rows])
        assert (np.diff(out[rows][np.argsort(pred[rows])]) >= 0).all()


def test_a_probe_that_knows_what_the_words_round_gives_the_words_themselves():
    y = np.random.default_rng(2).permutation(np.arange(100))
    assert (matched(y / 7, np.round(y / 10) * 10.0, np.zeros(100), kind="count") == np.round(y / 10) * 10).all()


def test_where_some_do_not_answer_their_share_is_taken_from_those_who_do():
    said = np.r_[np.full(10, 1.0), np.full(10, -1.0), np.full(80, np.nan)]
    out = matched(np.arange(100.0), said, np.zeros(100), kind="binary")
    assert (out > 0).sum() == 50


def posteriors(n_classes, seed, n=100):
    return softmax(2 * np.random.default_rng(seed).normal(size=(n, n_classes)), axis=1)


def named(pred, offsets):
    return np.eye(len(offsets))[np.argmax(np.log(pred) + offsets, axis=1)]


@pytest.mark.parametrize("offsets", [(0, 0, 0), (3, 0, 0), (-3, 0, 1), (0, 20, 0)])
def test_words_that_are_the_probes_posterior_with_another_prior_are_what_it_says_itself(offsets):
    pred = posteriors(3, 3)
    words = named(pred, np.array(offsets))
    assert (matched(pred, words, FOLD, kind="multiclass") == words).all()


def test_the_probe_names_each_of_several_classes_as_often_as_the_words_in_every_fold():
    pred, words = posteriors(4, 4), named(posteriors(4, 5), np.array([2.0, 0, 0, -9]))
    out = matched(pred, words, FOLD, kind="multiclass")
    assert (out.sum(axis=1) == 1).all()
    for fold in (0, 1):
        assert (out[fold == FOLD].sum(axis=0) == words[fold == FOLD].sum(axis=0)).all()


def test_two_classes_are_matched_as_a_cut_of_their_log_odds():
    rng = np.random.default_rng(6)
    odds, yes = rng.normal(size=100), rng.random(100) < 0.2
    shares, words = np.stack([expit(-odds), expit(odds)], axis=1), np.eye(2)[yes.astype(int)]
    several = matched(shares, words, FOLD, kind="multiclass")
    assert ((several[:, 1] > 0) == (matched(odds, np.where(yes, 1.0, -1.0), FOLD, kind="binary") > 0)).all()


def test_probabilities_of_zero_and_scores_that_are_no_probabilities_can_be_matched():
    words = named(posteriors(3, 7), np.array([2.0, 0, 0]))
    for pred in (np.eye(3)[np.arange(100) % 3], np.random.default_rng(8).normal(size=(100, 3))):
        out = matched(pred, words, np.zeros(100), kind="multiclass")
        assert (out.sum(axis=0) == words.sum(axis=0)).all()


@pytest.mark.parametrize("kind", ["binary", "count"])
def test_an_item_without_a_score_keeps_none_and_a_fold_without_words_is_left_as_it_is(kind):
    pred = np.r_[np.nan, np.arange(99.0)]
    out = matched(pred, np.where(FOLD == 0, np.nan, 1.0), FOLD, kind=kind)
    assert np.isnan(out[0])
    assert (out[1:50] == pred[1:50]).all()
