"""Every model's report and states against every model's truth: who knows it, and is it private?

In: several runs on the same items, and where they are at hand their stores. Out: the predictor x target matrix, once
for all items and once for those on which the two models' truths differ (Binder et al. 2024, arXiv 2410.13787). A
report that predicts another model as well as its own says nothing of the self; a probe that reads another model's
truth from one's own states reads the task.

Differs from `compare`: there the report of a model meets its own truth alone, here everybody's.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import combinations, product
from pathlib import Path

import numpy as np
import pandas as pd

from tacit.errors import ProbeError
from tacit.names import NESTED
from tacit.probes.comparison.collect import headline
from tacit.probes.comparison.paired_scores import Paired, limits, stick_of
from tacit.probes.data.examples import positions
from tacit.probes.data.folds import make_folds
from tacit.probes.data.results import Results, read_results
from tacit.probes.estimators.layer_sweep import sweep
from tacit.probes.estimators.nested_cv import Held
from tacit.probes.statistics.bootstrap import Estimate, interval, resample
from tacit.probes.statistics.drawn import Drawn
from tacit.probes.statistics.groups import effective_groups
from tacit.probes.statistics.jackknife import LeftOut, left_out
from tacit.probes.statistics.metrics import Scoring, measure
from tacit.probes.statistics.selection import Searches, clipped
from tacit.seeds import stream
from tacit.targets.groups import renumber
from tacit.thresholds import MIN_GROUPS, MIN_ITEMS, N_RESAMPLES

COLUMNS = (
    "predictor", "predictor_condition", "target_run", "target", "condition", "kind", "metric", "value", "lower",
    "upper", "n", "n_groups", "effective", "subset", "behind", "behind_lower", "behind_upper", "sites",
    "adds", "adds_lower", "adds_upper", "on_own", "on_own_lower", "on_own_upper", "target_on_own",
)  # fmt: skip
REPORT, PROBE, OWN_PROBE = "report", "probe", "own probe"
AT_REPORT = "report"
ALL, DISAGREE, AGREE = "all", "truths differ", "truths agree"


@dataclass(frozen=True)
class _Read:
    """Predictions of one run's labels, and what they were chosen from."""

    pred: np.ndarray
    options: Mapping[str, Held] = field(default_factory=dict)

    def drawn(self, scoring: Scoring, keep: np.ndarray, weights: np.ndarray, few: LeftOut | None) -> Drawn:
        """The score on the items that are kept; few: their groups, where they are too few for the bootstrap."""
        part, pred = scoring.rows(keep), self.pred[keep]
        point, plain = float(measure(part.primary, part, pred)[0]), measure(part.primary, part, pred, weights)
        left = None if few is None else measure(part.primary, part, pred, few.weights)
        if len(self.options) < 2:
            return Drawn(point, plain, plain, left)
        options = {name: held.pred[keep] for name, held in self.options.items()}
        inner = {name: held.inner for name, held in self.options.items()}
        known = options | {NESTED: pred}
        n_folds = len(next(iter(inner.values())))
        searched = Searches(part, weights, known.__getitem__, inner, {NESTED: list(options)}, n_folds=n_folds)
        return Drawn(point, plain, searched.redraw_selection(NESTED, part.primary), left)


@dataclass(frozen=True)
class _Cell:
    """One target of one run, put beside another run's items."""

    entry: dict
    other_entry: dict
    own: pd.DataFrame
    """the shared items, as the target run has them"""
    other: pd.DataFrame
    """the same items, as the predictor has them"""
    rows: np.ndarray
    """(n_shared,) positions of these items among the target run's"""
    head: str
    """the method that the target run's verdict is about"""

    @property
    def differ(self) -> np.ndarray:
        """(n_shared,) bool, whether the two models' truths differ."""
        return self.own["label_name"].to_numpy() != self.other["label_name"].to_numpy()


