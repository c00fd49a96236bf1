"""`tacit clean`: remove what a run no longer asks for."""

from __future__ import annotations

import click

from tacit.cli.options import run_argument


@click.command()
@run_argument
def clean(run):
    """Remove replies and activations of prompts that RUN no longer asks, such as a form of report since left out."""
    from tacit.activations.store.other_runs import clean as remove
    from tacit.run import open_run
    from tacit.writing import check_writable

    store = open_run(run).store
    check_writable(store.path)
    found = [remove(each.path) for each in (store, *store.twins)]
    entries, size = (sum(pair[side] for pair in found) for side in (0, 1))
    click.echo(f"{store.path}: {entries} sets of prompts removed, {size / 1e6:,.1f} MB of activations")
