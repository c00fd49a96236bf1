"""The walls of the house: which room imports what, what a wheel holds, and that a front door is enough."""

from __future__ import annotations

import ast
import graphlib
import subprocess
import sys
from pathlib import Path

import pytest
from setuptools.config.setupcfg import read_configuration

ROOT = Path(__file__).parents[1]
HEAVY = {"torch", "transformers", "nnsight", "peft", "accelerate", "vllm", "ray"}
ROOMS = ("targets", "activations", "probes", "figures", "organisms", "validation", "benchmarks")
SHARED = {"errors", "files", "names", "settings", "seeds", "progress", "thresholds"}
MAY_IMPORT = {
    "shared": set(),
    "targets": {"shared"},
    "activations": {"shared", "targets"},
    "probes": {"shared", "targets"},
    "figures": {"shared", "targets", "probes"},
    "organisms": set(),
    "validation": {"shared", "targets", "probes", "figures"},
    "benchmarks": {"shared", "targets", "activations", "probes"},
}
LARGEST_ROOM = 10
LARGEST_SUBROOM = 14


def _module(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    parts = parts if parts[0] == "tacit" else ("tacit", *parts)
    return ".".join(parts).removesuffix(".__init__")


MODULES = {_module(path): path for room in ("tacit", *ROOMS) for path in sorted((ROOT / room).rglob("*.py"))}


def _imports(path: Path) -> set[str]:
    """Everything that a file imports, wherever in it, by its full name."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, f"{path}: imports are absolute"
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
    return {
        name if name in MODULES else name.rpartition(".")[0] if name.startswith("tacit") else name for name in found
    }


def _room(module: str) -> str:
    head = module.split(".")[1] if "." in module else ""
    return head if head in ROOMS else "shared" if head in SHARED else "front"


@pytest.mark.parametrize("room", MAY_IMPORT)
def test_a_room_imports_only_what_comes_before_it(room):
    for module, path in MODULES.items():
        if _room(module) == room:
            others = (
                {_room(name) for name in _imports(path) if name.split(".")[0] == "tacit"} - {room} - MAY_IMPORT[room]
            )
            assert not others, f"{path.relative_to(ROOT)} imports {others}"


def test_no_module_imports_itself_by_a_detour():
    graph = {module: _imports(path) & set(MODULES) - {module} for module, path in MODULES.items()}
    order = tuple(graphlib.TopologicalSorter(graph).static_order())  # raises CycleError, which names the cycle
    assert set(order) == set(MODULES)


def test_only_the_rooms_that_run_models_import_torch():
    for module, path in MODULES.items():
        if _room(module) not in ("activations", "organisms", "benchmarks"):
            assert not {name.split(".")[0] for name in _imports(path)} & HEAVY, path


@pytest.mark.parametrize("folder", sorted({path.parent for path in MODULES.values()}), ids=lambda path: path.name)
def test_no_room_is_crowded(folder):
    files = [path for path in folder.glob("*.py") if not path.name.startswith("__")]
    most = LARGEST_ROOM if folder.parent == ROOT and folder.name != "organisms" else LARGEST_SUBROOM
    assert len(files) <= most, [path.name for path in files]


def test_setup_names_every_package():
    named = set(read_configuration(ROOT / "setup.cfg")["options"]["packages"])
    assert named == {_module(path) for path in MODULES.values() if path.name == "__init__.py"}


def test_importing_the_rooms_brings_in_no_torch():
    code = "import sys, tacit, tacit.activations, tacit.probes, tacit.figures; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
