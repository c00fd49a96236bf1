"""Everything that is measured of one target under one condition.

In: `Examples` and settings. Out: `Analysis`: folds, scoring, and the methods (probe, other probe families, baselines,
reports), each with held-out predictions per item; the permutation null and the learning curve. No file is read or
written here, and no verdict is given. Functions passed as `extra` add more methods.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from tacit.errors import ProbeError
from tacit.names import BEHAVIOR, BEST, FIXED, NESTED, TOGETHER, base_target
from tacit.probes.analysis.learning_curve import N_REPEATS, Point, crossing, points, samples
from tacit.probes.analysis.report_scores import rungs
from tacit.probes.controls import surface
from tacit.probes.controls.group_leakage import Leakage, Regrouped, leakage, regrouped
from tacit.probes.controls.permutation_null import N_PERMUTATIONS, Null, null_of, permutations
from tacit.probes.controls.refits import Refits, refits
from tacit.probes.data.examples import Examples
from tacit.probes.data.folds import Folds, make_folds
from tacit.probes.estimators.families import Dense, families
from tacit.probes.estimators.layer_sweep import ExtraLabellings, Sweep, each_cross_fit, fixed_layer, sweep
from tacit.probes.estimators.nested_cv import Held, cross_fit
from tacit.probes.estimators.other_families import comparisons
from tacit.probes.statistics.metrics import Scoring, has_answer, value
from tacit.probes.verdicts.evidence import EMBEDDINGS
from tacit.seeds import stream


@dataclass(frozen=True)
class Method:
    name: str
    kind: str
    """probe, baseline, report, or combined (probe and best report)"""
    held: Held
    site: str = ""
    """object, report, or "" for a method that reads no site or several"""
    layer: int = -1
    """-1 for a method that reads no layer or several"""
    note: str = ""
    y: np.ndarray | None = None
    """(n_items,) float64, the labels of its own that it is scored against (shuffled); None = the true ones"""

    @property
    def nested(self) -> bool:
        """Whether it is a probe whose reading was chosen on inner folds: the headline, or the one of a single site."""
        return self.kind == "probe" and self.name.startswith(NESTED)


@dataclass(frozen=True)
class Analysis:
    examples: Examples
    folds: Folds
    scoring: Scoring
    curve: tuple[Method, ...]
    """one per site and layer"""
    methods: dict[str, Method]
    """by name: the nested headline, overall and by site; the fixed layer; baselines and report rungs"""
    searches: Mapping[str, Mapping[str, Held]]
    """name of a method chosen on inner folds -> its candidates by name: readings ("probe object 4") or report rungs"""
    naive: tuple[str, int, float]
    """site, layer and held-out score of the reading whose held-out score is best: optimistic"""
    fixed: int
    """the layer named in advance"""
    nulls: Mapping[str, Null]
    """by nested method (over all sites, and at each alone), the permuted pipeline; empty without permutations"""
    learning: tuple[Point, ...]
    """the headline by number of labels"""
    crossing: int | None
    """number of labels at which the headline passes the best report; None: never"""
    leakage: Leakage
    """what folds that split groups would have shown at the fixed layer"""
    regrouped: Regrouped
    """what is left of the score at the headline's usual reading if close items are kept together"""

    refits: Mapping[str, Refits]
    """by nested method that a verdict may be about, the spread of its score over other fold assignments"""

    @property
    def options(self) -> dict[str, np.ndarray]:
        """Held-out predictions of all candidates in `searches`, by name."""
        return {name: held.pred for some in self.searches.values() for name, held in some.items()}


@dataclass(frozen=True)
class AnalysisContext:
    """What every method is computed from: the same items, folds and scoring, and the sweep."""

    examples: Examples
    scoring: Scoring
    folds: Folds
    sweep: Sweep
    sites: tuple[str, ...]
    searched: tuple[int, ...]
    """layers that the headline is chosen among"""
    fixed: int
    """the layer named in advance"""
    headline: Method
    """the nested probe over all sites"""
    seed: int
    n_jobs: int


