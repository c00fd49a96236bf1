"""`tacit plan`: what a run would cost."""

from __future__ import annotations

import json

import click

from tacit import verbs
from tacit.cli.settings_options import settings_options


@click.command()
@settings_options
@click.option("--json", "machine", is_flag=True, help="Print the estimate as JSON, for programs.")
def plan(run, machine, **options):
    """Print what `tacit cache` with the same options would ask, compute and write, and how long that takes.

    Only the model's config and tokenizer are read, and nothing is written. Everything that the run asks is counted,
    whatever is cached already.
    """
    found = verbs.plan(run, say=verbs.silent if machine else click.echo, **options)
    if machine:
        from tacit.files import plain

        click.echo(json.dumps(plain(found), indent=1, ensure_ascii=False, allow_nan=False))
    else:
        from tacit.figures import cost_summary

        click.echo(f"\n{cost_summary(found)}")
