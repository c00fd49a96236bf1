"""`tacit info`: what a run's activations hold."""

from __future__ import annotations

import click

from tacit.cli.options import run_argument


@click.command()
@run_argument
def info(run):
    """Show what the activations of RUN hold: model, items, sites, layers, bytes, versions."""
    from tacit.activations.store.verify import describe
    from tacit.run import open_run

    click.echo(describe(open_run(run).store))