Extra = Callable[[AnalysisContext], Iterable[Method]]
"""Adds methods to an analysis: called with its context once the sweep is done; names must be new."""


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
    """Analyse one target under one condition: sweep the sites and layers, then everything that it is compared with.

    sites, layers: those to sweep, 0 being the embeddings; n_layers: how many the model has, embeddings included.
    n_permutations, n_repeats: of the null and of each point of the learning curve; 0 leaves them out.
    place: turns a layer's NumPy matrix into an array of another library, on the device where the sweep is fitted.
    progress: called with 1 after each site and layer.

    Raises ProbeError if no grouped folds exist.
    """
    folds, scoring = _folds_and_scoring(examples, seed)
    fixed, searched = fixed_layer(n_layers, layers), tuple(layer for layer in layers if layer > 0) or tuple(layers)
    permuted = permutations(scoring.y, folds.groups, n=n_permutations, rng=stream(seed, "label permutations"))
    subsets = samples(folds, n_repeats=n_repeats, rng=stream(seed, "learning curve"))
    swept = sweep(
        _placed(examples, place), scoring, folds, sites=sites, layers=layers, n_jobs=n_jobs, progress=progress,
        extra_labellings=ExtraLabellings(permuted, tuple(subset.used for subset in subsets), searched),
    )  # fmt: skip
    headline = _nested(NESTED, swept, folds, layers=searched)
    context = AnalysisContext(examples, scoring, folds, swept, tuple(sites), searched, fixed, headline, seed, n_jobs)
    methods = _methods(context, extra)
    learning = points(scoring, subsets, swept.sampled, headline.held.pred)
    return Analysis(
        examples=examples, folds=folds, scoring=scoring, curve=_curve(swept), methods=methods,
        searches=_searches(context, methods), naive=_naive(context), fixed=fixed,
        nulls=_nulls(context, methods, permuted) if n_permutations else {},
        learning=learning, crossing=crossing(learning, value(scoring.primary, scoring, methods[BEST].held.pred)),
        leakage=leakage(examples.acts(methods[FIXED].site, fixed), scoring, folds, methods[FIXED].held, seed=seed),
        regrouped=_regrouped(context), refits=_refits(context, methods),
    )  # fmt: skip


def _folds_and_scoring(examples: Examples, seed: int) -> tuple[Folds, Scoring]:
    try:
        folds = make_folds(examples.y, examples.groups, kind=examples.kind, seed=seed)
    except ProbeError as error:
        raise ProbeError(f"{examples.target}/{examples.condition}: {error}") from None
    return folds, Scoring.of(examples.kind, examples.y, folds.fold, len(examples.classes))


def _placed(examples: Examples, place: Callable | None) -> Callable:
    """(site, layer) -> (n_items, d_model) activations, as `place` returns them."""
    return examples.acts if place is None else lambda site, layer: place(examples.acts(site, layer))


def _methods(context: AnalysisContext, extra: Sequence[Extra]) -> dict[str, Method]:
    found = _probes(context) + _comparisons(context) + _baselines(context) + _reports(context)
    found += _with_report(context, found)
    for more in extra:
        found += more(context)
    return {method.name: method for method in found}


def _nested(name: str, swept: Sweep, folds: Folds, **among) -> Method:
    """The probe whose site and layer are chosen on inner folds. among: `layers` and `sites` of `Sweep.nested`."""
    held = swept.nested(folds.fold, **among)
    return Method(name, "probe", held, **held.usual._asdict(), note=_tally(held))


def _probes(context: AnalysisContext) -> list[Method]:
    """The headline over all sites and at each, and the site chosen at the fixed layer."""
    swept, folds = context.sweep, context.folds
    return [
        context.headline,
        *(_nested(f"{NESTED} {site}", swept, folds, layers=context.searched, sites=[site]) for site in context.sites),
        _nested(FIXED, swept, folds, layers=[context.fixed]),
    ]


def _comparisons(context: AnalysisContext) -> list[Method]:
    """Other probe families at the fixed layer and the site chosen there: without a search, none has an advantage."""
    held = context.sweep.nested(context.folds.fold, layers=[context.fixed])
    site = held.usual.site
    x, others = Dense(context.examples.acts(site, context.fixed)), comparisons(context.scoring.kind)
    jobs = ((x, context.scoring, context.folds, (family,), len(family.candidates) > 1) for family in others)
    return [
        Method(f"{FIXED}, {family.name}", "probe", found, site=site, layer=context.fixed, note=found.usual)
        for family, found in zip(others, each_cross_fit(jobs, n_jobs=context.n_jobs), strict=True)
    ]


def _baselines(context: AnalysisContext) -> list[Method]:
    """Surface features, the embeddings if they were swept, and shuffled labels at the fixed layer."""
    examples, scoring, folds, swept = context.examples, context.scoring, context.folds, context.sweep
    sites = sorted({reading.site for reading in context.headline.held.chosen})
    plain = surface.baselines(examples, scoring, folds, sites=sites, n_jobs=context.n_jobs)
    out = [Method(name, "baseline", b.held, note=b.held.usual) for name, b in plain.items()]
    if any(layer == 0 for _, layer in swept.readings):
        held = swept.nested(folds.fold, layers=[0])
        out.append(Method(EMBEDDINGS, "baseline", held, site=held.usual.site, layer=0, note=_tally(held)))
    rng = stream(context.seed, "shuffled labels")
    shuffle = surface.shuffled(
        examples, scoring, folds, sites=context.sites, layer=context.fixed, n_jobs=context.n_jobs, rng=rng
    )
    return [*out, Method(surface.SHUFFLED, "baseline", shuffle.held, note=_tally(shuffle.held), y=shuffle.y)]


