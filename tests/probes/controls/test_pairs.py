"""Two features that tell the label together and neither alone."""

import numpy as np
import pytest

from tacit.probes.controls.pairs import PAIRS, Pairable, best_pairs
from tacit.probes.data.folds import make_folds
from tacit.probes.estimators.nested_cv import cross_fit
from tacit.probes.statistics.metrics import Scoring, value


def scored(texts, y, numbers=None):
    numbers = np.zeros((len(texts), 1)) if numbers is None else numbers
    folds = make_folds(y, np.arange(len(y)), kind="binary", seed=0)
    scoring = Scoring("binary", y, folds.fold, 2)
    return value("auroc", scoring, cross_fit(Pairable.of(numbers, texts), scoring, folds, (PAIRS,)).pred)


def noise(rng, n, vocabulary=200):
    return [" ".join(f"w{k}" for k in rng.integers(vocabulary, size=12)) for _ in range(n)]


@pytest.mark.parametrize("n", [200, 600])
def test_the_exclusive_or_of_two_words_is_found_among_many(n):
    rng = np.random.default_rng(n)
    bits = rng.integers(2, size=(n, 2))
    texts = [f"{'red ' * a}{'cat ' * b}{text}" for (a, b), text in zip(bits, noise(rng, n), strict=True)]
    assert scored(texts, (bits[:, 0] ^ bits[:, 1]).astype(float)) > 0.95


def test_a_word_that_turns_what_a_number_means_is_found():
    rng = np.random.default_rng(1)
    word, number = rng.integers(2, size=300), rng.normal(size=300)
    texts = [f"{'not ' * w}{text}" for w, text in zip(word, noise(rng, 300), strict=True)]
    assert scored(texts, ((number > 0) ^ word).astype(float), number[:, None]) > 0.9


def test_unrelated_texts_are_chance():
    rng = np.random.default_rng(2)
    found = [scored(noise(rng, 200), (rng.permutation(200) % 2).astype(float)) for _ in range(5)]
    assert np.mean(found) == pytest.approx(0.5, abs=0.06)


@pytest.mark.parametrize("n_classes", [0, 3])
def test_products_are_ranked_by_their_correlation_with_the_label(n_classes):
    rng = np.random.default_rng(3)
    x = rng.normal(size=(50, 6))
    x = (x - x.mean(axis=0)) / x.std(axis=0)
    y = rng.integers(3, size=50).astype(float)
    labels = [y] if n_classes == 0 else [(y == k).astype(float) for k in range(3)]
    strength = {
        (i, j): max(abs(np.corrcoef(x[:, i] * x[:, j], label)[0, 1]) for label in labels)
        for i in range(6) for j in range(i + 1, 6)
    }  # fmt: skip
    longhand = sorted(strength, key=strength.get, reverse=True)[:4]
    assert best_pairs(x, y, n_classes=n_classes, n_pairs=4).tolist() == [list(pair) for pair in longhand]


def test_texts_without_a_word_have_no_pairs():
    y = np.arange(40) % 2.0
    assert scored(["!"] * 40, y) == pytest.approx(0.5, abs=0.2)
