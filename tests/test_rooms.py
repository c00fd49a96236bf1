"""The walls of the house: which room imports what, and whose package names these are."""

from __future__ import annotations

import ast
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
HEAVY = {"torch", "transformers", "nnsight"}
ROOMS = {"activations", "probes", "figures", "organisms", "tacit"}
MAY_IMPORT = {
    "activations": set(),
    "probes": set(),
    "figures": set(),
    "organisms": set(),
    "tacit.py": {"activations", "probes", "figures"},
}


def _imports(path: Path) -> set[str]:
    """Top-level names of everything that a file imports, wherever in it."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and not node.level:
            found.add(node.module.split(".")[0])
    return found


def _files(room: str) -> list[Path]:
    return [ROOT / room] if room.endswith(".py") else sorted((ROOT / room).rglob("*.py"))


@pytest.mark.parametrize("room", MAY_IMPORT)
def test_a_room_imports_only_what_comes_before_it(room):
    for path in _files(room):
        others = (_imports(path) & ROOMS) - {room} - MAY_IMPORT[room]
        assert not others, f"{path.relative_to(ROOT)} imports {others}"


@pytest.mark.parametrize("room", ["probes", "figures", "tacit.py"])
def test_only_the_rooms_that_run_models_import_torch(room):
    for path in _files(room):
        assert not _imports(path) & HEAVY, path


@pytest.mark.parametrize("name", ["activations", "probes", "figures", "organisms"])
def test_nothing_else_that_is_installed_provides_these_generic_package_names(name):
    assert set(packages_distributions().get(name, ["tacit"])) == {"tacit"}


def test_importing_the_store_brings_in_no_torch():
    import subprocess
    import sys

    code = "import sys, activations, probes, figures; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False).returncode == 0
