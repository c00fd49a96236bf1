"""Probe a whole run: every target and condition of a store, to the files that the other rooms read.

In: an open store. Out, in ``<run>/probes/``: ``scores.csv``, ``items.parquet``, ``replies.parquet`` (every reply as it
was read), ``null.csv`` (the permuted pipeline), ``curve.csv`` (the headline by number of labels), ``transfer.csv``,
``sparse.csv``, ``positions.csv``, ``directions/`` and ``probes.json`` (what was chosen, dropped and repeated), each put
in place in one step when all of them are complete.
"""

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from importlib.metadata import version
from pathlib import Path

import numpy as np
import pandas as pd
from joblib import Parallel, cpu_count, delayed
from threadpoolctl import threadpool_limits

from tacit.errors import ProbeError
from tacit.files import sealed, write_file, write_json
from tacit.names import BEST, FIXED, NESTED, SCORES_SCHEMA
from tacit.probes.analysis.analyse import Analysis, Extra, analyse
from tacit.probes.analysis.extra_tables import COLUMNS, Further, control_panel
from tacit.probes.analysis.extrapolation import extrapolation_rows
from tacit.probes.analysis.knowledge_scores import knowledge_rows
from tacit.probes.analysis.learning_curve import CURVE_COLUMNS, N_REPEATS
from tacit.probes.analysis.read_out_controls import control_read_outs
from tacit.probes.analysis.report_scores import own_report
from tacit.probes.controls.permutation_null import N_PERMUTATIONS, NULL_COLUMNS
from tacit.probes.controls.read_positions import position_couplings
from tacit.probes.data.examples import Examples, grouped_by, items_of, make_examples, report_facts, target_of
from tacit.probes.data.items_table import ITEM_COLUMNS, SCORE_COLUMNS, inner_scores, items_frame, score_rows
from tacit.probes.data.reports import facts
from tacit.probes.data.results import read_results
from tacit.probes.data.transcript import COLUMNS as REPLY_COLUMNS
from tacit.probes.data.transcript import marked_out_of_range, transcript
from tacit.probes.statistics.bootstrap import resample
from tacit.probes.statistics.metrics import CHANCE
from tacit.probes.verdicts.evidence import Copies
from tacit.probes.verdicts.ladder import survives_regrouping
from tacit.progress import ends_with_us
from tacit.seeds import stream
from tacit.targets.tables.python_files import permit, permitted
from tacit.thresholds import N_RESAMPLES

CSVS = {"scores.csv": SCORE_COLUMNS, "null.csv": NULL_COLUMNS, "curve.csv": CURVE_COLUMNS, **COLUMNS}
LAYOUT = 4
"""Of what is written: results of another layout are made again."""
PARQUETS = {"items.parquet": ITEM_COLUMNS, "replies.parquet": REPLY_COLUMNS}
FILES = (*CSVS, *PARQUETS, "probes.json")


def probe_run(
    store,
    run: str | Path,
    *,
    targets: Mapping[str, object] | None = None,
    seed: int = 0,
    n_resamples: int = N_RESAMPLES,
    n_permutations: int = N_PERMUTATIONS,
    n_repeats: int = N_REPEATS,
    extra: Sequence[Extra] = (control_panel,),
    further: Further | None = None,
    place: Callable | None = None,
    hold_out: str = "",
    n_jobs: int | None = None,
    say: Callable[[str], None] | None = None,
    progress: Callable[[int], None] | None = None,
) -> pd.DataFrame:
    """Probe every (target, condition) of the store and write the results; returns the table of scores.

    targets: name -> target, for targets that are not built in; None looks all of them up by name.
    n_permutations, n_repeats: of the null and of each point of the learning curve; 0 leaves them out.
    extra: functions that add methods to every analysis (`analysis.Extra`), the control panel unless given.
    further: the readings with tables of their own (transfer, sparse, positions, directions); None leaves them out.
    place: what puts a layer's matrix on the device where the sweep is fitted (`analysis.analyse`); None is numpy.
    hold_out: "source" puts all items of a source (task, template, relation) into one group, so that whole sources are
    held out; "" groups by prompt, entity, answer and near-duplicate text alone.
    n_jobs: processes that share the targets and conditions; None for as many as there are processors.
    progress: called with the readings (sites x layers) of each finished part; `n_readings` says how many there will be.
    A target that cannot be analysed (one class, too few groups) is recorded with its reason and the others go on.
    Raises ProbeError where the store holds no target at all.
    """
    say, out = say or (lambda line: None), Results(Path(run), seed)
    terms = Terms(seed, n_resamples, n_permutations, n_repeats, tuple(extra), further, place, hold_out)
    run = Path(run).absolute()
    jobs = ((store, run, target_of(store, name, targets), condition, terms) for name, condition in store.entries)
    for part in _each(jobs, n_jobs or max(1, min(cpu_count(), len(store.entries)))):
        out.join(part)
        for line in part.lines:
            say(line)
        if progress is not None:
            progress(part.n_readings)
    if not out.entries:
        raise ProbeError(f"nothing to probe: the store is empty. Run: make cache RUN={Path(run).name}")
    if further is not None:
        out.extend({"transfer.csv": _between_conditions(store, out, terms)})
    return out.write(
        {
            "made_from": made_from(store, seed, n_permutations, hold_out),
            "n_resamples": n_resamples,
            "entries": out.entries,
        }
    )


