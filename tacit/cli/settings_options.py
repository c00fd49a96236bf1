"""The options that choose a run's settings: `tacit cache` writes them, and `tacit plan` only counts what they cost."""

from __future__ import annotations

from collections.abc import Callable

import click

from tacit.cli.options import chosen_from, code_option, conditions, day, split, template_args, trust_option
from tacit.names import DEFAULT_TARGETS
from tacit.targets.elicitations import CONTEXTS, FRAMINGS, N_PARAPHRASES, RUNGS

OPTIONS = (
    click.argument("run", required=False),
    click.option("--model", help="Hub id, folder in transformers format, or GGUF file.  [default: the embedded model]"),
    click.option(
        "--targets",
        callback=split,
        help=f"Comma-separated: {', '.join(DEFAULT_TARGETS)}.  [default: all that --data has items for]",
    ),
    click.option(
        "--data",
        multiple=True,
        metavar="[TARGET=]PATH",
        help="Your own table (CSV, JSONL, JSON, Parquet), a folder with one <target>.csv per target, a Python file "
        "that defines a target, or behavior=PROPERTY. Several properties: behavior=PATH:PROPERTY,PROPERTY. Repeatable.",
    ),
    click.option(
        "--condition",
        "conditions",
        multiple=True,
        metavar="NAME=TEXT",
        callback=conditions,
        help="A named system prompt; repeat it to compare several.  [default: plain=]",
    ),
    click.option("--n", type=click.IntRange(min=10), help="Items per target.  [default: 600]"),
    click.option("--seed", type=click.IntRange(min=0), help="Seed of items, samples and folds.  [default: 0]"),
    click.option(
        "--sites",
        callback=split,
        help="Where to read states: object (last token of the prompt on which the model acts), report (last token of "
        "the prompt that asks it about itself); with :end or :mean, the last token or the mean of the item's text; "
        "with :-N, the Nth token from its end.  [default: object,report]",
    ),
    click.option("--layers", help="all, every:4, or numbers such as 0,8,16.  [default: all]"),
    click.option(
        "--reports",
        callback=chosen_from(RUNGS, also=("all",)),
        help=f"Forms of report: {', '.join(RUNGS)}, or all. logits reads log-probabilities of the answers; shots4 and "
        "shots16 show labelled examples first; reason asks for reasoning first; prefill begins the reply with "
        '"Answer:".  [default: choice,logits,shots4]',
    ),
    click.option("--paraphrases", type=click.IntRange(1, N_PARAPHRASES), help="Wordings of each form.  [default: 3]"),
    click.option(
        "--framings",
        callback=chosen_from(FRAMINGS),
        help="Whom to ask about: you, typical (a typical model).  [default: both]",
    ),
    click.option(
        "--contexts",
        callback=chosen_from(CONTEXTS),
        help="When to ask for reports: before or after the act.  [default: before]",
    ),
    click.option(
        "--samples",
        type=click.IntRange(0),
        help="Replies sampled at temperature 1, for targets that are labelled from the reply.  [default: 10]",
    ),
    click.option("--twins", type=click.IntRange(0), help="Random-initialised models as a baseline.  [default: 3]"),
    click.option("--revision", help="Branch, tag or commit on the hub."),
    click.option("--device", help="cpu, cuda, cuda:1, mps.  [default: auto]"),
    click.option("--dtype", help="float32, bfloat16, float16; int8, nf4, fp8 quantize the weights.  [default: auto]"),
    click.option("--device-map", help="auto: spread a large model over all devices."),
    click.option("--peft", metavar="ADAPTER", help="LoRA adapter to load on top of the model: folder or hub id."),
    click.option("--template", metavar="NAME", help="Which chat template, for a model with several."),
    click.option(
        "--template-arg",
        "template_args",
        multiple=True,
        metavar="NAME=VALUE",
        callback=template_args,
        help="A variable of the chat template, such as enable_thinking=false. Repeatable.",
    ),
    click.option(
        "--thinking-tokens",
        type=click.IntRange(min=1),
        help="Maximum of thinking tokens before an answer, for a model that thinks first.  [default: 1024]",
    ),
    click.option(
        "--date",
        metavar="YYYY-MM-DD",
        callback=day,
        help="Today's date, for templates that state it.  [default: 2025-01-01]",
    ),
    click.option("--remote", type=click.Choice(["ndif", "local"]), help="Run on NDIF; local simulates NDIF here."),
    trust_option,
    code_option,
)


def settings_options(command: Callable) -> Callable:
    """RUN and all options of a run's settings, in the order in which help prints them."""
    for option in reversed(OPTIONS):
        command = option(command)
    return command
