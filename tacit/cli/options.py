"""Options that several verbs share, and how their values are read."""

from __future__ import annotations

import shutil
from datetime import date
from json import loads

import click

from tacit.verbs import DEFAULT_RUN

run_argument = click.argument("run", default=DEFAULT_RUN)
"""RUN, the name of a folder under runs/."""

why_option = click.option("--why", is_flag=True, help="Print the reasons for every verdict.")


code_option = click.option(
    "--code",
    multiple=True,
    metavar="FILE.py",
    type=click.Path(exists=True, dir_okay=False),
    help="Python file that may run, if the table or run names it as a target or property. Repeatable.",
)

trust_option = click.option(
    "--trust-remote-code", is_flag=True, default=None, help="Let the model's own Python code run."
)


def split(_ctx, _param, value: str | None) -> tuple[str, ...] | None:
    """`a, b` as ("a", "b"); refuses an empty name."""
    if value is None:
        return None
    parts = tuple(part.strip() for part in value.split(","))
    if not all(parts):
        raise click.BadParameter(f"{value!r} has an empty name; separate names by single commas")
    return parts


def chosen_from(choices: tuple[str, ...], *, also: tuple[str, ...] = ()):
    """A callback for a comma-separated choice; the error for an unknown name lists the known ones."""

    def check(ctx, param, value: str | None) -> tuple[str, ...] | None:
        parts = split(ctx, param, value)
        if unknown := [part for part in parts or () if part not in (*choices, *also)]:
            raise click.BadParameter(f"{', '.join(map(repr, unknown))}: choose from {', '.join((*choices, *also))}")
        return parts

    return check


def conditions(_ctx, _param, values: tuple[str, ...]) -> dict[str, str]:
    """`name=system prompt` pairs; refuses a name without a prompt, and a name that is given twice."""
    for value in values:
        if "=" not in value:
            raise click.BadParameter(f'{value!r}: expected NAME="system prompt", e.g. --condition honest="Be honest."')
    names = [value.split("=", 1)[0] for value in values]
    if twice := {name for name in names if names.count(name) > 1}:
        raise click.BadParameter(f"{', '.join(twice)} is given twice; give each condition a name of its own")
    return dict(value.split("=", 1) for value in values)


def template_args(_ctx, _param, values: tuple[str, ...]) -> dict[str, object]:
    """`name=value` pairs, each value read as JSON (`false`, `3`, `"text"`) or else as the text that it is."""
    found: dict[str, object] = {}
    for value in values:
        name, equals, text = value.partition("=")
        if not equals or not name.isidentifier():
            raise click.BadParameter(f"{value!r}: expected NAME=VALUE, e.g. --template-arg enable_thinking=false")
        if name in found:
            raise click.BadParameter(f"{name} is given twice")
        found[name] = _typed(text)
    return found


def day(_ctx, _param, value: str | None) -> str | None:
    """A date in ISO form."""
    try:
        return value and date.fromisoformat(value).isoformat()
    except ValueError as error:
        raise click.BadParameter(f"{value!r}: expected a date such as 2025-01-31") from error


def _typed(text: str) -> object:
    try:
        return {"True": True, "False": False, "None": None}[text] if text in ("True", "False", "None") else loads(text)
    except ValueError:
        return text


def width() -> int:
    """Columns to print in: those of the terminal, between 80 and 100."""
    return min(100, max(80, shutil.get_terminal_size().columns))
