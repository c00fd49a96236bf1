"""tacit: what a language model knows about itself, and what it says. One command per verb, glue only.

Each verb reads files and writes files, so each can be given alone: cache (model -> residuals and replies),
probe (residuals -> scores), compare (scores and replies -> verdicts and figures).
"""

from __future__ import annotations

import dataclasses
import functools
import shutil
import sys
from importlib.resources import files as resource_folder
from pathlib import Path

import click
import pandas as pd

from tacit.activations import ActivationError, Settings, open_store, read_settings, run_folder, run_name, write_settings
from tacit.activations.store.verify import describe, faults
from tacit.errors import TargetError
from tacit.figures import FigureError, as_json, cached_summary, draw_models, draw_run, files, probed_summary, shown
from tacit.figures.terminal.summary import summary
from tacit.probes import ProbeError, compare_runs, cross_matrix, follow_ups, n_readings, peers_of, probe_run, up_to_date
from tacit.probes.ablate import N_ITEMS, N_RANDOM, measure_usage, n_ablated
from tacit.probes.analysis.extra_tables import Further
from tacit.probes.controls.permutation_null import N_PERMUTATIONS
from tacit.probes.data.items_table import write_atomic
from tacit.probes.data.results import read_results
from tacit.probes.estimators.sparse_autoencoder import load_sae
from tacit.probes.tune import measure_tuned, n_tuned, to_tune
from tacit.probes.verdicts.evidence import MIN_GROUPS, MIN_ITEMS
from tacit.progress import progress
from tacit.targets import NAMES, get_target, items_to_frame, load_items, position_correlations, resolve_data
from tacit.targets.behavior.option_order import order_balance
from tacit.targets.elicitations import N_PARAPHRASES, RUNGS, Elicitation, select
from tacit.targets.groups import components, item_keys
from tacit.targets.questions import act, reports
from tacit.targets.resolve import ENDINGS, row_account

DEFAULT_MODEL = Path(str(resource_folder("tacit.organisms"))) / "lock"
DEFAULT_RUN = "default"


class OneLineErrors(click.Group):
    """The rooms' own errors become one line and exit code 2; anything else is a bug and keeps its traceback."""

    def invoke(self, ctx: click.Context):
        try:
            return super().invoke(ctx)
        except (ActivationError, FigureError, ProbeError, TargetError) as error:
            failure = click.ClickException(str(error))
            failure.exit_code = 2
            raise failure from error
        except click.UsageError as error:
            command = error.ctx.command_path if error.ctx else "tacit"
            message = error.format_message().rstrip(".")
            stop = "" if message.endswith(("?", "!")) else "."
            failure = click.ClickException(f"{message}{stop} See: {command} --help")
            failure.exit_code = 2
            raise failure from error
        except KeyboardInterrupt as error:
            failure = click.ClickException(
                "interrupted. What was finished is kept: the same command goes on from there."
            )
            failure.exit_code = 130
            raise failure from error


@click.group(
    "tacit", cls=OneLineErrors, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100}
)
@click.version_option(package_name="tacit-lm", prog_name="tacit")
def main():
    """Measure the gap between what a language model knows and what it says.

    \b
    tacit cache      run the model once per prompt: residuals and replies to disk
    tacit probe      decode each target from the residuals, layer by layer
    tacit ablate     take what was decoded out of the states: does the model use it?
    tacit tune       learn a prompt from the labels: can the model say it after all?
    tacit compare    what it knows against what it says: verdicts, tables, figures
    tacit show       a run's verdicts again;  tacit info  what it holds;  tacit verify  checks it

    Without a model the embedded one is used, whose gap is known by construction.
    """


def _conditions(_ctx, _param, values: tuple[str, ...]) -> dict[str, str]:
    """`name=system prompt` pairs; a name alone is a mistake worth stopping for."""
    for value in values:
        if "=" not in value:
            raise click.BadParameter(f'{value!r}: expected NAME="system prompt", e.g. --condition honest="Be honest."')
    names = [value.split("=", 1)[0] for value in values]
    if twice := {name for name in names if names.count(name) > 1}:
        raise click.BadParameter(f"{', '.join(twice)} is given twice; give each condition a name of its own")
    return dict(value.split("=", 1) for value in values)


