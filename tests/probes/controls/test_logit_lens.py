"""The logit lens reads what the next token gives away, with tokens assigned to classes on training rows alone."""

import numpy as np
import pytest
from scipy.special import softmax

from tacit.probes.controls.logit_lens import FLOOR, ClassShares, logit_lens
from tacit.probes.data.reading import Reading
from tests.probes.settings import setting
from tests.probes.worlds import coin


def test_class_shares_are_the_tokens_probabilities_added_up():
    logits = np.array([[2.0, 0.0, 1.0, -1.0]] * 4)
    first, y = np.array([10, 11, 12, 13]), np.array([0.0, 1.0, 0.0, 1.0])
    found = ClassShares(logits, np.array([10, 11, 12, 13]), first, y, 2).shares(np.arange(4))
    p = softmax(logits[0])
    assert np.exp(found[0]).tolist() == pytest.approx([p[0] + p[2], p[1] + p[3]])


def test_a_token_that_no_training_reply_began_with_speaks_for_no_class():
    logits, tokens = np.zeros((3, 3)), np.array([1, 2, 3])
    shares = ClassShares(logits, tokens, np.array([1, 1, 3]), np.array([0.0, 0.0, 1.0]), 2)
    assert np.exp(shares.shares(np.array([0, 1]))[0, 0]) == pytest.approx(1 / 3)
    assert shares.shares(np.array([0, 1]))[0, 1] == FLOOR


def test_the_labels_of_held_out_rows_are_not_looked_at():
    rng = np.random.default_rng(0)
    logits, tokens, first = rng.normal(size=(40, 5)), np.arange(5), rng.integers(0, 5, 40)
    y, train = rng.integers(0, 2, 40).astype(float), np.arange(30)
    other = np.where(np.arange(40) < 30, y, 1 - y)
    one, two = (ClassShares(logits, tokens, first, labels, 2).shares(train) for labels in (y, other))
    np.testing.assert_array_equal(one, two)


def test_the_lens_finds_the_layer_at_which_the_choice_is_written():
    y = coin(200)
    s = setting(y, layers=(2,))
    rng, right = np.random.default_rng(0), np.array([v == "yes" for v in y])
    first = np.where(right, 7, 9)
    noise = {f"lens/{layer:03d}": rng.normal(size=(200, 2)) for layer in range(4)}
    noise["lens/003"][:, 0] += 4 * right
    ends = {"tokens": np.array([7, 9]), "first": first} | noise
    found = logit_lens(ends, np.arange(200), s.scoring, s.folds, s.headline, rival=True)
    assert found.best.held.usual == Reading("object", 3) and s.score(found.best.held) > 0.95
    assert s.score(found.same.held) == pytest.approx(0.5, abs=0.12)  # the headline looked at layer 2
    np.testing.assert_array_equal(found.same.held.pred, found.by_layer[2].pred)
    late = ends | {"lens/003": rng.normal(size=(200, 2))}
    found = logit_lens(late, np.arange(200), s.scoring, s.folds, s.headline, rival=False)
    assert s.score(found.best.held) == pytest.approx(0.5, abs=0.12) and found.best.kind == "control"


def test_without_a_lens_there_is_no_baseline():
    s = setting(coin(40), layers=(2,))
    assert logit_lens({}, s.examples.rows, s.scoring, s.folds, s.headline, rival=True) is None
