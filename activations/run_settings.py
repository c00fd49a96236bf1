"""Which settings a run has: what was given, over what the run was made with, over the defaults. Imports no torch."""

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
    """The settings of a run; `given` holds fields of `Settings` by name, without those that were left open.

    Raises TargetError where no target can be told from the data, ActivationError for unreadable settings.
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
    """Targets, their tables and the conditions; a run keeps its tables when only its targets are chosen again."""
    found = resolve_data(given.get("data", ()), given.get("targets"))
    kept = {name: path for name, path in base.get("data", {}).items() if "data" not in given and name in found.targets}
    return {
        "targets": found.targets,
        "data": kept | found.paths,
        "conditions": given.get("conditions") or base.get("conditions") or found.conditions or {"plain": ""},
    }


def _shortest(folder: Path) -> str:
    """A folder's name as short as it can be written from here."""
    here = Path.cwd()
    return str(folder.relative_to(here) if folder.is_relative_to(here) else folder)
