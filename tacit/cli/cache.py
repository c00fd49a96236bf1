"""`tacit cache`: model → activations and replies."""

from __future__ import annotations

import click

from tacit import verbs
from tacit.cli.settings_options import settings_options


@click.command()
@settings_options
@click.option(
    "--workers",
    type=click.IntRange(min=1),
    help="Processes that share the work on the CPU.  [default: as many as make a small model faster]",
)
@click.option(
    "--keep-one-class", is_flag=True, help="Ask for reports on a target even if all its items have the same label."
)
def cache(run, **options):
    """Run the model once per prompt; keep its activations and replies.

    RUN names the folder under runs/; by default it is `default` for the embedded model, else the model's name. Existing
    files are checked and reused. Options that are left out are read back from the run's settings.
    """
    made = verbs.cache(run, say=click.echo, **options)
    from tacit.figures import cached_summary

    click.echo(cached_summary(made.path))
