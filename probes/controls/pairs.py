"""What two features of the text tell together and neither alone, such as the exclusive or of two words.

In: texts, other surface features, labels. Out: features and a probe family for `cross_fit`. Words are kept by how often
they occur, because of an exclusive or neither word correlates with the label. All products of two standardised features
are ranked by their correlation with the training labels, and a linear model is fitted on the best of them and on the
features that they are made of (interaction screening; Hao & Zhang 2014, JASA 109:1285).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_array
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.linear_model import Ridge

from tacit.probes.estimators.families import Family, fit_logistic

N_WORDS = 100
"""Words that are paired: those whose presence varies most over the training texts."""
N_PAIRS = (1, 4, 16)
"""Numbers of products that are chosen among on inner folds."""


@dataclass(frozen=True)
class Pairable:
    """Surface numbers beside the presence of words, standardised on the training rows."""

    numbers: np.ndarray
    """(n_items, n_numbers) float64"""
    words: csr_array
    """(n_items, n_words) 0 or 1"""

    @classmethod
    def of(cls, numbers: np.ndarray, texts: Sequence[str]) -> "Pairable":
        """Words are runs of letters and digits in lower case."""
        try:
            words = CountVectorizer(binary=True, token_pattern=r"\w+").fit_transform(texts)
        except ValueError:  # not one word in all texts
            words = np.zeros((len(texts), 1))
        return cls(numbers, csr_array(words, dtype=np.float64))

    def split(self, train: np.ndarray, test: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """(n_train, n_features) and (n_test, n_features) float64; constant features are left out."""
        share = np.asarray(self.words[train].mean(axis=0)).ravel()
        kept = np.sort(np.argsort(-share * (1 - share), kind="stable")[:N_WORDS])
        x = np.hstack([self.numbers, self.words[:, kept].toarray()])
        centre, spread = x[train].mean(axis=0), x[train].std(axis=0)
        varies = spread > 1e-9
        x = (x[:, varies] - centre[varies]) / spread[varies]
        return x[train], x[test]


def fit_pairs(x_train, y_train, x_test, *, n_classes: int, only: int | None = None) -> np.ndarray:
    """Predictions from the best products of two features and these features, for each number of products."""
    ranked = best_pairs(x_train, y_train, n_classes=n_classes, n_pairs=max(N_PAIRS))
    out = []
    for n in N_PAIRS if only is None else (N_PAIRS[only],):
        train, test = (_interactions(x, ranked[:n]) for x in (x_train, x_test))
        if n_classes == 0:
            out.append(Ridge(alpha=1.0).fit(train, y_train).predict(test))
        else:
            out.append(fit_logistic(train, y_train, test, n_classes=n_classes, only=0, grid=(1.0,))[0])
    return np.stack(out)


def best_pairs(x: np.ndarray, y: np.ndarray, *, n_classes: int, n_pairs: int) -> np.ndarray:
    """(n, 2) int64 positions of the pairs of columns whose product correlates most with the label, or with a class.

    x: (n_items, n_features) float64, standardised. No product is computed: their covariances with the label are
    x' diag(y) x, and their variances follow from x' x and the squares.
    """
    labels = y[:, None] if n_classes == 0 else (y[:, None] == np.arange(n_classes)).astype(np.float64)
    labels = labels - labels.mean(axis=0)
    covariance = np.abs([x.T @ (x * column[:, None]) for column in labels.T]) / len(x)
    variance = (x**2).T @ x**2 / len(x) - (x.T @ x / len(x)) ** 2
    with np.errstate(divide="ignore", invalid="ignore"):
        strength = np.where(variance > 1e-9, covariance / np.sqrt(variance), 0.0)
        strength = np.nan_to_num(strength / labels.std(axis=0)[:, None, None]).max(axis=0)
    first, second = np.triu_indices(x.shape[1], k=1)
    order = np.argsort(-strength[first, second], kind="stable")[:n_pairs]
    return np.stack([first[order], second[order]], axis=1)


def _interactions(x: np.ndarray, pairs: np.ndarray) -> np.ndarray:
    """The products of these pairs of columns, then the columns; one column of zeros where there is no pair."""
    if not len(pairs):
        return np.zeros((len(x), 1))
    return np.hstack([x[:, pairs[:, 0]] * x[:, pairs[:, 1]], x[:, np.unique(pairs)]])


PAIRS = Family("pairs", tuple(f"{n} pair{'s'[: n > 1]}" for n in N_PAIRS), fit_pairs)