@dataclass(frozen=True)
class Terms:
    """How every target and condition of a run is analysed."""

    seed: int
    n_resamples: int
    n_permutations: int
    n_repeats: int
    extra: tuple[Extra, ...]
    further: Further | None
    place: Callable | None
    hold_out: str


@dataclass
class Part:
    """What one target and condition puts into the tables."""

    rows: dict[str, list[dict]]
    frames: dict[str, pd.DataFrame]
    entry: dict
    lines: list[str]
    n_readings: int
    examples: Examples | None = None
    """labels, groups and rows alone, without store, reports and frame; None where nothing was probed"""


def _each(jobs: Iterable[tuple], n_jobs: int) -> Iterator[Part]:
    """The parts in order, whole targets and conditions in parallel: these share nothing, so nothing is passed about."""
    if n_jobs == 1:
        return (_part(*job) for job in jobs)
    work = delayed(ends_with_us(_part_in_worker))
    return Parallel(n_jobs=n_jobs, return_as="generator")(work(permitted(), *job) for job in jobs)


def _part_in_worker(python_files: Sequence[str], *job) -> Part:
    permit(python_files)
    return _part(*job)


def _part(store, run, target, condition: str, terms: Terms) -> Part:
    """Analyse one target and condition, on one thread: the matrices are small."""
    name, items = target.name, {item.item_id: item for item in items_of(store, target.name)}
    sites = store.sites(name, condition)
    part = Part({}, {}, {}, [], len(sites) * len(store.layers))
    part.frames["replies.parquet"] = transcript(store, target, items, condition)
    try:
        with threadpool_limits(1):
            examples = grouped_by(make_examples(store, target, condition), terms.hold_out)
            replies = part.frames["replies.parquet"]
            part.frames["replies.parquet"] = marked_out_of_range(replies, examples.kind, examples.y)
            found = analyse(
                examples, sites=sites, layers=store.layers, n_layers=store.n_layers, seed=terms.seed, n_jobs=1,
                n_permutations=terms.n_permutations, n_repeats=terms.n_repeats, extra=terms.extra,
                place=terms.place,
            )  # fmt: skip
            _fill(part, found, run, sites, store.layers, terms)
            part.examples = replace(examples, store=None, heard={}, frame=examples.frame.iloc[:, :0])
    except ProbeError as error:
        part.lines.append(f"not analysable: {error}")
        failed = {"target": name, "condition": condition, "status": "not analysable", "reason": str(error)}
        part.entry = failed | report_facts(store, target, condition)
    return part


def _fill(part: Part, found: Analysis, run, sites: Sequence[str], layers: Sequence[int], terms: Terms) -> None:
    rng = stream(terms.seed, "bootstrap")
    weights = resample(found.examples.groups, fold=found.folds.fold, n_resamples=terms.n_resamples, rng=rng)
    scores = [*score_rows(found, weights), *extrapolation_rows(found, weights), *knowledge_rows(found, weights)]
    part.rows |= {"scores.csv": scores, "null.csv": _null_rows(found), "curve.csv": _curve_rows(found)}
    if terms.further is not None:
        part.rows |= terms.further.tables(found, sites, layers, terms.seed)
        terms.further.directions(run, found)
    part.frames["items.parquet"] = items_frame(found)
    part.entry = _entry(found, sites, terms.seed) | {"hold_out": terms.hold_out}
    part.lines += [_line(found), *([_warning(found)] if found.leakage.suspicious else [])]
    part.lines += [_split_copies(found)] if _leaks(found) else []


