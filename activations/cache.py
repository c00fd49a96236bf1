"""The verb `cache`: settings → items and prompts → the model → `runs/RUN/activations`.

In: a run's name, its settings, and a function that plans the prompts that depend on the model's replies (few-shot
examples need its labels). Out: a complete store. `planning` has the prompts; `write_shards` runs the model.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence

import pandas as pd

from tacit.activations.model.load import LoadModel
from tacit.activations.plan import item_table, position_couplings
from tacit.activations.planning.run_plan import CountLabels, FollowUps, RunPlan
from tacit.activations.planning.subjects import Say
from tacit.activations.random_models import cache_twins
from tacit.activations.workers.processes import Crew, Workers
from tacit.activations.write_shards import cache_entries
from tacit.settings import Settings, check_unchanged, run_folder, write_settings


def cache_run(
    run: str, settings: Settings, *, follow_ups: FollowUps, count_labels: CountLabels, say: Say,
    keep_one_class: bool = False, workers: int | None = None,
) -> bool:  # fmt: skip
    """Cache whatever is missing or damaged in a run; returns whether the model had to run at all.

    workers: processes that share the work; None for as many as pay. The numbers do not depend on it.

    The model acts first: its labels are counted before any report is asked. A target with one class is left out under
    that condition, unless `keep_one_class`; if there is no other target, ActivationError is raised.

    Raises ActivationError and TargetError for settings, tables and models that cannot be used; in these cases nothing
    is written. Whatever was cached before an error or an interruption is kept.
    """
    plan = RunPlan(settings, say)
    entries = plan.in_advance()
    items = item_table(entries)
    settings = plan.settings
    check_unchanged(run, settings)
    _say_correlations(items, settings.sites, say)
    folder = run_folder(run) / "activations"

    def load():
        subject = plan.load()
        write_settings(run, settings)  # a model that cannot be loaded leaves the run's name free
        return subject

    screen = functools.partial(plan.one_class, items, count_labels=count_labels, keep=keep_one_class)
    later = functools.partial(plan.after_acting, follow_ups=follow_ups)
    with Crew(workers) as crew:
        own = Workers(crew, LoadModel(settings))
        terms = {"later": later, "screen": screen, "workers": own}
        ran = cache_entries(folder, entries, items, settings, plan.model, load, say, **terms)
        write_settings(run, settings)
        kept = [entry for entry in entries if (entry.ask.target, entry.condition) not in plan.left_out]
        twins = cache_twins(folder, kept, items, settings, plan.tokenizer, say, n=settings.twins, crew=crew)
    return twins or ran


def _say_correlations(items: pd.DataFrame, sites: Sequence[str], say: Say) -> None:
    for target, couplings in position_couplings(items, sites).items():
        for each in couplings:
            say(f"{target}: {each.words}")