def _split(_ctx, _param, value: str | None) -> tuple[str, ...] | None:
    return tuple(part.strip() for part in value.split(",")) if value else None


@main.command()
@click.argument("run", required=False)
@click.option("--model", help="Hub id or folder in transformers format.  [default: the embedded one]")
@click.option(
    "--targets", callback=_split, help=f"Comma-separated: {', '.join(NAMES)}.  [default: all that DATA can serve]"
)
@click.option(
    "--data",
    multiple=True,
    metavar="[TARGET=]PATH",
    help="Your own table (CSV, JSONL, JSON, Parquet), a folder with one <target>.csv per target, a Python file that "
    "defines a target, or behavior=PROPERTY. Repeatable.",
)
@click.option(
    "--condition",
    "conditions",
    multiple=True,
    metavar="NAME=TEXT",
    callback=_conditions,
    help="A named system prompt; repeat it to compare several.  [default: plain=]",
)
@click.option("--n", type=click.IntRange(min=10), help="Items per target.  [default: 600]")
@click.option("--seed", type=int, help="Seed of items, samples and folds.  [default: 0]")
@click.option(
    "--sites",
    callback=_split,
    help="Where to read: object, report; each also with :end, :mean, :-N.  [default: object,report]",
)
@click.option("--layers", help="all, every:4, or numbers such as 0,8,16.  [default: all]")
@click.option(
    "--reports",
    callback=_split,
    help=f"Rungs of the ladder of reports: {', '.join(RUNGS)}, or all.  [default: choice,logits,shots4]",
)
@click.option("--paraphrases", type=click.IntRange(1, N_PARAPHRASES), help="Wordings of each rung.  [default: 3]")
@click.option("--framings", callback=_split, help="Reports about: you, typical.  [default: you,typical]")
@click.option("--contexts", callback=_split, help="Reports before, after the act.  [default: before]")
@click.option(
    "--samples", type=click.IntRange(0), help="Replies drawn at temperature 1 where they make the label.  [default: 10]"
)
@click.option(
    "--twins",
    type=click.IntRange(0),
    help="Random-initialised models of the same architecture to read beside it.  [default: 3]",
)
@click.option("--revision", help="Branch, tag or commit on the hub.")
@click.option("--device", help="cpu, cuda, cuda:1, mps.  [default: auto]")
@click.option(
    "--dtype", help="float32, bfloat16, float16; int8, nf4, fp8 hold the weights in fewer bits.  [default: auto]"
)
@click.option("--device-map", help="auto: spread a large model over all devices.")
@click.option("--peft", metavar="ADAPTER", help="LoRA adapter to put on the model: folder or hub id.")
@click.option(
    "--remote", type=click.Choice(["ndif", "local"]), help="Run the model on NDIF; local rehearses that here."
)
@click.option("--trust-remote-code", is_flag=True, default=None, help="Let the model's own Python code run.")
def cache(run, **options):
    """Run the model once per prompt and keep what it computes and what it says.

    RUN names the folder under runs/; without it, `default` for the embedded model, else the model's name. What is there
    already is checked and reused. Options that are left out are read back from the run's settings.
    """
    # torch and transformers take seconds to import, and only this verb needs them.
    from tacit.activations import plan
    from tacit.activations.cache import cache_entries
    from tacit.activations.model.load import fingerprint, load_config, load_subject, load_tokenizer
    from tacit.activations.model.prompts import has_chat_template
    from tacit.activations.plan import item_table, plan_run
    from tacit.activations.random_models import cache_twins

    run = run or (run_name(options["model"]) if options["model"] else DEFAULT_RUN)
    settings = _settings(run, {name: value for name, value in options.items() if value not in (None, {}, ())})
    tokenizer, config = load_tokenizer(settings), load_config(settings)
    if not has_chat_template(tokenizer):
        click.echo(f"{settings.model} has no chat template: it is asked in a plain question-and-answer format")
    model = fingerprint(settings, config)
    terms = dict(tokenizer=tokenizer, config=config, model=model)
    subjects = [*_subjects(settings, tokenizer)]
    elicitations = {subject[0]: _chosen(settings, subject) for subject in subjects}
    entries = plan_run(
        [_primary_ask(subject, elicitations[subject[0]], settings) for subject in subjects], settings, **terms
    )
    for subject in subjects:
        for ask in _further_asks(subject, elicitations[subject[0]]):
            entries += [entry for name in settings.conditions for entry in _fitting(ask, name, settings, terms)]
    items = item_table(entries)
    write_settings(run, settings)
    for name, value in plan.position_correlations(items).items():
        judged = "decoupled, |r| < .05" if abs(value) < 0.05 else "COUPLED: the position gives the count away"
        click.echo(f"token_count: corr(count, {name}) = {value:+.3f} ({judged})")

    def later(store):
        asks = (ask for subject in subjects for ask in _later_asks(store, subject, elicitations[subject[0]], settings))
        return [entry for ask, condition in asks for entry in _fitting(ask, condition, settings, terms)]

    folder = run_folder(run) / "activations"
    load = functools.partial(load_subject, settings, tokenizer)
    ran = cache_entries(folder, entries, items, settings, model, load, click.echo, later)
    ran = cache_twins(folder, entries, items, settings, tokenizer, click.echo, n=settings.twins) or ran
    click.echo(f"\n{'cached' if ran else 'reused'}: every file is there and as it was written\n")
    click.echo(cached_summary(run_folder(run)))


