"""The random-initialised model as a baseline: what the text and the architecture give away with nothing learnt.

In: the stores of the twins, one per seed, rows as in the model's own. Out: the same nested sweep of each on the same
folds, and ``random model``: the mean of their predictions, each in units of its own spread. That is an ensemble, so it
is no easier to beat than one twin; the seeds' own scores are kept beside it.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from tacit.probes.controls.surface import Baseline
from tacit.probes.data.examples import Examples
from tacit.probes.data.folds import Folds
from tacit.probes.estimators.families import Family
from tacit.probes.estimators.layer_sweep import sweep
from tacit.probes.estimators.nested_cv import Held
from tacit.probes.statistics.metrics import Scoring, value


@dataclass(frozen=True)
class Twins:
    baseline: Baseline
    """the mean over seeds"""
    seeds: tuple[Held, ...]
    """each twin's nested headline"""
    scores: tuple[float, ...]
    """each twin's held-out primary metric"""


def random_model(
    examples: Examples,
    scoring: Scoring,
    folds: Folds,
    stores: Sequence,
    *,
    sites: Sequence[str],
    layers: Sequence[int],
    n_jobs: int = 1,
    probes: Sequence[Family] | None = None,
) -> Twins | None:
    """Sweep each twin as the model is swept, site, layer and penalty chosen on inner folds; None without twins."""
    if not stores:
        return None
    seeds = []
    for store in stores:
        twin = replace(examples, store=store)
        found = sweep(twin.acts, scoring, folds, sites=sites, layers=layers, n_jobs=n_jobs, probes=probes)
        seeds.append(found.nested(folds.fold, layers=layers))
    scores = tuple(value(scoring.primary, scoring, held.pred) for held in seeds)
    shown = ", ".join(f"{score:.3f}" for score in scores)
    mean = Held(
        _mean([held.pred for held in seeds], scoring, folds),
        np.mean([held.inner for held in seeds], axis=0),
        seeds[0].chosen,
    )
    return Twins(Baseline(mean, note=f"{len(seeds)} seeds: {shown}; mean {np.mean(scores):.3f}"), tuple(seeds), scores)


def _mean(preds: Sequence[np.ndarray], scoring: Scoring, folds: Folds) -> np.ndarray:
    """The mean prediction; log-odds are put in units of their spread within the fold first, so that no twin shouts."""
    if scoring.kind != "binary":
        return np.mean(preds, axis=0)
    out = np.zeros(len(scoring.y))
    for _, _, test in folds.outer():
        for pred in preds:
            out[test] += pred[test] / max(pred[test].std(), 1e-12) / len(preds)
    return out
