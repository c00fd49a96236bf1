"""Does a probe trained in one regime transfer to another? Train regime x test regime, as rows of transfer.csv.

In: activations of one reading, scoring, folds, and the regime of every row. Out: for each pair of regimes the score of
a probe trained on one and tested on the other. Rows of a test regime's fold i are predicted by a probe that was trained
on the training regime without fold i, so no group is ever in both, on the diagonal or off it; penalties are chosen
inside the training regime. All scores on one test regime are of the same rows under the same draws; where groups are
few, intervals are those of the jackknife, as everywhere.

Regimes are sources (text regimes, relations, templates, datasets), sites (object and report prompt), or conditions. For
the last two, copies of the same items are stacked, and all copies of an item are in one group.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from tacit.probes.data.examples import Examples
from tacit.probes.data.folds import MIN_FOLDS, Folds, make_folds
from tacit.probes.data.items_table import estimate
from tacit.probes.estimators.families import Dense, Family, families
from tacit.probes.estimators.nested_cv import Held, candidate_named, cross_fit
from tacit.probes.statistics.bootstrap import resample
from tacit.probes.statistics.metrics import Scoring
from tacit.seeds import stream
from tacit.targets.groups import components

TRANSFER_COLUMNS = (
    "target", "condition", "by", "train", "test", "metric", "value", "lower", "upper", "n_train", "n_test",
)  # fmt: skip
MIN_REGIME = 24
"""Items below which a regime is neither trained on nor tested on."""


@dataclass(frozen=True)
class Stack:
    """Rows to transfer between: one reading of some items, or several copies of them one after the other."""

    x: np.ndarray
    """(n_rows, d_model) float"""
    scoring: Scoring
    folds: Folds
    regimes: np.ndarray
    """(n_rows,) str, the regime of each row"""


def by_source(examples: Examples, scoring: Scoring, folds: Folds, *, site: str, layer: int) -> Stack:
    """Regimes are the items' sources: text regimes, relations, datasets."""
    return Stack(examples.acts(site, layer), scoring, folds, examples.frame["source"].to_numpy(dtype=str))


def by_site(examples: Examples, scoring: Scoring, folds: Folds, *, sites: Sequence[str], layer: int) -> Stack:
    """Regimes are the sites: does the direction found at the object prompt predict the label at the report prompt?"""
    copies = len(sites)
    many = Folds(np.tile(folds.fold, copies), np.tile(folds.groups, copies), folds.n_folds)
    both = scoring.rows(np.tile(np.arange(len(scoring.y)), copies))
    x = np.vstack([examples.acts(site, layer) for site in sites])
    return Stack(x, both, many, np.repeat(np.array(sites, dtype=str), len(scoring.y)))


def by_condition(runs: Sequence[Examples], *, site: str, layer: int, seed: int) -> Stack | None:
    """Regimes are the conditions of one target, each with the labels that it has there.

    None where the conditions do not have the same classes. Raises ProbeError where no grouped folds exist.
    """
    if len({(run.kind, run.classes) for run in runs}) > 1 or len(runs) < 2:
        return None
    keys = [
        (("item", item), (run.condition, int(group)))
        for run in runs
        for item, group in zip(run.item_ids, run.groups, strict=True)
    ]
    kind, y, groups = runs[0].kind, np.concatenate([run.y for run in runs]), components(keys)
    folds = make_folds(y, groups, kind=kind, seed=seed)
    scoring = Scoring.of(kind, y, folds.fold, len(runs[0].classes))
    regimes = np.concatenate([np.full(len(run.y), run.condition) for run in runs])
    return Stack(np.vstack([run.acts(site, layer) for run in runs]), scoring, folds, regimes)