def cross_matrix(
    runs: Mapping[str, str | Path],
    *,
    stores: Mapping[str, object] | None = None,
    n_resamples: int = N_RESAMPLES,
    n_jobs: int = 1,
    say: Callable[[str], None] = lambda line: None,
) -> pd.DataFrame:
    """A row per predictor, target run, target, condition, kind and subset.

    kind "report": the predictor's words as said, scored on the target run's truth. kind "probe": the predictor's states
    read with the target run's labels, nested over layers and the sites that both have, on folds of the shared items;
    without `stores` "own probe", the predictor's, trained on its own labels. Where the target run's verdict is about
    its report prompt, states are read there alone (sites). behind: what the target run's own prediction (report or
    probe) has over this one on the same items, paired; empty on the diagonal. effective: groups that hold the
    rarer class. adds: what both models' states side by side have over the predictor's alone, paired, where the two
    truths differ on enough items. on_own, target_on_own: each model's own probe on its own labels of the shared items.

    Conditions of one name meet; a run with a single condition meets every one of the other's (``predictor_condition``).
    Runs that share no items have no rows with each other, and `say` is told. Raises ProbeError where items of one name
    differ in their text.
    """
    if len(runs) < 2:
        raise ProbeError(f"{len(runs)} run given; a matrix of predictors and targets needs two. Run: tacit compare A B")
    results = {name: read_results(path) for name, path in runs.items()}
    heads, rows, met = _heads(results.values(), n_resamples), [], set()
    for target_run, predictor in product(results, results):
        for cell in _cells(results[target_run], results[predictor], heads):
            met.add((target_run, predictor))
            rows += _rows(target_run, predictor, cell, stores or {}, n_resamples, n_jobs)
    for a, b in combinations(results, 2):
        if (a, b) not in met:
            say(f"{a} and {b} share no probed items: only their p-values are adjusted together")
    return pd.DataFrame(rows, columns=list(COLUMNS))


def _heads(results: Iterable[Results], n_resamples: int) -> dict[tuple[Path, str, str], str]:
    """(run, target, condition) -> the method that its verdict is about."""
    return {
        (result.run, entry["target"], entry["condition"]): headline(entry, Paired(entry, frame, n_resamples))[0]
        for result in results
        for entry, frame in result.parts()
    }


def _cells(target_run: Results, predictor: Results, heads: Mapping[tuple[Path, str, str], str]) -> Iterator[_Cell]:
    theirs = list(predictor.parts())
    for entry, own in target_run.parts():
        same = [(e, f) for e, f in theirs if e["target"] == entry["target"]]
        met = [(e, f) for e, f in same if e["condition"] == entry["condition"]] or (same if len(same) == 1 else [])
        for other_entry, other in met[:1]:
            ids = own["item_id"][own["item_id"].isin(set(other["item_id"]))]
            if not len(ids):
                continue
            other = other.set_index("item_id").loc[ids].reset_index()
            rows = np.flatnonzero(own["item_id"].isin(set(ids)))
            shared = own.iloc[rows].reset_index(drop=True)
            _same_texts(entry, shared, other, target_run, predictor)
            head = heads[target_run.run, entry["target"], entry["condition"]]
            yield _Cell(entry, other_entry, shared, other, rows, head)


def _same_texts(entry: dict, own: pd.DataFrame, other: pd.DataFrame, a: Results, b: Results) -> None:
    differ = own["surface"].astype(str).to_numpy() != other["surface"].astype(str).to_numpy()
    if differ.any():
        raise ProbeError(
            f"{entry['target']}: item {own['item_id'][int(np.argmax(differ))]} is not the same text in {a.run.name} and"
            f" {b.run.name} ({differ.sum()} of {len(own)} differ). Cache both with the same DATA, N and SEED."
        )


