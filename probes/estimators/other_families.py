"""Other probes of the same states, as rows beside the headline: does the choice of probe make the result?

In and out as in `linear`. Linear ones: ridge (on ±1, or one column per class), L2 logistic regression, shrinkage LDA,
and the difference of the class means. Not linear: a small multilayer perceptron; where it is far ahead, the code is not
linear, and the headline says too little. None of them takes part in a choice of the headline.
"""

import warnings

import numpy as np
from scipy.special import logit, softmax
from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPClassifier, MLPRegressor

from tacit.probes.estimators.closed_form import Basis, solve_lda
from tacit.probes.estimators.families import LDA, LOGISTIC, RIDGE, SHRINKAGES, Family

HIDDEN = 32


def comparisons(kind: str) -> tuple[Family, ...]:
    """The families that a kind of label is compared under; for counts the headline's own two, each alone."""
    return (RIDGE, LDA, MLP) if kind == "count" else (RIDGE, LOGISTIC, LDA_CLASSES, MEANS, MLP)


def solve_classes(basis: Basis, y: np.ndarray, *, n_classes: int) -> np.ndarray:
    """Shrinkage LDA: log-odds (two classes) or posterior shares, (n_shrinkages, n_test, n_labellings[, n_classes])."""
    found = np.stack(list(solve_lda(basis, y.astype(np.int64), n_classes, SHRINKAGES)))
    if n_classes > 2:
        return softmax(found, axis=-1)
    return np.nan_to_num(found[..., 1] - found[..., 0], nan=0.0, posinf=30.0, neginf=-30.0)


def fit_classes(x_train, y_train, x_test, *, n_classes: int, only: int | None = None) -> np.ndarray:
    """`solve_classes` of one training set."""
    found = solve_classes(Basis.of(x_train, x_test, scale=False), y_train[:, None], n_classes=n_classes)[:, :, 0]
    return found if only is None else found[only][None]


def fit_means(x_train, y_train, x_test, *, n_classes: int, only: int | None = None) -> np.ndarray:
    """Nearness to the class means: for two classes the projection on their difference, 0 half way between them."""
    means = np.stack(
        [x_train[y_train == k].mean(0) if (y_train == k).any() else x_train.mean(0) for k in range(n_classes)]
    )
    score = x_test @ means.T - 0.5 * (means**2).sum(1)
    return (score[:, 1] - score[:, 0] if n_classes == 2 else score)[None]


def fit_mlp(x_train, y_train, x_test, *, n_classes: int = 0, only: int | None = None) -> np.ndarray:
    """One hidden layer of rectified units, weight decay, fixed seed; counts are standardised for it."""
    batch = min(64, len(x_train))
    options = {"hidden_layer_sizes": (HIDDEN,), "alpha": 1.0, "max_iter": 60, "random_state": 0, "batch_size": batch}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # sixty epochs are the setting, not an accident
        if n_classes == 0:
            mean, std = y_train.mean(), max(y_train.std(), 1e-9)
            model = MLPRegressor(**options).fit(x_train, (y_train - mean) / std)
            return (model.predict(x_test) * std + mean)[None]
        seen = np.unique(y_train).astype(int)
        share = np.zeros((len(x_test), n_classes))
        if len(seen) < 2:
            share[:, seen] = 1.0
        else:
            share[:, seen] = MLPClassifier(**options).fit(x_train, y_train.astype(int)).predict_proba(x_test)
    return (logit(np.clip(share[:, 1], 1e-6, 1 - 1e-6)) if n_classes == 2 else share)[None]


LDA_CLASSES = Family("lda", tuple(f"shrinkage={s:g}" for s in SHRINKAGES), fit_classes, solve=solve_classes)
MEANS = Family("difference of means", ("",), fit_means)
MLP = Family("mlp", ("",), fit_mlp)