def _settings(run: str, given: dict) -> Settings:
    """What was typed, over what the run was made with, over the defaults."""
    known = read_settings(run)
    base = dataclasses.asdict(known) if known else {}
    if not known and Path(given.get("model", DEFAULT_MODEL)).resolve() == DEFAULT_MODEL.resolve():
        given = {"data": (f"{_embedded()}/items",)} | given | {"model": _embedded()}
    if not known or "data" in given or "targets" in given:
        found = resolve_data(given.get("data", ()), given.get("targets"))
        given = {"conditions": base.get("conditions") or found.conditions or {"plain": ""}} | given
        kept = {
            name: path for name, path in base.get("data", {}).items() if "data" not in given and name in found.targets
        }
        given |= {"targets": found.targets, "data": kept | found.paths}
    return Settings(**(base | given))


def _embedded() -> str:
    """The embedded model's folder, as short as it can be written from here."""
    here = Path.cwd()
    return str(DEFAULT_MODEL.relative_to(here) if DEFAULT_MODEL.is_relative_to(here) else DEFAULT_MODEL)


def _subjects(settings: Settings, tokenizer):
    """(name, target, items) of every target of the run."""
    from tacit.activations.model.prompts import renderer, token_counter

    counter = token_counter(tokenizer, renderer(tokenizer, next(iter(settings.conditions.values()))))
    for name in settings.targets:
        path = settings.data.get(name)
        items, ignored = load_items(name, path, n=settings.n, seed=settings.seed, count_tokens=counter)
        if ignored:
            click.echo(f"{name}: {path} has columns that are not read: {', '.join(ignored)}")
        for line in (*_told(path, items), *_too_few(name, items)):
            click.echo(f"{name}: {line}")
        if path is None and all(item.span for item in items):
            most = max(map(abs, position_correlations(items, counter).values()))
            click.echo(f"{name}: size with start, prompt length and second text, in all units: |corr| <= {most:.3f}")
        yield name, get_target(name, items), items


def _told(path: str | None, items):
    """What became of the rows of a table, and how the options are ordered."""
    if path and Path(path).suffix in ENDINGS:
        yield f"{path}: " + ", ".join(f"{n} rows {what}" for what, n in row_account(path, items).items() if n)
    balance = order_balance(items)
    if balance.n:
        order = ", ".join(f"{option} first in {n}" for option, n in balance.first.items())
        yield f"of {balance.n} prompts that name all their options, {order}"