def _between_conditions(store, out: "Results", terms: Terms) -> list[dict]:
    """Transfer between the conditions of each target, at the fixed layer of the first."""
    rows, probed = [], [entry for entry in out.entries if entry["status"] == "probed"]
    for name in dict.fromkeys(entry["target"] for entry in probed):
        mine = [entry for entry in probed if entry["target"] == name]
        examples = [replace(out.examples[name, entry["condition"]], store=store) for entry in mine]
        reading = (mine[0]["fixed_site"], mine[0]["fixed_layer"])
        rows += terms.further.between_conditions(examples, *reading, terms.seed)
    return rows


@dataclass
class Results:
    """What a run's tables will hold, collected until all of them are complete."""

    run: Path
    seed: int
    rows: dict[str, list[dict]] = field(default_factory=lambda: {name: [] for name in CSVS})
    frames: dict[str, list[pd.DataFrame]] = field(default_factory=lambda: {name: [] for name in PARQUETS})
    entries: list[dict] = field(default_factory=list)
    examples: dict[tuple[str, str], Examples] = field(default_factory=dict)
    """(target, condition) -> `Part.examples`"""

    def join(self, part: Part) -> None:
        """Everything that one target and condition puts into the tables."""
        self.extend(part.rows)
        for name, frame in part.frames.items():
            self.frames[name].append(frame)
        self.entries.append(part.entry)
        if part.examples is not None:
            self.examples[part.examples.target, part.examples.condition] = part.examples

    def extend(self, rows: Mapping[str, Sequence[dict]]) -> None:
        """File -> further rows."""
        for name, more in rows.items():
            self.rows[name] += more

    def write(self, facts_of_run: dict) -> pd.DataFrame:
        """Write the files, `probes.json` last: it vouches for the others. Returns the table of scores."""
        folder = self.run / "probes"
        (folder / "probes.json").unlink(missing_ok=True)
        for name, columns in CSVS.items():
            table = pd.DataFrame(self.rows[name], columns=list(columns))
            write_file(folder / name, lambda path, table=table: table.to_csv(path, index=False))
        for name, columns in PARQUETS.items():
            parts = self.frames[name]
            table = pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=list(columns))
            write_file(folder / name, lambda path, table=table: table.to_parquet(path, index=False))
        sums = {name: hashlib.sha256((folder / name).read_bytes()).hexdigest() for name in (*CSVS, *PARQUETS)}
        facts = facts_of_run | {"schemas": {"scores.csv": SCORES_SCHEMA}, "sha256": sums}
        write_json(folder / "probes.json", sealed(facts))
        return pd.DataFrame(self.rows["scores.csv"], columns=list(SCORE_COLUMNS))


def made_from(store, seed: int, n_permutations: int, hold_out: str = "") -> dict:
    """What results are a function of: the keys and tables of the activations and of the random twins, the seed, the
    size of the null, tacit's version and the layout of its tables."""
    manifest = store.manifest
    return {
        "keys": [entry["key"] for entry in manifest["entries"]], "tables": manifest["tables"],
        "twins": [[entry["key"] for entry in twin.manifest["entries"]] for twin in store.twins],
        "seed": seed, "n_permutations": n_permutations, "tacit": version("tacit-lm"), "layout": LAYOUT,
    } | ({"hold_out": hold_out} if hold_out else {})  # fmt: skip


def up_to_date(run: str | Path, store, seed: int, n_permutations: int = N_PERMUTATIONS, hold_out: str = "") -> bool:
    """Whether ``<run>/probes`` holds finished results that were made from these very activations, with such a null,
    and that `compare` will accept: files that were edited since are made again."""
    folder = Path(run) / "probes"
    if not all((folder / name).is_file() for name in FILES):
        return False
    try:
        read_results(run)
        made = json.loads((folder / "probes.json").read_text(encoding="utf-8"))["made_from"]
        return made == made_from(store, seed, n_permutations, hold_out)
    except (ValueError, KeyError, TypeError):  # ProbeError is a ValueError
        return False


def n_readings(store) -> int:
    """How many (target, condition, site, layer) readings `probe_run` will report as progress."""
    return sum(len(store.sites(*entry)) * len(store.layers) for entry in store.entries)


