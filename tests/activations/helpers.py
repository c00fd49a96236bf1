"""A loaded tiny model, and a small ask, for the tests of this room."""

from __future__ import annotations

import functools

import pandas as pd

from tacit.activations import plan
from tacit.activations.model.capture import plain_batch, residuals
from tacit.activations.model.load import Subject, fingerprint, load_config, load_subject, load_tokenizer
from tacit.activations.plan import Ask, item_table, plan_run
from tacit.settings import Settings
from tacit.targets.elicitations import PRIMARY
from tacit.targets.questions import Question

MESSAGES = [
    "Where was Ada born?",
    "How many tokens are there between the brackets? [ Ada was born in London ]",
    "now",
    "Do you know it, yes or no?",
]


def settings_for(folder, **changes) -> Settings:
    """Settings of a run on a local folder, under one plain condition."""
    return Settings(
        **({"model": str(folder), "targets": ("knowledge",), "conditions": {"plain": ""}, "data": {}} | changes)
    )


def fresh_subject_for(folder, **changes) -> Subject:
    """The model in `folder`, loaded as the tool loads it; for tests that change it."""
    settings = settings_for(folder, **changes)
    return load_subject(settings, load_tokenizer(settings))


@functools.cache
def subject_for(folder, **changes) -> Subject:
    """The same, loaded once per session; for tests that only read it."""
    return fresh_subject_for(folder, **changes)


def last_states(subject: Subject, prompts):
    """`(n_layers, n_prompts, d_model)`: the last token of whole prompts, the plain way."""
    batch = plain_batch(subject, [p.ids for p in prompts], [[(len(p.ids) - 1, len(p.ids))] for p in prompts])
    return residuals(subject, batch, range(subject.n_layers))[:, :, 0]


def ask_for(n: int) -> Ask:
    """`n` yes/no questions whose prompts differ in length."""
    names = [f"Ada {'Lovelace ' * (i % 5)}{i}" for i in range(n)]
    items = pd.DataFrame({
        "item_id": [f"q{i}" for i in range(n)], "object_prompt": [f"Where was {name} born?" for name in names],
        "report_prompt": [f"Do you know where {name} was born? Answer yes or no." for name in names], "span": names,
        "control_prompt": [f"The right answer to the next question is yes. Do you know {name}?" for name in names],
    })  # fmt: skip
    return Ask("knowledge", items, questions(items))


def questions(items: pd.DataFrame, answers=("no", "yes"), object_tokens=4, report_tokens=3) -> tuple[Question, ...]:
    """Act, report and positive control, as the tool asks them."""
    controls = items["control_prompt"].head(plan.CONTROL_ROWS)
    return (
        Question("object", list(items["object_prompt"]), tokens=object_tokens),
        Question("report", list(items["report_prompt"]), answers, report_tokens, elicitation=PRIMARY.name),
        Question("control", list(controls), answers, report_tokens, elicitation=PRIMARY.name),
    )


def planned(folder, n: int, **changes):
    """(entries, items, settings, fingerprint) of a run of `n` items."""
    settings = settings_for(folder, **changes)
    tokenizer, config = load_tokenizer(settings), load_config(settings)
    model = fingerprint(settings, config)
    entries = plan_run([ask_for(n)], settings, tokenizer=tokenizer, config=config, model=model)
    return entries, item_table(entries), settings, model