def _too_few(name: str, items):
    """Says before the model is run what a verdict would say after it: that so few items decide nothing."""
    n, groups = len(items), len(set(components(item_keys(items, share_answers=name == "knowledge"))))
    if n < MIN_ITEMS or groups < MIN_GROUPS:
        yield (
            f"too few for a verdict, which takes {MIN_ITEMS} usable items and {MIN_GROUPS} independent groups of the"
            f" rarer class (here: {n} and at most {groups})"
        )


def _chosen(settings: Settings, subject) -> tuple[Elicitation, ...]:
    """The forms that are asked: of a typical model and after examples in one wording, unless all are wanted."""
    name, target, items = subject
    whole = settings.reports == ("all",)
    # The tables that come with the embedded model word every rung, to be asked for: all of them would double its time.
    shipped = DEFAULT_MODEL.resolve() in Path(settings.data.get(name, "")).resolve().parents
    return select(
        target.forms(items), rungs=RUNGS if whole else settings.reports, framings=settings.framings,
        contexts=settings.contexts, paraphrases=settings.paraphrases, fewer=settings.paraphrases if whole else 1,
        own=set() if shipped else {name for item in items for name, _ in item.reports},
    )  # fmt: skip


def _primary_ask(subject, elicitations, settings: Settings):
    """The act and the primary report, at whose prompts the states are read."""
    from tacit.activations.plan import CONTROL_ROWS, Ask

    name, target, items = subject
    wanted = [
        act(target, items, samples=settings.samples),
        *reports(target, items, elicitations[:1], controls=CONTROL_ROWS),
    ]
    return Ask(name, items_to_frame(items), _questions(wanted))


def _further_asks(subject, elicitations):
    """The other forms that can be asked before the act, each by itself: one more leaves the others alone."""
    from tacit.activations.plan import CONTROL_ROWS, Ask

    name, target, items = subject
    frame = pd.DataFrame({"item_id": [item.item_id for item in items]})
    for elicitation in elicitations[1:]:
        if not elicitation.needs_act:
            wanted = reports(target, items, [elicitation], controls=CONTROL_ROWS)
            yield Ask(name, frame, _questions(wanted), part=elicitation.name.replace("/", "-"))


def _later_asks(store, subject, elicitations, settings: Settings):
    """(ask, condition) of what shows the act or labelled examples, and of the candidate answers."""
    from tacit.activations.plan import CONTROL_ROWS, Ask

    name, target, items = subject
    for condition in (condition for held, condition in store.entries if held == name):
        for wanted in follow_ups(
            store, target, items, elicitations, condition, seed=settings.seed, controls=CONTROL_ROWS
        ):
            frame = pd.DataFrame({"item_id": list(wanted.item_ids)})
            yield Ask(name, frame, _questions(wanted.questions), part=wanted.part), condition


def _fitting(ask, condition: str, settings: Settings, terms: dict):
    """The planned form; one that is longer than the model's context is left out and named: the rest is not lost."""
    from tacit.activations.plan import plan_run

    try:
        return plan_run([ask], settings, only=condition, **terms)
    except ActivationError as error:
        click.echo(f"not asked: {error}")
        return []


def _questions(wanted):
    from tacit.activations.plan import Question

    return tuple(Question(**dataclasses.asdict(each)) for each in wanted)


@main.command()
@click.argument("run", default=DEFAULT_RUN)
@click.option("--again", is_flag=True, help="Probe again although the results are there and fit.")
@click.option("--permutations", default=N_PERMUTATIONS, show_default=True, help="Of the null of the whole pipeline.")
@click.option("--sae", help="Sparse autoencoder to read too: a folder in sae-lens's format, or its RELEASE:ID.")
@click.option(
    "--device", help="Where the layer sweep is fitted: a torch device, such as cuda; numpy on the CPU if left out."
)
def probe(run, again, permutations, sae, device):
    """Decode each target from the residuals, layer by layer, and write runs/RUN/probes.

    Layer, site and penalty are chosen on inner folds; baselines and controls are scored on the same folds and metric.
    """
    folder, settings = run_folder(run), _made_with(run)
    store = open_store(folder / "activations")
    if not again and not sae and up_to_date(folder, store, settings.seed, permutations):
        click.echo(f"reused {folder / 'probes'}: made from these activations. Next: tacit compare {run}")
        return
    further = Further(sae=load_sae(_sae_folder(sae, folder)) if sae else None, notes={"model": settings.model})
    place = None
    if device:
        from tacit.activations.model.device import on_device  # torch takes seconds to import

        place = functools.partial(on_device, device=device)
    with progress(total=n_readings(store), unit=" layers", desc="probe") as bar:
        probe_run(
            store, folder, seed=settings.seed, n_permutations=permutations, further=further, place=place,
            say=_above(bar), progress=bar.update,
        )  # fmt: skip
    click.echo(f"\n{probed_summary(folder)}")