def _null_rows(found: Analysis) -> list[dict]:
    ex = found.examples
    place = {"target": ex.target, "condition": ex.condition, "metric": found.scoring.primary}
    return [place | {"method": name} | null.facts() for name, null in found.nulls.items()]


def _curve_rows(found: Analysis) -> list[dict]:
    ex = found.examples
    place = {"target": ex.target, "condition": ex.condition, "metric": found.scoring.primary}
    return [place | asdict(point) for point in found.learning]


def _entry(found: Analysis, sites, seed: int) -> dict:
    """What `compare` needs to know of one target and condition beside the items."""
    ex, methods = found.examples, found.methods
    headline, (inner, searches) = methods[NESTED], inner_scores(found)
    return {
        "target": ex.target, "condition": ex.condition, "status": "probed", "kind": ex.kind, "classes": ex.classes,
        "n": len(ex.y), "n_groups": len(np.unique(ex.groups)), "n_folds": found.folds.n_folds, "seed": seed,
        "site": headline.site, "layer": headline.layer,
        "chosen": [reading.name for reading in headline.held.chosen], "fixed_layer": found.fixed,
        "readings": {m.name: [m.site, m.layer] for m in methods.values() if m.nested},
        "fixed_site": methods[FIXED].site, "sites": list(sites), "dropped": ex.dropped, "folded": ex.folded,
        "near_duplicates": ex.near_duplicates, "positions": _positions(found),
        "control": ex.control, "natural": ex.natural, "reports": [facts(heard) for heard in ex.heard.values()],
        "read_outs": [asdict(found) for found in control_read_outs(ex)],
        "rungs": [m.name for m in methods.values() if m.kind == "report" and m.name != BEST],
        "not_own": [h.elicitation.name for h in ex.heard.values() if not own_report(h.elicitation, ex)],
        "best_rung": methods[BEST].held.usual,
        "best_rung_by_fold": methods[BEST].held.chosen,
        "baselines": [m.name for m in methods.values() if m.kind == "baseline"],
        "controls": [m.name for m in methods.values() if m.kind == "control"],
        "groups_shared_by_train_and_test": 0,  # asserted in `Folds`
        "inner": inner, "searches": searches,
        "families": {f"probe {m.site} {m.layer}": m.held.usual for m in found.curve},
        "nulls": {name: null.facts() for name, null in found.nulls.items()}, "crossing": found.crossing,
        "leakage": asdict(found.leakage) | {"suspicious": found.leakage.suspicious},
        "regrouped": asdict(found.regrouped),
        "refits": {name: asdict(spread) for name, spread in found.refits.items()},
    }  # fmt: skip


def _positions(found: Analysis) -> list[dict] | None:
    """How a count of a span is correlated with the positions that the headline reads."""
    sites = sorted({reading.site for reading in found.methods[NESTED].held.chosen})
    couplings = position_couplings(found.examples, sites)
    return None if couplings is None else [asdict(each) for each in couplings]


def _line(found: Analysis) -> str:
    ex = found.examples
    lost, null = sum(ex.dropped.values()), found.nulls.get(NESTED)
    return (
        f"{ex.target}, {ex.condition}: {len(ex.y)} items in {len(np.unique(ex.groups))} groups"
        f"{f', {lost} left out as unusable' if lost else ''}; {found.folds.n_folds} folds, no group in two of them;"
        f" site and layer chosen most often: {found.methods[NESTED].note}"
        f"{f'; {null.words}' if null else ''}"
    )


def _leaks(found: Analysis) -> bool:
    close = found.regrouped
    copies = Copies(close.close, close.score, close.drop)
    return survives_regrouping(copies, CHANCE[found.scoring.primary]) is False


def _split_copies(found: Analysis) -> str:
    ex, close = found.examples, found.regrouped
    before = close.score.value + close.drop.value
    return (
        f"{ex.target}, {ex.condition}: {close.close:.0%} of the items have a state far closer to that of another"
        f" group's item than to the rest; with these in one group, layer {found.methods[NESTED].layer} scores"
        f" {close.score.value:.2f} instead of {before:.2f}. Give paraphrases one `group` or `entity`, and probe again"
    )


def _warning(found: Analysis) -> str:
    ex, leak = found.examples, found.leakage
    return (
        f"{ex.target}, {ex.condition}: folds that split groups would show {leak.ungrouped:.2f} instead of"
        f" {leak.grouped:.2f} at layer {found.fixed}: items of a group are alike, and only the grouped score counts"
    )
