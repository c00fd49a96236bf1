"""`tacit verify`: a run's files against their checksums."""

from __future__ import annotations

import click

from tacit.cli.options import run_argument


@click.command()
@run_argument
@click.pass_context
def verify(ctx, run):
    """Check every file of RUN's activations against its checksum; the exit code is 1 if anything is wrong."""
    from tacit.activations.store.verify import faults
    from tacit.run import open_run

    store = open_run(run).store
    found = [fault for each in (store, *store.twins) for fault in faults(each)]
    for fault in found:
        click.echo(fault)
    if found:
        problems = "1 problem" if len(found) == 1 else f"{len(found)} problems"
        click.echo(f"{problems} found. Re-cache only the damaged files with: tacit cache {run}")
        ctx.exit(1)
    click.echo(f"{store.path}: all files are present, and their checksums match")
