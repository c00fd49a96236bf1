"""Is there one unit, one component, one dictionary feature that is about the target, and about nothing simpler?

In: activations of one site and layer. Out: rows of sparse.csv. On the training rows of each fold alone, features are
ranked by their F statistic with the label, the best k are kept (k = 1 is the best single one), and a least-squares
reading of them is scored on the held-out fold: AUROC for classes, R² for counts. The same features read, in the same
way, the number of characters, of words, and the position of the token (split at the training median where the target
is a class, so that all are scored in one metric). Selectivity is the target's score less the best of these: a feature
that is centrally about the target has much of it; one about length has none.

Features: ``unit`` and ``top-k`` dimensions of the residual stream, ``component``, the best single principal component,
and ``sae``, the best features of a sparse autoencoder. Gurnee et al. 2023, arXiv 2305.01610 (sparse probing).
"""

import warnings
from collections import Counter
from collections.abc import Iterator, Sequence

import numpy as np
from scipy.sparse import issparse
from sklearn.decomposition import PCA
from sklearn.feature_selection import f_classif, f_regression
from sklearn.linear_model import Ridge

from tacit.probes.data.examples import Examples
from tacit.probes.data.folds import Folds
from tacit.probes.estimators.sparse_autoencoder import SparseAutoencoder
from tacit.probes.statistics.metrics import Scoring, value

SPARSE_COLUMNS = (
    "target", "condition", "site", "layer", "feature", "which", "k", "metric", "value", "characters", "words",
    "position", "selectivity",
)  # fmt: skip
KS = (1, 2, 4, 8, 16, 32)
N_COMPONENTS = 32
SIMPLER = ("characters", "words", "position")


def sparse_rows(
    examples: Examples,
    scoring: Scoring,
    folds: Folds,
    *,
    sites: Sequence[str],
    layers: Sequence[int],
    ks: Sequence[int] = KS,
    sae: SparseAutoencoder | None = None,
) -> list[dict]:
    """Rows of sparse.csv of every site and layer; those of the autoencoder at the layer that it was trained on."""
    rows = []
    for site in sites:
        simpler = simpler_numbers(examples, site)
        for layer in layers:
            x = examples.acts(site, layer).astype(np.float64)
            kinds = [("unit", Units(x), ks), ("component", Components(x), (1,))]
            if sae is not None and sae.layer in (layer, None):
                kinds.append(("sae", Units(sae.encode(x)), ks))
            for kind, features, sizes in kinds:
                for k, which, scores in read_sparsely(features, scoring, folds, simpler, sizes):
                    name = "top-k" if kind == "unit" and k > 1 else kind
                    start = (examples.target, examples.condition, site, layer, name, which, k, _metric(scoring))
                    rows.append(dict(zip(SPARSE_COLUMNS, (*start, *scores), strict=True)))
    return rows


def read_sparsely(
    features, scoring: Scoring, folds: Folds, simpler: np.ndarray, ks: Sequence[int]
) -> Iterator[tuple[int, str, tuple[float, ...]]]:
    """For each k: k, the features most often chosen, and (value, characters, words, position, selectivity).

    features: an object with ``split(train, test)``; simpler: (n_items, 3) float64, NaN where a number is unknown.
    """
    ks = sorted({min(k, features.n_features) for k in ks})
    n_targets = max(1, scoring.n_classes)
    pred = {k: np.zeros((len(scoring.y), n_targets + simpler.shape[1])) for k in ks}
    chosen = {k: Counter() for k in ks}
    for _, train, test in folds.outer():
        x_train, x_test = features.split(train, test)
        order = _ranked(x_train, scoring, train)
        wanted = _wanted(scoring, simpler, train)
        for k in ks:
            best = order[:k]
            known, new = _dense(x_train[:, best]), _dense(x_test[:, best])
            spread = known.std(axis=0)
            spread = np.where(spread > 0, spread, 1.0)
            model = Ridge(alpha=1.0).fit(known / spread, wanted[train])
            pred[k][test] = model.predict(new / spread)
            chosen[k].update(int(b) for b in best)
    split = _wanted(scoring, simpler, np.arange(len(scoring.y)))
    for k in ks:
        own = _score(scoring, pred[k][:, :n_targets])
        others = tuple(_score_simpler(scoring, simpler, split, pred[k], column) for column in range(simpler.shape[1]))
        known = [score for score in others if np.isfinite(score)]
        which = " ".join(str(b) for b, _ in chosen[k].most_common(k))
        chance = 0.0 if scoring.kind == "count" else 0.5  # what is read worse than by guessing is not read at all
        yield k, which, (own, *others, own - max(chance, *known) if known else np.nan)