def _sae_folder(name: str, run: Path) -> Path:
    if Path(name).is_dir():
        return Path(name)
    from tacit.activations.model.autoencoders import fetch_sae

    return fetch_sae(name, run / "sae")


@main.command()
@click.argument("run", default=DEFAULT_RUN)
@click.option("--items", default=N_ITEMS, show_default=True, type=click.IntRange(2), help="Items of each target.")
@click.option("--random", default=N_RANDOM, show_default=True, type=click.IntRange(19), help="Rivals of each kind.")
def ablate(run, items, random):
    """Take the probe's direction out of the states and see whether the model goes on differently (level U).

    Needs the model again. Each direction stands against those of probes of shuffled labels, and against others along
    which the states are moved as far.
    """
    from tacit.activations.ablate import Mover
    from tacit.activations.model.load import load_subject, load_tokenizer

    folder, settings = run_folder(run), _made_with(run)
    store, results = open_store(folder / "activations"), read_results(folder)
    mover = Mover(load_subject(settings, load_tokenizer(settings)), store, settings)
    with progress(total=n_ablated(results, items), unit=" prompts", desc="ablate") as bar:
        move = functools.partial(mover.move, tick=bar.update)
        measure_usage(results, store, move, n_items=items, n_random=random, seed=settings.seed, say=_above(bar))
    click.echo(f"\n{folder / 'probes' / 'used.json'}. Next: tacit compare {run}")


@main.command()
@click.argument("run", default=DEFAULT_RUN)
@click.option("--all", "every", is_flag=True, help="Also where the best report says as much as the probe reads.")
@click.option("--epochs", type=click.IntRange(1), help="Rounds over the items, at most.  [default: 30]")
def tune(run, every, epochs):
    """Learn a prompt from the labels that the probe was given, and ask in its words (level A).

    Needs the model again, and gradients through it; its weights stay as they are. What is there already is kept.
    """
    from tacit.activations.model.load import load_subject, load_tokenizer
    from tacit.activations.tune import EPOCHS, Tuner, how_tuned

    folder, settings, epochs = run_folder(run), _made_with(run), epochs or EPOCHS
    store, results = open_store(folder / "activations"), read_results(folder)
    how = {"seed": settings.seed} | how_tuned(epochs)
    parts = to_tune(results, how=how, every=every)
    if not parts:
        click.echo(f"{run}: no probe is shown to be ahead of the best report, or all of these are tuned already")
        click.echo(f"To tune the others too: tacit tune {run} --all")
        return
    tuner = Tuner(load_subject(settings, load_tokenizer(settings)), store, settings, epochs=epochs)
    most = n_tuned(parts, epochs=epochs)
    with progress(total=most, unit=" items", desc="tune (at most)") as bar:

        def learn(*asked, **terms):
            try:
                return tuner.tune(*asked, **terms, tick=bar.update)
            except ActivationError as error:  # the others are not lost for it
                _above(bar)(str(error))
                return None

        found = measure_tuned(results, store, learn, how=how, every=every, say=_above(bar))
    click.echo(f"\n{folder / 'probes' / 'tuned.json'}. Next: tacit compare {run}" if found else "\nnothing was tuned")


