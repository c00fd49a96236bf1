"""`tacit probe`: activations → scores."""

from __future__ import annotations

import click

from tacit import verbs
from tacit.cli.options import code_option, run_argument
from tacit.thresholds import MIN_PERMUTATIONS


@click.command()
@run_argument
@click.option("--again", is_flag=True, help="Recompute even if results are up to date.")
@click.option(
    "--permutations",
    default=MIN_PERMUTATIONS,
    show_default=True,
    type=click.IntRange(0),
    help="Number of label permutations for the null.",
)
@click.option("--sae", help="Sparse autoencoder to read too: a folder in sae-lens's format, or its RELEASE:ID.")
@click.option("--device", help="Device for fitting the probes, such as cuda.  [default: NumPy on the CPU]")
@click.option(
    "--hold-out", type=click.Choice(["source"]), help="Hold out whole sources (tasks), not only groups of items."
)
@code_option
def probe(run, **options):
    """Decode each target from the activations, layer by layer, and write runs/RUN/probes.

    Layer, site and penalty are chosen on inner folds; baselines and controls are scored on the same folds and metric.
    """
    made = verbs.probe(run, say=click.echo, **options)
    from tacit.figures import probed_summary

    click.echo(f"\n{probed_summary(made.path)}")