def _reports(context: AnalysisContext) -> list[Method]:
    found = rungs(context.examples, context.scoring, context.folds)
    return [Method(n, "report", h, note=h.usual if n == BEST else "") for n, h in found.items()]


def _with_report(context: AnalysisContext, found: Sequence[Method]) -> list[Method]:
    """Each nested probe and the best report as the features of one more probe: what they know of different items.

    A report without an answer counts as undecided; of counts, as the guess that earns no skill.
    """
    held = {method.name: method.held.pred for method in found if method.name == BEST or method.nested}
    report, probes = held.pop(BEST), families(context.scoring.kind)
    answered = has_answer(report)
    if context.scoring.kind == "count":
        low, high = context.scoring.y.min(), context.scoring.y.max()  # one wild number must not set the scale
        report = np.clip(np.where(answered, report, context.scoring.reference), low, high)
    parts = np.column_stack([np.nan_to_num(report, nan=0.0), answered])
    return [
        Method(f"{name}{TOGETHER}", "combined", cross_fit(
            Dense(np.column_stack([np.nan_to_num(pred), parts])), context.scoring, context.folds, probes))
        for name, pred in held.items()
    ]  # fmt: skip


def _curve(swept: Sweep) -> tuple[Method, ...]:
    return tuple(
        Method("probe", "probe", held, site=site, layer=layer, note=held.usual)
        for (site, layer), held in zip(swept.readings, swept.held, strict=True)
    )


def _searches(context: AnalysisContext, methods: Mapping[str, Method]) -> dict[str, dict[str, Held]]:
    """`Analysis.searches`: of the headline over all sites, at each site, and of the best report."""
    swept = zip(context.sweep.readings, context.sweep.held, strict=True)
    probes = {reading: held for reading, held in swept if reading.layer in context.searched}
    out = {NESTED: {_candidate(*reading): held for reading, held in probes.items()}}
    for site in context.sites:
        out[f"{NESTED} {site}"] = {_candidate(*key): held for key, held in probes.items() if key.site == site}
    reports = [name for name, method in methods.items() if method.kind == "report"]
    own = reports[: reports.index(BEST)]  # the reports after it are not about this model
    return out | {BEST: {name: methods[name].held for name in own}}


def _candidate(site: str, layer: int) -> str:
    return f"probe {site} {layer}"


def _naive(context: AnalysisContext) -> tuple[str, int, float]:
    (site, layer), score = context.sweep.naive_maximum(context.scoring, layers=context.searched)
    return site, layer, score


def _regrouped(context: AnalysisContext) -> Regrouped:
    usual = context.headline.held.usual
    held = dict(zip(context.sweep.readings, context.sweep.held, strict=True))[usual]
    return regrouped(context.examples.acts(*usual), context.scoring, context.folds, held, seed=context.seed)


def _refits(context: AnalysisContext, methods: Mapping[str, Method]) -> dict[str, Refits]:
    """Of the headline and, where the verdict may be about it, of the probe at the report prompt."""
    of = [NESTED, *[f"{NESTED} report"] * (base_target(context.examples.target) == BEHAVIOR)]
    found: dict[tuple[str, int], Refits] = {}
    for method in (methods[name] for name in of if name in methods):
        at = (method.site, method.layer)
        if at not in found:
            x = context.examples.acts(*at)
            found[at] = refits(x, context.scoring, context.folds, site=at[0], layer=at[1], seed=context.seed)
    return {name: found[methods[name].site, methods[name].layer] for name in of if name in methods}


def _nulls(context: AnalysisContext, methods: Mapping[str, Method], permuted: np.ndarray) -> dict[str, Null]:
    """permuted: (n_items, n_permutations) float64, the labels that the sweep was given."""
    swept = context.sweep
    by_method = {NESTED: swept.permuted} | {f"{NESTED} {site}": held for site, held in swept.permuted_at.items()}
    return {name: null_of(context.scoring, methods[name].held.pred, permuted, held) for name, held in by_method.items()}


def _tally(held: Held) -> str:
    """ "object 4 in 3 of 5 folds" """
    times = sum(name == held.usual for name in held.chosen)
    return f"{held.usual} in {times} of {len(held.chosen)} folds"