@main.command()
@click.argument("runs", nargs=-1)
@click.option("--why", is_flag=True, help="Print the reasons of every verdict, not only of those that decide nothing.")
def compare(runs, why):
    """Put what the model knows beside what it says: verdicts, tables and figures in runs/RUN/figures.

    Several runs are compared together: Holm's procedure runs over all their gaps, and each run's reports and probes
    predict the other runs' truth as well.
    """
    runs = runs or (DEFAULT_RUN,)
    if len(set(runs)) < len(runs):
        raise click.UsageError(f"{', '.join(runs)}: a run is given twice, and would count twice among the gaps")
    folders = {run: run_folder(run) for run in runs}
    for run in folders:
        _made_with(run)
    outs = [folder / "figures" / "verdicts.json" for folder in folders.values()]
    matrix = _cross(folders)
    peers = None if matrix is None else [peers_of(matrix, run) for run in folders]
    found = dict(zip(folders, compare_runs(list(folders.values()), outs=outs, peers=peers), strict=True))
    for run, folder in folders.items():
        draw_run(folder, found[run])
        click.echo(summary(found[run], width=_width(), why=why))
        click.echo(f"\n{files(folder)}" + ("" if why else f" Reasons: tacit show {run} --why"))
    if len(folders) > 1:
        pages = draw_models(found, folders[runs[0]] / "figures" / "models")
        click.echo(f"{len(pages)} figures of all {len(folders)} runs: {pages[0].parent}/")


def _cross(folders):
    """Each run's reports and states against the others' truth: matrix.csv in every run that has items in common with
    another, and in no other."""
    if len(folders) < 2:
        for folder in folders.values():
            (folder / "figures" / "matrix.csv").unlink(missing_ok=True)
        return None
    stores = {run: open_store(folder / "activations") for run, folder in folders.items()}
    table = cross_matrix(folders, stores=stores, say=click.echo)
    apart = table[table["predictor"] != table["target_run"]]
    for run, folder in folders.items():
        path = folder / "figures" / "matrix.csv"
        if run in {*apart["predictor"], *apart["target_run"]}:
            write_atomic(path, lambda path: table.to_csv(path, index=False))
        else:
            path.unlink(missing_ok=True)
    return table


def _width() -> int:
    return min(100, max(80, shutil.get_terminal_size().columns))


@main.command()
@click.argument("run", default=DEFAULT_RUN)
@click.option("--why", is_flag=True, help="Print the reasons of every verdict.")
@click.option("--json", "machine", is_flag=True, help="Print verdicts and files as JSON, for programs.")
def show(run, why, machine):
    """Print the verdicts of RUN again, and where its pages are."""
    folder = run_folder(run)
    _made_with(run)
    click.echo(as_json(folder) if machine else shown(folder, width=_width(), why=why))


@main.command()
@click.argument("run", default=DEFAULT_RUN)
def info(run):
    """Show what the activations of RUN hold: model, items, sites, layers, bytes, versions."""
    click.echo(describe(_store_of(run)))


@main.command()
@click.argument("run", default=DEFAULT_RUN)
@click.pass_context
def verify(ctx, run):
    """Check every file of RUN's activations against its checksum; exit code 1 if anything is amiss."""
    store = _store_of(run)
    found = [fault for each in (store, *store.twins) for fault in faults(each)]
    for fault in found:
        click.echo(fault)
    if found:
        click.echo(f"{len(found)} to mend. What is damaged is cached again, alone, by: tacit cache {run}")
        ctx.exit(1)
    click.echo(f"{store.path}: every file is as it was written")


def _store_of(run: str):
    """The activations of a run; one that is not there at all is named with those that are."""
    folder = run_folder(run) / "activations"
    if not folder.is_dir():
        _made_with(run)
    return open_store(folder)


def _made_with(run: str) -> Settings:
    settings = read_settings(run)
    if settings is None:
        there = ", ".join(sorted(path.parent.name for path in run_folder(run).parent.glob("*/settings.json"))) or "none"
        raise ActivationError(
            f"there is no run {run!r} (runs/{run}/settings.json; runs that are there: {there}). Run: make cache"
            f" MODEL=… RUN={run}"
        )
    return settings


def _above(bar):
    """Lines that come while a progress bar stands go above it; a log has no bar to be cleared."""
    return bar.write if sys.stderr.isatty() else click.echo


if __name__ == "__main__":
    main()
