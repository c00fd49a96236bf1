"""The settings of a run: given ones first, then those the run was made with, then defaults. Imports no torch."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path
from typing import Any

from tacit.settings import Settings, read_settings
from tacit.targets.resolve import resolve_data

DEFAULT_MODEL = Path(str(files("tacit.organisms"))) / "lock"
"""The embedded model, whose gap is known by construction."""


def chosen_settings(run: str, given: Mapping[str, Any]) -> Settings:
    """The settings of a run; `given` holds the fields of `Settings` that were given, by name.

    Raises TargetError where the data do not determine a target, ActivationError for unreadable settings.
    """
    given, known = dict(given), read_settings(run)
    base = dataclasses.asdict(known) if known else {}
    if not known and Path(given.get("model", DEFAULT_MODEL)).resolve() == DEFAULT_MODEL.resolve():
        given = {"data": (f"{_shortest(DEFAULT_MODEL)}/items",)} | given | {"model": _shortest(DEFAULT_MODEL)}
    if not known or "data" in given or "targets" in given:
        given |= _resolved(given, base)
    return Settings(**(base | given))


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