def _rows(
    target_run: str, predictor: str, cell: _Cell, stores: Mapping[str, object], n_resamples: int, n_jobs: int
) -> list[dict]:
    itself, differ, rows = target_run == predictor, cell.differ, []
    under = cell.other["condition"].iloc[0]
    for kind in _kinds(target_run, predictor, cell, stores):
        scoring, theirs, own = _predictions(kind, target_run, predictor, cell, stores, n_jobs)
        both, facts_of_kind = None, {}
        if kind == PROBE and not itself:
            both = _side_by_side(stores[target_run], stores[predictor], cell, scoring, n_jobs)
            facts_of_kind = _on_own_labels(cell, n_resamples)
        if kind == PROBE:
            facts_of_kind["sites"] = ",".join(_sites(stores[target_run], stores[predictor], cell))
        for subset, keep in ((ALL, np.ones(len(differ), bool)), (DISAGREE, differ), (AGREE, ~differ)):
            if subset != ALL and (itself or not differ.any() or not keep.any()):
                continue
            numbers = _score(scoring, cell.own["group"].to_numpy()[keep], keep, theirs, None if itself else own,
                             n_resamples, cell.entry["seed"], both if subset == DISAGREE else None)  # fmt: skip
            facts = {"target": cell.entry["target"], "condition": cell.entry["condition"], "metric": scoring.primary}
            names = {"predictor": predictor, "predictor_condition": under, "target_run": target_run}
            rows.append({**names, **facts, "kind": kind, "subset": subset, **facts_of_kind, **numbers})
    return rows


def _kinds(target_run: str, predictor: str, cell: _Cell, stores: Mapping[str, object]) -> tuple[str, ...]:
    if target_run not in stores or predictor not in stores:
        return REPORT, OWN_PROBE
    return (REPORT, PROBE) if _sites(stores[target_run], stores[predictor], cell) else (REPORT,)


def _sites(own, theirs, cell: _Cell) -> list[str]:
    """The sites at which both read this target: a search over more would favour one of them."""
    target, held = cell.entry["target"], theirs.sites(cell.entry["target"], cell.other["condition"].iloc[0])
    common = [site for site in own.sites(target, cell.entry["condition"]) if site in held]
    return [site for site in common if site == AT_REPORT] if cell.head == f"{NESTED} {AT_REPORT}" else common


def _predictions(kind: str, target_run: str, predictor: str, cell: _Cell, stores, n_jobs: int):
    """(scoring, what the predictor says, what the target run says itself) over the shared items."""
    scoring = stick_of(cell.entry, cell.own)
    if kind == REPORT:
        return scoring, *(_Read(_words(cell.entry, frame)) for frame in (cell.other, cell.own))
    if kind == PROBE:
        scoring, folds = _fresh(cell, scoring)
        sites = _sites(stores[target_run], stores[predictor], cell)
        read = {name: _read(stores[name], sites, cell, frame, scoring, folds, n_jobs)
                for name, frame in ((predictor, cell.other), (target_run, cell.own))}  # fmt: skip
        return scoring, read[predictor], read[target_run]
    n_classes = len(cell.entry["classes"])
    return scoring, *(_Read(Paired(cell.entry, f, 1).pred(NESTED) if n_classes else f["probe"].to_numpy(float))
                    for f in (cell.other, cell.own))  # fmt: skip


def _words(entry: dict, frame: pd.DataFrame) -> np.ndarray:
    """The text replies in the classes of the target run: another model's answers are matched by name."""
    if entry["kind"] == "count":
        return frame["report"].to_numpy(dtype=np.float64)
    answered = (frame["outcome"] == "answered").to_numpy()
    said = np.where(answered, frame["report_name"].astype(str), "")
    if len(entry["classes"]) == 2:
        negative, positive = entry["classes"]
        signs = np.select([said == positive, said == negative], [1.0, -1.0], 0.0)
        return np.where(answered, signs, np.nan)
    one_hot = (said[:, None] == np.array(entry["classes"])).astype(np.float64)
    one_hot[~answered] = np.nan
    return one_hot


def _fresh(cell: _Cell, scoring: Scoring):
    """Folds of the shared items alone; the target run's own may be lopsided there."""
    groups = renumber(cell.own["group"].to_numpy(dtype=np.int64))
    folds = make_folds(scoring.y, groups, kind=scoring.kind, seed=cell.entry["seed"])
    return scoring.with_labels(scoring.y, fold=folds.fold), folds


