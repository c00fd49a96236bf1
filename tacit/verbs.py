"""The verbs as functions: what the command line calls, and a notebook may call as well.

Each reads files of a run and writes files of the same run, so each can be called on its own and repeated. Messages go
to `say`, one line per call; nothing is printed unless `say` prints.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from tacit.errors import ActivationError, TacitError
from tacit.names import ACTIVATIONS, FIGURES, PROBES, VERDICTS
from tacit.run import Run, open_run
from tacit.settings import Settings, run_folder, run_name
from tacit.writing import check_writable, tells_what_is_kept, writing

Say = Callable[[str], None]
DEFAULT_RUN = "default"


def silent(_line: str) -> None:
    """Say nothing."""


def cache(
    run: str | None = None,
    *,
    model: str | Path | None = None,
    code: Sequence[str] = (),
    keep_one_class: bool = False,
    workers: int | None = None,
    say: Say = silent,
    **settings: Any,
) -> Run:
    """Run the model once per prompt; keep its residual activations and its replies in `runs/<run>/activations`.

    run: the run's name; by default the model's name, or `default` for the embedded model.
    model: hub id, folder in transformers format or GGUF file; by default the run's own, or the embedded one.
    code: Python files that may run although only a table names them; those in `data` and `targets` may run anyway.
    keep_one_class: whether a target is asked on about although all its items have the same label.
    workers: processes that share the work; by default as many as there are processors where a model is so small that
        several threads only wait for each other, and otherwise one. The numbers do not depend on it.
    settings: any field of `tacit.settings.Settings` (targets, data, conditions, n, seed, sites, layers, reports, …);
        any that is left out is read back from the run, or has its default.
    Returns the run. Existing files are checked and reused. Raises TacitError if the model, a table or a name cannot be
    used, or the settings differ from those that the run was made with.
    """
    run = _named(run, model)
    check_writable(run_folder(run))
    check_writable(run_folder(run) / ACTIVATIONS)
    say(f"{run}: reading the model's configuration and the items …")
    from tacit.activations.workers.start import import_meanwhile

    chosen = _chosen(run, model, code, settings)
    import_meanwhile(run_folder(run) / ACTIVATIONS, Path(chosen.model), workers)
    from tacit.activations.cache import cache_run
    from tacit.activations.store.verify import cached_so_far
    from tacit.probes import follow_ups
    from tacit.probes.label_counts import count_labels

    with tells_what_is_kept(lambda: cached_so_far(run_folder(run) / ACTIVATIONS)):
        ran = cache_run(
            run, chosen, follow_ups=follow_ups, count_labels=count_labels, say=say, keep_one_class=keep_one_class,
            workers=workers,
        )  # fmt: skip
    say(f"\n{'cached' if ran else 'reused'}: all files are present, and their checksums match\n")
    return open_run(run)


def plan(
    run: str | None = None,
    *,
    model: str | Path | None = None,
    code: Sequence[str] = (),
    say: Say = silent,
    **settings: Any,
) -> dict[str, Any]:
    """What `cache` with the same arguments would ask, compute and write, and how long that takes on several machines.

    Only the model's config and tokenizer are read, and nothing is written. Returns a dict in JSON's types: `model`,
    `rows` (target, condition, form: prompts, tokens, FLOPs, bytes) and `machines` (seconds, GPU-hours, devices).
    Raises TacitError like `cache`, and where the model's weights cannot be counted from its config.
    """
    run = _named(run, model)
    say(f"{run}: reading the model's configuration and the items …")
    from tacit.activations.cost.estimate import estimate_run

    return estimate_run(_chosen(run, model, code, settings), say).plain()


def probe(
    run: Run | str = DEFAULT_RUN,
    *,
    again: bool = False,
    permutations: int | None = None,
    sae: str | None = None,
    device: str | None = None,
    hold_out: str | None = None,
    code: Sequence[str] = (),
    say: Say = silent,
) -> Run:
    """Decode each target from the activations, layer by layer, and write `runs/<run>/probes`.

    again: recompute even if results are up to date. permutations: label permutations of the null, 200 by default.
    sae: sparse autoencoder to read too, a folder in sae-lens's format or `RELEASE:ID`.
    device: torch device on which the probes are fitted; NumPy on the CPU by default.
    hold_out: "source" holds whole sources (tasks, templates, relations) out; by default, groups of items.
    code: Python files that may run, if the run's items name them as a target or property.
    Raises TacitError where the run is missing, unfinished, or holds nothing that can be probed.
    """
    run = _opened(run)
    say(f"{run.name}: reading the activations …")
    from tacit.probes import n_readings, probe_run, up_to_date
    from tacit.probes.analysis.extra_tables import Further
    from tacit.probes.controls.permutation_null import N_PERMUTATIONS
    from tacit.probes.estimators.sparse_autoencoder import load_sae
    from tacit.progress import above, progress
    from tacit.targets.tables.python_files import permit

    permit(code)
    permutations = N_PERMUTATIONS if permutations is None else permutations
    seed, store = run.settings.seed, run.store
    if not again and not sae and up_to_date(run.path, store, seed, permutations, hold_out or ""):
        say(f"reused {run.path / 'probes'}: made from these activations. Next: tacit compare {run.name}")
        return run
    check_writable(run.path)
    for target, condition in run.left_out:
        say(f"{target}, {condition}: left out by tacit cache, because all its items have the same label")
    further = Further(sae=load_sae(_sae_folder(sae, run.path)) if sae else None, notes={"model": run.settings.model})
    none = "Nothing of this analysis is kept, and earlier results are unchanged"
    with (
        tells_what_is_kept(lambda: none),
        writing(run.path / PROBES),
        progress(total=n_readings(store), unit=" readings", desc="probe") as bar,
    ):
        probe_run(
            store, run.path, seed=seed, n_permutations=permutations, further=further, place=_on(device),
            hold_out=hold_out or "",
            say=above(bar, say), progress=bar.update,
        )  # fmt: skip
    return open_run(run.path)


def tune(
    run: Run | str = DEFAULT_RUN,
    *,
    every: bool = False,
    epochs: int | None = None,
    control: bool = True,
    trust_remote_code: bool | None = None,
    code: Sequence[str] = (),
    say: Say = silent,
) -> Run:
    """Train a soft prompt on the probe's labels and score the model's answers after it (level A).

    every: also where no gap was found. epochs: passes over the items, at most. control: train on labels permuted by
    group as well, which tells how much of the score is owed to training. trust_remote_code: whether the model's own
    Python code may run, if the run was made with it. code: as in `probe`. Needs the model again, and gradients through
    it; its weights do not change. Raises TacitError like `probe`.
    """
    run = _opened(run)
    say(f"{run.name}: reading the model's configuration and the results of tacit probe …")
    from tacit.activations.model.load import load_subject, load_tokenizer
    from tacit.activations.run_settings import check_trust
    from tacit.activations.tune import EPOCHS, Tuner, how_tuned
    from tacit.probes.data.results import read_results
    from tacit.probes.tune import measure_tuned, n_tuned, to_tune
    from tacit.progress import above, progress
    from tacit.targets.tables.python_files import permit

    permit(code)
    epochs = epochs or EPOCHS
    check_trust(run.name, run.settings, trust_remote_code)
    settings, store, results = run.settings, run.store, read_results(run.path)
    wanted: dict[str, Any] = {"how": {"seed": settings.seed} | how_tuned(epochs), "every": every, "control": control}
    parts = to_tune(results, **wanted)
    if not parts:
        say(f"{run.name}: nothing to tune: no probe significantly beats the best report, or all were tuned before")
        say(f"To tune the others as well: tacit tune {run.name} --all")
        return run
    with tells_what_is_kept(lambda: _tuned_so_far(results, wanted, len(parts))), writing(run.path / PROBES):
        tuner = Tuner(load_subject(settings, load_tokenizer(settings)), store, settings, epochs=epochs)
        total = n_tuned(parts, epochs=epochs, control=control)
        with progress(total=total, unit=" items", desc="tune (at most)") as bar:
            learn = functools.partial(_tuned_or_none, tuner.tune, above(bar, say), tick=bar.update)
            measure_tuned(results, store, learn, **wanted, say=above(bar, say))
    return open_run(run.path)


def ablate(
    run: Run | str = DEFAULT_RUN,
    *,
    items: int | None = None,
    random: int | None = None,
    trust_remote_code: bool | None = None,
    say: Say = silent,
) -> Run:
    """Ablate the probe direction and test whether the next-token distribution changes (level U).

    items: items of each target. random: control directions of each kind (label-shuffled probes; random directions
    matched in norm); None for as many as p-values adjusted over the targets and conditions need.
    trust_remote_code: as in `tune`. Needs the model again. Raises TacitError like `probe`.
    """
    run = _opened(run)
    say(f"{run.name}: reading the model's configuration and the results of tacit probe …")
    from tacit.activations import ablate as room
    from tacit.activations.model.load import load_subject, load_tokenizer
    from tacit.activations.run_settings import check_trust
    from tacit.probes.ablate import N_ITEMS, measure_usage, n_ablated
    from tacit.probes.data.results import read_results
    from tacit.progress import above, progress

    items = items or N_ITEMS
    check_trust(run.name, run.settings, trust_remote_code)
    settings, store, results = run.settings, run.store, read_results(run.path)
    with writing(run.path / PROBES):
        ablator = room.Ablator(load_subject(settings, load_tokenizer(settings)), store, settings)
        with progress(total=n_ablated(results, items), unit=" prompts", desc="ablate") as bar:
            ablate_states, told = functools.partial(ablator.ablate, tick=bar.update), above(bar, say)
            measure_usage(results, store, ablate_states, n_items=items, n_random=random, seed=settings.seed, say=told)
    return open_run(run.path)


def compare(*runs: Run | str, labels: str | Path | None = None, say: Say = silent) -> list[Run]:
    """Compare probe and report: verdicts in `runs/<run>/verdicts`, tables and figures in `runs/<run>/figures`.

    Several runs are compared together: p-values are adjusted over all their gaps (Holm), and each run's reports and
    probes are also scored on the other runs' labels. labels: a CSV file of corrected labels (columns target, item_id,
    label, and condition if it matters) on which a single run is scored; figures by item keep the labels as cached.
    Raises TacitError where a run is missing, not probed, or given twice, or a label does not fit.
    """
    runs = runs or (DEFAULT_RUN,)
    names = [run.name if isinstance(run, Run) else Path(run).name for run in runs]
    if len(set(names)) < len(names):
        raise TacitError(f"{', '.join(names)}: a run is given twice, and would count twice among the gaps")
    opened = [_opened(run) for run in runs]
    folders = [run.path for run in opened]
    with writing(*(folder / name for folder in folders for name in (VERDICTS, FIGURES))):
        say(f"{', '.join(names)}: reading the results of tacit probe …")
        with tells_what_is_kept(lambda: "Verdicts and figures that were not written yet are the earlier ones"):
            _compared(opened, labels, say)
    return [open_run(folder) for folder in folders]


def _compared(opened: Sequence[Run], labels: str | Path | None, say: Say) -> None:
    """The verdicts, tables and figures of runs that can be written."""
    from tacit.figures import draw_models, draw_run
    from tacit.probes import compare_runs, peers_of

    folders, names = [run.path for run in opened], [run.name for run in opened]
    matrix = _cross(opened, say)
    peers = None if matrix is None else [peers_of(matrix, name) for name in names]
    outs = [folder / "verdicts" / "verdicts.json" for folder in folders]
    found = compare_runs(folders, outs=outs, peers=peers, labels=labels)
    for folder, verdicts in zip(folders, found, strict=True):
        draw_run(folder, verdicts)
    if len(opened) > 1:
        pages = draw_models(dict(zip(names, found, strict=True)), folders[0] / "figures" / "models")
        say(f"{len(pages)} figures of all {len(opened)} runs: {pages[0].parent}/")


def _cross(runs: Sequence[Run], say: Say):
    """Score each run's reports and probes on the other runs' labels; write matrix.csv in every run that shares items
    with another, and remove it from the others. None for a single run."""
    from tacit.files import write_csv
    from tacit.probes import cross_matrix

    paths = {run.name: run.path / "verdicts" / "matrix.csv" for run in runs}
    table = None
    if len(runs) > 1:
        stores: Mapping[str, Any] = {run.name: run.store for run in runs}
        table = cross_matrix({run.name: run.path for run in runs}, stores=stores, say=say)
    shared = set() if table is None else _sharing_items(table)
    for name, path in paths.items():
        if name in shared:
            write_csv(path, table)
        else:
            path.unlink(missing_ok=True)
    return table


def _sharing_items(table) -> set[str]:
    apart = table[table["predictor"] != table["target_run"]]
    return {*apart["predictor"], *apart["target_run"]}


def _named(run: str | None, model: str | Path | None) -> str:
    return run or (run_name(str(model)) if model else DEFAULT_RUN)


def _chosen(run: str, model: str | Path | None, code: Sequence[str], settings: Mapping[str, Any]) -> Settings:
    """The settings of a run from the arguments of a verb; the files that these name may run from now on."""
    from tacit.activations.run_settings import chosen_settings
    from tacit.targets.tables.python_files import files_named_in, permit

    permit([*code, *files_named_in([*(settings.get("data") or ()), *(settings.get("targets") or ())])])
    given = {name: value for name, value in settings.items() if value not in (None, {}, ())}
    return chosen_settings(run, given | ({"model": str(model)} if model else {}))


def _opened(run: Run | str) -> Run:
    return run if isinstance(run, Run) else open_run(run)


def _on(device: str | None) -> Callable | None:
    """A function that moves a layer's states to the device; None for NumPy on the CPU."""
    if not device:
        return None
    from tacit.activations.model.device import on_device

    return functools.partial(on_device, device=device)


def _sae_folder(name: str, run: Path) -> Path:
    if Path(name).is_dir():
        return Path(name)
    from tacit.activations.model.autoencoders import fetch_sae

    return fetch_sae(name, run / "sae")


def _tuned_so_far(results, wanted: Mapping[str, Any], planned: int) -> str:
    from tacit.probes.tune import to_tune

    left = len(to_tune(results, **wanted))
    return f"The results of {planned - left} of {planned} targets and conditions are kept"


def _tuned_or_none(tune: Callable, say: Say, *asked: Any, **terms: Any):
    """A soft prompt, or None and a message if it cannot be trained, so that the other targets are still tuned."""
    try:
        return tune(*asked, **terms)
    except ActivationError as error:
        say(str(error))
        return None
