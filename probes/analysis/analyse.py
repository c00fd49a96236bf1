"""Everything that is measured of one target under one condition.

In: `Examples` and settings. Out: `Analysis`: folds, yardstick and the methods (probe, other probes, baselines,
reports), each with held-out predictions per item, the permutation null and the learning curve. No file is read or
written here, and no verdict given. Further methods are added by functions given as `extra`.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from tacit.errors import ProbeError
from tacit.names import BEST, FIXED, NESTED
from tacit.probes.analysis.learning_curve import N_REPEATS, Point, crossing, points, samples
from tacit.probes.analysis.report_scores import rungs
from tacit.probes.controls import surface
from tacit.probes.controls.group_leakage import Leakage, leakage
from tacit.probes.controls.permutation_null import N_PERMUTATIONS, Null, null_of, permutations
from tacit.probes.data.examples import Examples
from tacit.probes.data.folds import Folds, make_folds
from tacit.probes.estimators.families import Dense
from tacit.probes.estimators.layer_sweep import Passengers, Sweep, each_cross_fit, fixed_layer, sweep
from tacit.probes.estimators.nested_cv import Held
from tacit.probes.estimators.other_families import comparisons
from tacit.probes.statistics.metrics import Scoring, value
from tacit.probes.verdicts.evidence import EMBEDDINGS
from tacit.seeds import stream


@dataclass(frozen=True)
class Method:
    name: str
    kind: str
    """probe, baseline or report"""
    held: Held
    site: str = ""
    """object, report, or "" where none or several are read"""
    layer: int = -1
    """-1 where none or several are read"""
    note: str = ""
    y: np.ndarray | None = None
    """(n_items,) float64, own labels (shuffled); None = the true ones"""


@dataclass(frozen=True)
class Analysis:
    examples: Examples
    folds: Folds
    scoring: Scoring
    curve: tuple[Method, ...]
    """one per site and layer"""
    methods: dict[str, Method]
    """the nested headline, overall and by site, fixed layer, baselines and report rungs, by name"""
    searches: Mapping[str, Mapping[str, Held]]
    """what was chosen on inner folds -> what it was chosen from: readings such as "probe object 4", or report rungs"""
    naive: tuple[str, int, float]
    """site, layer and held-out score of the best reading after the fact"""
    fixed: int
    """the layer named in advance"""
    nulls: Mapping[str, Null]
    """the permuted pipeline by nested method: over all sites, and at each alone; empty where none was asked for"""
    learning: tuple[Point, ...]
    """the headline by number of labels"""
    crossing: int | None
    """labels at which it passes the best report; None: never"""
    leakage: Leakage
    """what folds that split groups would have shown at the fixed layer"""

    @property
    def options(self) -> dict[str, np.ndarray]:
        """Held-out predictions of everything that was to be chosen from, by name."""
        return {name: held.pred for some in self.searches.values() for name, held in some.items()}


@dataclass(frozen=True)
class AnalysisContext:
    """What further methods stand on: the same items, folds and metric as everything else, and the sweep."""

    examples: Examples
    scoring: Scoring
    folds: Folds
    sweep: Sweep
    sites: tuple[str, ...]
    searched: tuple[int, ...]
    """layers that the headline is chosen among"""
    fixed: int
    headline: Method
    seed: int
    n_jobs: int


Extra = Callable[[AnalysisContext], Iterable[Method]]
"""Adds methods to an analysis: called with the `Ground` once the sweep is done; names must be new."""


def analyse(
    examples: Examples,
    *,
    sites: Sequence[str],
    layers: Sequence[int],
    n_layers: int,
    seed: int,
    n_jobs: int = 2,
    n_permutations: int = N_PERMUTATIONS,
    n_repeats: int = N_REPEATS,
    extra: Sequence[Extra] = (),
    place: Callable | None = None,
    progress: Callable[[int], None] | None = None,
) -> Analysis:
    """Folds, layer sweep with its null and learning curve, other probes, baselines and reports of one target and
    condition.

    layers: those that are held; n_layers: how many the model has, embeddings included. n_permutations, n_repeats: of
    the null and of each point of the learning curve; 0 leaves them out. place: what turns a layer's numpy matrix into
    an array of another library, on the device where the sweep is to be fitted.

    Raises ProbeError where no grouped folds exist.
    """
    try:
        folds = make_folds(examples.y, examples.groups, kind=examples.kind, seed=seed)
    except ProbeError as error:
        raise ProbeError(f"{examples.target}/{examples.condition}: {error}") from None
    scoring = Scoring.of(examples.kind, examples.y, folds.fold, len(examples.classes))
    fixed = fixed_layer(n_layers, layers)
    searched = tuple(layer for layer in layers if layer > 0) or tuple(layers)
    permuted = permutations(scoring.y, folds.groups, n=n_permutations, rng=stream(seed, "label permutations"))
    drawn = samples(folds, n_repeats=n_repeats, rng=stream(seed, "learning curve"))
    riders = Passengers(permuted, tuple(s.used for s in drawn), searched)
    found = sweep(
        examples.acts if place is None else lambda site, layer: place(examples.acts(site, layer)), scoring, folds,
        sites=sites, layers=layers, n_jobs=n_jobs, passengers=riders, progress=progress,
    )  # fmt: skip
    probes = _probes(found, folds, searched, fixed, sites)
    context = AnalysisContext(examples, scoring, folds, found, tuple(sites), searched, fixed, probes[0], seed, n_jobs)
    methods = probes + _comparisons(context) + _baselines(context) + _reports(context)
    for more in extra:
        methods += more(context)
    (site, layer), score = found.naive_maximum(scoring, layers=searched)
    by_name = {m.name: m for m in methods}
    headline = by_name[NESTED].held.pred
    learning = points(scoring, drawn, found.sampled, headline)
    return Analysis(
        examples=examples, folds=folds, scoring=scoring, curve=_curve(found), methods=by_name,
        naive=(site, layer, score), fixed=fixed,
        searches=_searches(found, searched, sites, methods),
        nulls=_nulls(scoring, by_name, permuted, found) if n_permutations else {},
        learning=learning, crossing=crossing(learning, value(scoring.primary, scoring, by_name[BEST].held.pred)),
        leakage=leakage(examples.acts(by_name[FIXED].site, fixed), scoring, folds, by_name[FIXED].held, seed=seed),
    )  # fmt: skip


def _searches(
    found: Sweep, searched: Sequence[int], sites: Sequence[str], methods: Sequence[Method]
) -> dict[str, dict[str, Held]]:
    read = {key: held for key, held in zip(found.readings, found.held, strict=True) if key[1] in searched}
    out = {NESTED: {_reading(*key): held for key, held in read.items()}}
    for one in sites:
        out[f"{NESTED} {one}"] = {_reading(*key): held for key, held in read.items() if key[0] == one}
    said = [m for m in methods if m.kind == "report"]
    own = said[: [m.name for m in said].index(BEST)]  # those after it are no reports about this model
    return out | {BEST: {m.name: m.held for m in own}}


def _reading(site: str, layer: int) -> str:
    return f"probe {site} {layer}"


def _nulls(scoring: Scoring, methods: dict[str, Method], permuted: np.ndarray, found: Sweep) -> dict[str, Null]:
    searched = {NESTED: found.permuted} | {f"{NESTED} {site}": held for site, held in found.permuted_at.items()}
    return {name: null_of(scoring, methods[name].held.pred, permuted, held) for name, held in searched.items()}


def _probes(found: Sweep, folds: Folds, searched: Sequence[int], fixed: int, sites: Sequence[str]) -> list[Method]:
    headline = found.nested(folds.fold, layers=searched)
    out = [Method(NESTED, "probe", headline, **headline.usual._asdict(), note=_tally(headline))]
    for one in sites:
        held = found.nested(folds.fold, layers=searched, sites=[one])
        out.append(Method(f"{NESTED} {one}", "probe", held, **held.usual._asdict(), note=_tally(held)))
    held = found.nested(folds.fold, layers=[fixed])
    out.append(Method(FIXED, "probe", held, site=held.usual.site, layer=fixed, note=_tally(held)))
    return out


def _curve(found: Sweep) -> tuple[Method, ...]:
    return tuple(
        Method("probe", "probe", held, site=site, layer=layer, note=held.usual)
        for (site, layer), held in zip(found.readings, found.held, strict=True)
    )


def _comparisons(context: AnalysisContext) -> list[Method]:
    """Other families at the layer fixed in advance, at the site chosen there: no search, so no favour to any."""
    held = context.sweep.nested(context.folds.fold, layers=[context.fixed])
    site = held.usual.site
    x, others = Dense(context.examples.acts(site, context.fixed)), comparisons(context.scoring.kind)
    jobs = ((x, context.scoring, context.folds, (family,), len(family.candidates) > 1) for family in others)
    return [
        Method(f"{FIXED}, {family.name}", "probe", found, site=site, layer=context.fixed, note=found.usual)
        for family, found in zip(others, each_cross_fit(jobs, n_jobs=context.n_jobs), strict=True)
    ]


def _baselines(context: AnalysisContext) -> list[Method]:
    examples, scoring, folds, found = context.examples, context.scoring, context.folds, context.sweep
    plain = surface.baselines(examples, scoring, folds, n_jobs=context.n_jobs)
    out = [Method(name, "baseline", b.held, note=b.held.usual) for name, b in plain.items()]
    if any(layer == 0 for _, layer in found.readings):
        held = found.nested(folds.fold, layers=[0])
        out.append(Method(EMBEDDINGS, "baseline", held, site=held.usual.site, layer=0, note=_tally(held)))
    rng = stream(context.seed, "shuffled labels")
    shuffle = surface.shuffled(
        examples, scoring, folds, sites=context.sites, layer=context.fixed, n_jobs=context.n_jobs, rng=rng
    )
    return [*out, Method(surface.SHUFFLED, "baseline", shuffle.held, note=_tally(shuffle.held), y=shuffle.y)]


def _reports(context: AnalysisContext) -> list[Method]:
    found = rungs(context.examples, context.scoring, context.folds)
    return [Method(n, "report", h, note=h.usual if n == BEST else "") for n, h in found.items()]


def _tally(held: Held) -> str:
    """ "object 4 in 3 of 5 folds" """
    times = sum(name == held.usual for name in held.chosen)
    return f"{held.usual} in {times} of {len(held.chosen)} folds"