def _read(store, sites: list[str], cell: _Cell, frame: pd.DataFrame, scoring, folds, n_jobs: int) -> _Read:
    """Held-out predictions of the target run's labels from one store's states, site and layer chosen inside."""
    return _searched(_states(store, cell, frame), sites, store.layers, scoring, folds, n_jobs)


def _states(store, cell: _Cell, frame: pd.DataFrame) -> Callable[[str, int], np.ndarray]:
    """(site, layer) -> (n_shared, d_model) states of one model."""
    target, condition = cell.entry["target"], frame["condition"].iloc[0]
    rows = positions(store, target, frame["item_id"])
    return lambda site, layer: np.asarray(store.load(target, condition, site, layer))[rows]


def _searched(acts, sites: list[str], layers: Iterable[int], scoring, folds, n_jobs: int) -> _Read:
    """Held-out predictions, site and layer chosen on inner folds; the embeddings only where there is nothing else."""
    layers = [n for n in layers if n > 0] or list(layers)
    found = sweep(acts, scoring, folds, sites=sites, layers=layers, n_jobs=n_jobs)
    options = {reading.name: held for reading, held in zip(found.readings, found.held, strict=True)}
    return _Read(found.nested(folds.fold, layers=layers).pred, options)


def _side_by_side(own, theirs, cell: _Cell, scoring: Scoring, n_jobs: int) -> "_Read | None":
    """Held-out predictions of the target run's labels from the states of both models, layers matched by their depth;
    None where the truths differ on too few items to learn anything from it."""
    differ, groups = cell.differ, cell.own["group"].to_numpy(dtype=np.int64)
    y = scoring.y[differ]
    if len(y) < MIN_ITEMS or len(np.unique(y)) < 2 or effective_groups(y, groups[differ], scoring.kind) < MIN_GROUPS:
        return None
    scoring, folds = _fresh(cell, scoring)
    deepest = max(theirs.layers) / max(1, *own.layers)
    mine, other = (_states(store, cell, frame) for store, frame in ((own, cell.own), (theirs, cell.other)))

    def acts(site: str, layer: int) -> np.ndarray:
        near = min(theirs.layers, key=lambda other: abs(other - layer * deepest))
        return np.hstack([mine(site, layer), other(site, near)])

    return _searched(acts, _sites(own, theirs, cell), own.layers, scoring, folds, n_jobs)


def _on_own_labels(cell: _Cell, n_resamples: int) -> dict:
    """Each model's own probe on its own labels of the shared items."""
    found = []
    for entry, frame in ((cell.other_entry, cell.other), (cell.entry, cell.own)):
        paired = Paired(entry | {"searches": {}}, frame, n_resamples)
        found.append(paired.score(cell.head if paired.has(cell.head) else NESTED))
    return {**limits("on_own", found[0]), "target_on_own": found[1].value}


def _score(scoring, groups, keep, theirs, own, n_resamples: int, seed: int, both=None) -> dict:
    """value, lower, upper, n, n_groups, and how far the predictor is behind the target run's own prediction, and behind
    a prediction from both."""
    part, groups = scoring.rows(keep), renumber(groups.astype(np.int64))
    weights = resample(groups, fold=part.fold, n_resamples=n_resamples, rng=stream(seed, "cross-model bootstrap"))
    facts = {"n": len(part.y), "n_groups": int(groups.max()) + 1}
    effective = effective_groups(part.y, groups, part.kind) if len(np.unique(part.y)) > 1 else 1
    few = left_out(groups, part.fold)
    independent = effective if few is None else min(effective, few.n_groups)

    def limited(drawn: Drawn, values: np.ndarray | None = None) -> Estimate:
        values = drawn.settled(few) if values is None else values
        return interval(drawn.point, values, **facts, effective=independent)

    drawn = theirs.drawn(scoring, keep, weights, few)
    found = limited(drawn, clipped(part.primary, drawn.settled(few)))
    out = {"value": found.value, "lower": found.lower, "upper": found.upper, **facts, "effective": effective}
    for name, read in (("behind", own), ("adds", both)):
        if read is not None:
            out |= limits(name, limited(read.drawn(scoring, keep, weights, few) - drawn))
    return out
