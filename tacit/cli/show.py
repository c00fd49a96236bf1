"""`tacit show`: a run's verdicts again."""

from __future__ import annotations

import click

from tacit.cli.options import run_argument, why_option, width


@click.command()
@run_argument
@why_option
@click.option("--json", "machine", is_flag=True, help="Print verdicts and files as JSON, for programs.")
def show(run, why, machine):
    """Print the verdicts of RUN again, and where its pages are."""
    from tacit.figures import as_json, shown
    from tacit.run import open_run

    folder = open_run(run).path
    click.echo(as_json(folder) if machine else shown(folder, width=width(), why=why))
