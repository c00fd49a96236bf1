"""Sweep the sites and layers of one target, nested: what is decodable where, and what an honest headline is.

In: one matrix per site and layer, labels, folds. Out: `Sweep`, one `Held` per site and layer. From it, without another
fit: the curve by layer, the nested headline (site, layer, family and penalty chosen on inner folds), a layer fixed in
advance, the best site of the embeddings, and the naive maximum over layers with its optimism.

Permuted labels (for the null) and sub-samples of the labels (for the learning curve) go through the same search while
a layer is in memory (`ExtraLabellings`): each of them chooses its own site and layer.

Layers run in parallel processes, one layer's matrix in memory at a time in each, one BLAS thread per process: the
matrices are small, and processes that each start their own threads are slower than one.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from joblib import Parallel, delayed
from threadpoolctl import threadpool_limits

from tacit.probes.data.folds import Folds
from tacit.probes.data.reading import Reading
from tacit.probes.estimators.batched_cv import HeldMany, Prepared, better, cross_fit_labellings
from tacit.probes.estimators.families import Dense, Family, families
from tacit.probes.estimators.nested_cv import Held, choose, cross_fit
from tacit.probes.statistics.metrics import Scoring, value
from tacit.progress import ends_with_us


@dataclass(frozen=True)
class Sweep:
    readings: tuple[Reading, ...]
    held: tuple[Held, ...]
    """the held-out predictions of each reading"""
    permuted: HeldMany | None = None
    """the nested headline of every permuted labelling; None where none was given"""
    permuted_at: Mapping[str, HeldMany] = field(default_factory=dict)
    """the same by site, chosen among its layers alone"""
    sampled: tuple[HeldMany, ...] = ()
    """the nested headline of every sub-sample of the labels"""

    def at(self, site: str, layer: int) -> Held:
        return self.held[self.readings.index(Reading(site, layer))]

    def nested(self, fold: np.ndarray, *, layers: Sequence[int], sites: Sequence[str] | None = None) -> Held:
        """The headline among these layers (and sites), chosen on inner folds; `chosen` holds `Reading`s."""
        among = [r for r in self.readings if r.layer in set(layers) and (sites is None or r.site in sites)]
        return choose([self.at(*reading) for reading in among], among, fold)

    def naive_maximum(self, scoring: Scoring, *, layers: Sequence[int]) -> tuple[Reading, float]:
        """The site and layer with the best *held-out* score, and that score: what a nested search must not report."""
        among = [r for r in self.readings if r.layer in set(layers)]
        scores = {r: value(scoring.primary, scoring, self.at(*r).pred) for r in among}
        best = max(scores, key=lambda r: -np.inf if np.isnan(scores[r]) else scores[r])
        return best, scores[best]


@dataclass(frozen=True)
class ExtraLabellings:
    """What goes through the search besides the true labels."""

    permuted: np.ndarray
    """(n_items, n_permutations) float64, labels"""
    samples: tuple[np.ndarray, ...]
    """(n_items,) bool each, the items whose labels may be used for fitting and choosing"""
    layers: tuple[int, ...]
    """the layers that a headline is chosen among; at the others, only the true labels are fitted"""


def sweep(
    acts: Callable[[str, int], np.ndarray],
    scoring: Scoring,
    folds: Folds,
    *,
    sites: Sequence[str],
    layers: Sequence[int],
    n_jobs: int = 2,
    probes: Sequence[Family] | None = None,
    extra_labellings: ExtraLabellings | None = None,
    progress: Callable[[int], None] | None = None,
) -> Sweep:
    """Cross-fit every site and layer.

    acts: (site, layer) -> (n_items, d_model) float, rows in the order of the labels.
    extra_labellings: permuted labels and sub-samples that go through the same search; None for none.
    progress: called with 1 after each finished reading.
    """
    readings = tuple(Reading(site, layer) for site in sites for layer in layers)
    probes = families(scoring.kind) if probes is None else probes
    searched = extra_labellings.layers if extra_labellings else ()
    # A generator: a layer is read when a worker is about to need it, not before.
    jobs = (
        (acts(site, layer), scoring, folds, probes, extra_labellings if layer in searched else None)
        for site, layer in readings
    )
    held, permuted, at, sampled = [], None, {}, {}
    for (site, _), (one, nulls, few) in zip(readings, _in_order(_read, jobs, n_jobs), strict=True):
        held.append(one)
        if nulls is not None:
            permuted = better(permuted, nulls, folds.fold)
            at[site] = better(at.get(site), nulls, folds.fold)
        sampled |= {k: better(sampled.get(k), found, folds.fold) for k, found in enumerate(few)}
        if progress is not None:
            progress(1)
    return Sweep(readings, tuple(held), permuted, at, tuple(sampled.values()))


def fixed_layer(n_layers: int, held: Sequence[int]) -> int:
    """The layer named in advance: floor(2L/3) of L blocks, or the nearest of the layers in `held`; n_layers is L + 1,
    since it counts the embeddings too."""
    wanted = (2 * (n_layers - 1)) // 3
    return min(held, key=lambda layer: (abs(layer - wanted), layer))


def each_cross_fit(jobs: Iterable[tuple], *, n_jobs: int) -> Iterator[Held]:
    """`cross_fit` of every (features, scoring, folds, families, inner), in order, in n_jobs processes."""
    return _in_order(_one, jobs, n_jobs)


def _in_order(work: Callable, jobs: Iterable[tuple], n_jobs: int) -> Iterator:
    if n_jobs == 1:
        return (work(*job) for job in jobs)
    return Parallel(n_jobs=n_jobs, pre_dispatch="n_jobs", return_as="generator")(
        delayed(ends_with_us(work))(*job) for job in jobs
    )


def _one(features, scoring: Scoring, folds: Folds, probes: Sequence[Family], inner: bool) -> Held:
    with threadpool_limits(1):
        return cross_fit(features, scoring, folds, probes, inner=inner)


def _read(
    x: np.ndarray, scoring: Scoring, folds: Folds, probes: Sequence[Family], extra: ExtraLabellings | None
) -> tuple[Held, HeldMany | None, list[HeldMany]]:
    """Cross-fit one site and layer: (true labels, permuted labels, sub-samples)."""
    with threadpool_limits(1):
        if extra is None:
            return cross_fit(Dense(x), scoring, folds, probes), None, []
        whole = Prepared.of(x, folds.trainings(), probes)
        held = cross_fit(Dense(x), scoring, folds, probes, prepared=whole)
        shape = {"kind": scoring.kind, "n_classes": scoring.n_classes}
        few = [cross_fit_labellings(x, scoring.y[:, None], folds, probes, sample=s, **shape) for s in extra.samples]
        nulls = None
        if extra.permuted.size:
            nulls = cross_fit_labellings(x, extra.permuted, folds, probes, **shape, prepared=whole)
        return held, nulls, few
