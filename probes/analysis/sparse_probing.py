"""Sparse probing: does one unit, one principal component or one SAE feature predict the target, beyond simpler numbers?

In: activations of one site and layer. Out: rows of sparse.csv. In each fold, features are ranked by their F statistic
with the label on the training rows alone; a ridge regression on the k best features (k = 1 is the best single one)
predicts the held-out rows, scored by AUROC for classes and R² for counts. The same regression also predicts three
simpler numbers: the text's characters, its words, and the token's position. Where the target is a class, each of them
is split at its median, so that AUROC scores them all. Selectivity is the target's score minus the best of theirs: high
where the features encode the target itself, about 0 where they encode, say, length.

Features: ``unit`` and ``top-k`` dimensions of the residual stream; ``component``, the best single principal component;
``sae``, the best features of a sparse autoencoder. Gurnee et al. 2023, arXiv 2305.01610 (sparse probing).
"""

import warnings
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from scipy.sparse import issparse
from sklearn import config_context
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


class SparseScore(NamedTuple):
    """Held-out scores of the probe on the k best features: of the target, and of each simpler number."""

    k: int
    which: str
    """the k features chosen in the most folds, the most frequent first, separated by spaces"""
    value: float
    """score of the target: AUROC or macro AUROC of classes, R² of counts"""
    characters: float
    """score of the number of characters; nan, as for the next two, where it is unknown or the same for all items"""
    words: float
    position: float
    selectivity: float
    """value minus the best simpler score, or minus chance where that is higher; nan where no simpler score is known"""


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
    """Rows of sparse.csv for every site and layer; SAE features only at the layer that the SAE was trained on."""
    rows = []
    for site in sites:
        simpler = simpler_numbers(examples, site)
        for layer in layers:
            x = examples.acts(site, layer).astype(np.float64)
            kinds = [("unit", Units(x), ks), ("component", Components(x), (1,))]
            if sae is not None and sae.layer in (layer, None):
                kinds.append(("sae", Units(sae.encode(x)), ks))
            place = {"target": examples.target, "condition": examples.condition, "site": site, "layer": layer}
            for kind, features, sizes in kinds:
                for score in score_sparse_probes(features, scoring, folds, simpler, sizes):
                    feature = "top-k" if kind == "unit" and score.k > 1 else kind
                    row = place | {"feature": feature, "metric": _metric(scoring)} | score._asdict()
                    rows.append({column: row[column] for column in SPARSE_COLUMNS})
    return rows


def score_sparse_probes(
    features, scoring: Scoring, folds: Folds, simpler: np.ndarray, ks: Sequence[int]
) -> Iterator[SparseScore]:
    """Rank the features, fit the k best and score them held out, for each k in ascending order.

    features: `Units` or `Components`; simpler: (n_items, 3) float64 from `simpler_numbers`, NaN where unknown;
    ks: how many features to keep, where a k above the number of features means all of them.
    """
    outputs = _Outputs(scoring, simpler)
    ks = sorted({min(k, features.n_features) for k in ks})
    for k, held_out in _cross_fit(features, outputs, folds, ks).items():
        target, others = outputs.target_score(held_out.pred), outputs.simpler_scores(held_out.pred)
        yield SparseScore(k, held_out.most_chosen(k), target, *others, _selectivity(target, others, scoring.kind))


class Units:
    """The columns of a dense or sparse matrix, as they are."""

    def __init__(self, x):
        self.x, self.n_features = x, x.shape[1]

    def split(self, train: np.ndarray, test: np.ndarray):
        """(n_train, n_features) and (n_test, n_features)."""
        return self.x[train], self.x[test]