def transfer(stack: Stack, *, probes: Sequence[Family] | None = None) -> dict[tuple[str, str], np.ndarray]:
    """(train regime, test regime) -> (n_rows,) or (n_rows, n_classes) predictions, NaN outside the test regime.

    Regimes below MIN_REGIME rows, or in fewer than three folds, are left out.
    """
    probes = families(stack.scoring.kind) if probes is None else probes
    found = {}
    names = [name for name in np.unique(stack.regimes) if _large(stack, stack.regimes == name)]
    for name in names:
        pred = _from_one(stack, np.flatnonzero(stack.regimes == name), probes)
        for other in names:
            here = stack.regimes == other
            found[str(name), str(other)] = np.where(here if pred.ndim == 1 else here[:, None], pred, np.nan)
    return found


def transfer_rows(
    stack: Stack, *, target: str, condition: str, by: str, n_resamples: int, seed: int,
    probes: Sequence[Family] | None = None,
) -> list[dict]:  # fmt: skip
    """Rows of transfer.csv: the primary metric (for counts also the rank correlation) with its interval."""
    draws = {name: _draws(stack, name, n_resamples, seed) for name in np.unique(stack.regimes)}
    rows = []
    for (train, test), pred in transfer(stack, probes=probes).items():
        here = np.flatnonzero(stack.regimes == test)
        n_train = int((stack.regimes == train).sum())
        for metric in (stack.scoring.primary, "spearman")[: 1 + (stack.scoring.kind == "count")]:
            low, value, high = _estimate(metric, stack, pred, here, draws[test])
            row = (target, condition, by, train, test, metric, value, low, high, n_train, len(here))
            rows.append(dict(zip(TRANSFER_COLUMNS, row, strict=True)))
    return rows


def _large(stack: Stack, here: np.ndarray) -> bool:
    return here.sum() >= MIN_REGIME and len(np.unique(stack.folds.fold[here])) >= MIN_FOLDS


def _from_one(stack: Stack, rows: np.ndarray, probes: Sequence[Family]) -> np.ndarray:
    """Predictions of all rows by probes that were trained on `rows`, without the fold that they predict."""
    held = _within(stack, rows, probes)
    scoring, present = stack.scoring, np.unique(stack.folds.fold[rows])
    pred = np.full((len(scoring.y), *held.pred.shape[1:]), np.nan)
    features = Dense(stack.x)
    for i in range(stack.folds.n_folds):
        at = np.flatnonzero(present == i)
        family, k = candidate_named(probes, held.chosen[at[0]] if len(at) else held.usual)
        train, test = rows[stack.folds.fold[rows] != i], np.flatnonzero(stack.folds.fold == i)
        x_train, x_test = features.split(train, test)
        pred[test] = family.fit(x_train, scoring.y[train], x_test, n_classes=scoring.n_classes, only=k)[0]
    return pred


def _within(stack: Stack, rows: np.ndarray, probes: Sequence[Family]) -> Held:
    """The training regime cross-fitted alone: which candidate it chooses in every fold."""
    fold = np.searchsorted(np.unique(stack.folds.fold[rows]), stack.folds.fold[rows])
    folds = Folds(fold, stack.folds.groups[rows], int(fold.max()) + 1)
    own = replace(stack.scoring.rows(rows), fold=fold)
    return cross_fit(Dense(stack.x[rows]), own, folds, probes)


def _estimate(metric: str, stack: Stack, pred: np.ndarray, here: np.ndarray, weights: np.ndarray):
    """(lower, value, upper) of one cell; nan where the cell is undefined, e.g. one class only.

    The guess that earns skill 0 is the test regime's own median: otherwise, predicting the regime's typical count would
    count as skill.
    """
    own = stack.scoring.rows(here)
    found = estimate(metric, own.with_labels(own.y), pred[here], weights, stack.folds.groups[here])
    return found.lower, found.value, found.upper


def _draws(stack: Stack, regime: object, n_resamples: int, seed: int) -> np.ndarray:
    """(items of the regime, n_resamples) weights of its groups, drawn within folds."""
    here = np.flatnonzero(stack.regimes == regime)
    groups, fold, rng = stack.folds.groups[here], stack.folds.fold[here], stream(seed, "transfer bootstrap")
    return resample(groups, fold=fold, n_resamples=n_resamples, rng=rng)
