"""`tacit tune`: can the model say it after a soft prompt?"""

from __future__ import annotations

import click

from tacit import verbs
from tacit.cli.options import code_option, run_argument, trust_option


@click.command()
@run_argument
@click.option("--all", "every", is_flag=True, help="Also tune where no gap was found.")
@click.option("--epochs", type=click.IntRange(1), help="Passes over the items, at most.  [default: 30]")
@click.option(
    "--control/--no-control",
    default=True,
    help="Also train on permuted labels, to measure what training alone achieves.",
)
@code_option
@trust_option
def tune(run, **options):
    """Train a soft prompt on the probe's labels and score its answers (level A).

    Needs the model again, and gradients through it; its weights do not change. Finished targets are kept.
    """
    made = verbs.tune(run, say=click.echo, **options)
    tuned = made.path / "probes" / "tuned.json"
    click.echo(f"\n{tuned}. Next: tacit compare {made.name}" if tuned.is_file() else "\nnothing was tuned")
