"""`tacit compare`: scores and replies → verdicts, tables, figures."""

from __future__ import annotations

import click

from tacit import verbs
from tacit.cli.options import why_option, width


@click.command()
@click.argument("runs", nargs=-1)
@click.option(
    "--labels", metavar="FILE.csv", help="Corrected labels for one run (target, item_id, label; optionally condition)."
)
@why_option
def compare(runs, labels, why):
    """Compare probe and report: verdicts in runs/RUN/verdicts, tables and figures in runs/RUN/figures.

    Several runs are compared together: p-values are adjusted over all their gaps (Holm), and each run's reports and
    probes are also scored on the other runs' labels. verdicts/audit.csv lists items whose label should be checked;
    edit its column label and give the file to --labels.
    """
    compared = verbs.compare(*runs, labels=labels, say=click.echo)
    from tacit.figures import files, read_verdicts, summary

    for run in compared:
        click.echo(summary(read_verdicts(run.path), width=width(), why=why))
        click.echo(f"\n{files(run.path)}" + ("" if why else f" Reasons: tacit show {run.name} --why"))
