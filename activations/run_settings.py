"""The settings of a run: given ones first, then those the run was made with, then defaults. Imports no torch."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path
from typing import Any

from tacit.errors import ActivationError
from tacit.settings import Settings, one_name, read_settings
from tacit.targets.resolve import resolve_data

DEFAULT_MODEL = Path(str(files("tacit.organisms"))) / "lock"
"""The embedded model, whose gap is known by construction."""


def chosen_settings(run: str, given: Mapping[str, Any]) -> Settings:
    """The settings of a run; `given` holds the fields of `Settings` that were given, by name.

    Raises TargetError where the data do not determine a target, ActivationError for unreadable settings, and for a run
    with the model's own Python code where `given` does not allow it.
    """
    given, known = dict(given), read_settings(run)
    given |= {name: one_name(given[name]) for name in ("model", "peft") if name in given}
    if known:
        check_trust(run, known, given.get("trust_remote_code"))
    base = dataclasses.asdict(known) if known else {}
    if not known and Path(given.get("model", DEFAULT_MODEL)).resolve() == DEFAULT_MODEL.resolve():
        given = {"data": (f"{_shortest(DEFAULT_MODEL)}/items",)} | given | {"model": _shortest(DEFAULT_MODEL)}
    if not known or "data" in given or "targets" in given:
        given |= _resolved(given, base)
    return Settings(**(base | given))


def check_trust(run: str, settings: Settings, trust_remote_code: bool | None) -> None:
    """Raise ActivationError for a run with the model's own Python code if this command does not allow it.

    What the run's settings say is not enough, since the run may come from somebody else.
    """
    if settings.trust_remote_code and not trust_remote_code:
        raise ActivationError(
            f"runs/{run} was made with the model's own Python code ({settings.model}), which could do anything on this"
            " machine and runs only if the command says so. If you trust it, add: --trust-remote-code"
        )


def is_shipped(path: str) -> bool:
    """Whether a table is one of those that come with the embedded model."""
    return DEFAULT_MODEL.resolve() in Path(path).resolve().parents


def _resolved(given: dict[str, Any], base: dict[str, Any]) -> dict[str, Any]:
    """Targets, their tables and the conditions; a run keeps its tables when only its targets are changed."""
    found = resolve_data(given.get("data", ()), given.get("targets"))
    kept = {name: path for name, path in base.get("data", {}).items() if "data" not in given and name in found.targets}
    return {
        "targets": found.targets,
        "data": kept | found.paths,
        "conditions": given.get("conditions") or base.get("conditions") or found.conditions or {"plain": ""},
    }


def _shortest(folder: Path) -> str:
    """The folder's path, relative to the working directory where possible."""
    here = Path.cwd()
    return str(folder.relative_to(here) if folder.is_relative_to(here) else folder)
