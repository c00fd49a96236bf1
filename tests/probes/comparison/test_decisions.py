"""Answers of equal coarseness: the probe has the words' distribution, and gains nothing by a finer scale."""

import numpy as np
import pytest

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


@pytest.mark.parametrize("kind", ["binary", "count"])
def test_an_item_without_a_score_keeps_none_and_a_fold_without_words_is_left_as_it_is(kind):
    pred = np.r_[np.nan, np.arange(99.0)]
    out = matched(pred, np.where(FOLD == 0, np.nan, 1.0), FOLD, kind=kind)
    assert np.isnan(out[0])
    assert (out[1:50] == pred[1:50]).all()