class Components:
    """Principal components of the training rows, numbered from 0 by falling variance."""

    def __init__(self, x: np.ndarray):
        self.x, self.n_features = x, min(N_COMPONENTS, *(size // 2 for size in x.shape))

    def split(self, train: np.ndarray, test: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """(n_train, n_components) and (n_test, n_components) float64; zeros where all training rows are equal."""
        if np.ptp(self.x[train], axis=0).max() == 0:
            return np.zeros((len(train), self.n_features)), np.zeros((len(test), self.n_features))
        model = PCA(self.n_features, svd_solver="randomized", random_state=0).fit(self.x[train])
        return model.transform(self.x[train]), model.transform(self.x[test])


def simpler_numbers(examples: Examples, site: str) -> np.ndarray:
    """(n_items, 3) float64: characters and words of the text, position of the token at the site; NaN if unknown."""
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


@dataclass(frozen=True)
class _Outputs:
    """What one regression predicts: the target (a count, or one indicator per class), then the simpler numbers."""

    scoring: Scoring
    simpler: np.ndarray
    """(n_items, 3) float64, characters, words and position; NaN where unknown"""

    @property
    def n_target(self) -> int:
        """How many of the columns are the target's."""
        return max(1, self.scoring.n_classes)

    def columns(self, rows: np.ndarray) -> np.ndarray:
        """(n_items, n_target + 3) float64, the values to predict.

        Beside classes, each simpler number becomes 1 above its median over `rows` and 0 elsewhere, also where unknown.
        """
        if self.scoring.kind == "count":
            return np.column_stack([self.scoring.y, np.nan_to_num(self.simpler)])
        classes = np.eye(self.scoring.n_classes)[self.scoring.y.astype(np.int64)]
        some = self.simpler[rows]
        some = np.where(np.isnan(some).all(axis=0), 0.0, some)  # NumPy warns about the median of an all-NaN column
        return np.column_stack([classes, self.simpler > np.nanmedian(some, axis=0)])

    def target_score(self, pred: np.ndarray) -> float:
        """pred: (n_items, n_target + 3) held-out predictions of `columns`."""
        scoring, own = self.scoring, pred[:, : self.n_target]
        if scoring.kind == "count":
            return r2(scoring.y, own[:, 0], scoring.fold)
        return value(scoring.primary, scoring, own[:, 1] if scoring.kind == "binary" else own)

    def simpler_scores(self, pred: np.ndarray) -> list[float]:
        """R² beside counts, AUROC beside classes; nan for a number that is unknown for some item or equal for all."""
        every_row = np.arange(len(self.simpler))
        labels = self.columns(every_row)[:, self.n_target :]
        pairs = zip(self.simpler.T, labels.T, pred[:, self.n_target :].T, strict=True)
        return [self._simpler_score(number, label, own) for number, label, own in pairs]

    def _simpler_score(self, number: np.ndarray, label: np.ndarray, pred: np.ndarray) -> float:
        if np.isnan(number).any() or np.ptp(number) == 0:
            return float("nan")
        if self.scoring.kind == "count":
            return r2(number, pred, self.scoring.fold)
        return value("auroc", Scoring("binary", label, self.scoring.fold, 2), pred)


@dataclass(frozen=True)
class _HeldOut:
    """The probe on the k best features, fitted once per fold."""

    pred: np.ndarray
    """(n_items, n_outputs) float64, held-out predictions of `_Outputs.columns`"""
    times_chosen: Counter = field(default_factory=Counter)
    """feature -> number of folds in which it was among the k best"""

    def most_chosen(self, k: int) -> str:
        return " ".join(str(feature) for feature, _ in self.times_chosen.most_common(k))


def _cross_fit(features, outputs: _Outputs, folds: Folds, ks: Sequence[int]) -> dict[int, _HeldOut]:
    """By k, the predictions of every fold from regressions on the other folds; the ranking serves all k."""
    # Inputs were checked when the examples were made; checking them again in every fit costs half the time.
    with config_context(assume_finite=True, skip_parameter_validation=True):
        return _cross_fit_unchecked(features, outputs, folds, ks)


def _cross_fit_unchecked(features, outputs: _Outputs, folds: Folds, ks: Sequence[int]) -> dict[int, _HeldOut]:
    shape = (len(outputs.simpler), outputs.n_target + outputs.simpler.shape[1])
    found = {k: _HeldOut(np.zeros(shape)) for k in ks}
    for _, train, test in folds.outer():
        x_train, x_test = features.split(train, test)
        ranking = _ranked(x_train, outputs.scoring.y[train], outputs.scoring.kind)
        wanted = outputs.columns(train)[train]
        for k in ks:
            best = ranking[:k]
            found[k].pred[test] = _ridge(_dense(x_train[:, best]), wanted, _dense(x_test[:, best]))
            found[k].times_chosen.update(int(feature) for feature in best)
    return found


def _ranked(x_train, y_train: np.ndarray, kind: str) -> np.ndarray:
    """(n_features,) feature numbers by falling F statistic with the training labels; constant features come last."""
    with warnings.catch_warnings(), np.errstate(invalid="ignore", divide="ignore"):
        warnings.simplefilter("ignore")  # the F statistic of a constant feature is undefined
        f_test = f_regression if kind == "count" else f_classif
        strength = f_test(x_train, y_train)[0]
    return np.argsort(-np.nan_to_num(strength, nan=-1.0, posinf=np.finfo(float).max), kind="stable")


def _ridge(x_train: np.ndarray, wanted: np.ndarray, x_test: np.ndarray) -> np.ndarray:
    """(n_test, n_outputs) predictions; features are scaled to unit variance over the training rows."""
    std = x_train.std(axis=0)
    std = np.where(std > 0, std, 1.0)
    return Ridge(alpha=1.0).fit(x_train / std, wanted).predict(x_test / std)


def _selectivity(target: float, simpler: Sequence[float], kind: str) -> float:
    known = [score for score in simpler if np.isfinite(score)]
    chance = 0.0 if kind == "count" else 0.5  # a simpler number predicted below chance must not raise selectivity
    return target - max(chance, *known) if known else np.nan


def _metric(scoring: Scoring) -> str:
    return "r2" if scoring.kind == "count" else scoring.primary


def _dense(x) -> np.ndarray:
    return x.toarray() if issparse(x) else np.asarray(x)
