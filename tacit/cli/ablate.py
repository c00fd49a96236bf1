"""`tacit ablate`: does the model use what the probe reads?"""

from __future__ import annotations

import click

from tacit import verbs
from tacit.cli.options import run_argument, trust_option


@click.command()
@run_argument
@click.option("--items", type=click.IntRange(2), help="Items of each target.  [default: 64]")
@click.option(
    "--random", type=click.IntRange(19), help="Control directions of each kind.  [default: 40 per verdict, at least 99]"
)
@trust_option
def ablate(run, **options):
    """Ablate the probe direction and test whether the next-token distribution changes (level U).

    Needs the model again. Controls: directions of label-shuffled probes, and random directions matched in norm.
    """
    made = verbs.ablate(run, say=click.echo, **options)
    click.echo(f"\n{made.path / 'probes' / 'used.json'}. Next: tacit compare {made.name}")