class Units:
    """The dimensions as they are, dense or sparse."""

    def __init__(self, x):
        self.x, self.n_features = x, x.shape[1]

    def split(self, train: np.ndarray, test: np.ndarray):
        """(n_train, n_features) and (n_test, n_features)."""
        return self.x[train], self.x[test]


class Components:
    """Principal components of the training rows, numbered by their variance."""

    def __init__(self, x: np.ndarray):
        self.x, self.n_features = x, min(N_COMPONENTS, *(size // 2 for size in x.shape))

    def split(self, train: np.ndarray, test: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """(n_train, n_components) and (n_test, n_components) float64; zeros where training rows are all the same."""
        if np.ptp(self.x[train], axis=0).max() == 0:
            return np.zeros((len(train), self.n_features)), np.zeros((len(test), self.n_features))
        model = PCA(self.n_features, svd_solver="randomized", random_state=0).fit(self.x[train])
        return model.transform(self.x[train]), model.transform(self.x[test])


def simpler_numbers(examples: Examples, site: str) -> np.ndarray:
    """(n_items, 3) float64: characters and words of the text, and the position of the token that the site reads."""
    frame, prompt = examples.frame, site.partition(":")[0]
    texts = frame["surface"].astype(str)
    where = np.full(len(frame), np.nan)
    if site.endswith(":end") and {"span_start", "n_tokens"} <= set(frame) and prompt == "object":
        where = (frame["span_start"] + frame["n_tokens"] - 1).to_numpy(dtype=np.float64)
    elif f"{prompt}_last" in frame:
        where = frame[f"{prompt}_last"].to_numpy(dtype=np.float64)
    return np.stack([texts.str.len(), texts.str.split().str.len(), where], axis=1).astype(np.float64)


def r2(y: np.ndarray, pred: np.ndarray, fold: np.ndarray) -> float:
    """1 - squared error / squared error of the training mean, over held-out rows; nan where labels do not vary."""
    guess = np.empty(len(y))
    for i in np.unique(fold):
        guess[fold == i] = y[fold != i].mean()
    total = float(((y - guess) ** 2).sum())
    return 1 - float(((y - pred) ** 2).sum()) / total if total > 0 and np.ptp(y) > 0 else float("nan")


def _ranked(x_train, scoring: Scoring, train: np.ndarray) -> np.ndarray:
    """Features by their F statistic with the training labels, the best first; constant ones last."""
    with warnings.catch_warnings(), np.errstate(invalid="ignore", divide="ignore"):
        warnings.simplefilter("ignore")  # constant features have no F
        test = f_regression if scoring.kind == "count" else f_classif
        strength = test(x_train, scoring.y[train])[0]
    return np.argsort(-np.nan_to_num(strength, nan=-1.0, posinf=np.finfo(float).max), kind="stable")


def _wanted(scoring: Scoring, simpler: np.ndarray, train: np.ndarray) -> np.ndarray:
    """(n_items, n_targets + 3): what is regressed on the features: label or class indicators, and the simpler numbers.

    Beside a class, a number is split at its training median; unknown ones count as 0.
    """
    if scoring.kind == "count":
        return np.column_stack([scoring.y, np.nan_to_num(simpler)])
    own = np.eye(scoring.n_classes)[scoring.y.astype(np.int64)]
    return np.column_stack([own, simpler > np.nanmedian(_known(simpler[train]), axis=0)])


def _known(simpler: np.ndarray) -> np.ndarray:
    """Columns that are unknown throughout as zeros, so that their median is not asked for in vain."""
    return np.where(np.isnan(simpler).all(axis=0), 0.0, simpler)


def _metric(scoring: Scoring) -> str:
    return "r2" if scoring.kind == "count" else scoring.primary


def _score(scoring: Scoring, pred: np.ndarray) -> float:
    if scoring.kind == "count":
        return r2(scoring.y, pred[:, 0], scoring.fold)
    return value(scoring.primary, scoring, pred[:, 1] if scoring.kind == "binary" else pred)


def _score_simpler(scoring: Scoring, simpler: np.ndarray, split: np.ndarray, pred: np.ndarray, column: int) -> float:
    """The same metric for a simpler number; nan where it is unknown or the same for all."""
    at, number = max(1, scoring.n_classes) + column, simpler[:, column]
    if np.isnan(number).any() or np.ptp(number) == 0:
        return float("nan")
    if scoring.kind == "count":
        return r2(number, pred[:, at], scoring.fold)
    return value("auroc", Scoring("binary", split[:, at], scoring.fold, 2), pred[:, at])


def _dense(x) -> np.ndarray:
    return x.toarray() if issparse(x) else np.asarray(x)
