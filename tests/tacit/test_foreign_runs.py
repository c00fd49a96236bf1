"""A run or a table from somebody else runs no code unless the command itself names it."""

from __future__ import annotations

import json
import shutil
import sys

import pandas as pd
import pytest
from joblib.externals.loky import get_reusable_executor

from tacit.files import sha256_of
from tacit.settings import Settings, write_settings
from tests.tacit.test_cli import here, refused, run  # noqa: F401

TABLE = "question,group,property\n" + "".join(f"Name {i} things.,g{i},PROPERTY\n" for i in range(40))
MARKER = """
from pathlib import Path

Path("IMPORTED").touch()


def commas(reply: str) -> int:
    \"\"\"the number of commas\"\"\"
    return reply.count(",")
"""
QUICK = ("--n", 40, "--twins", 0, "--samples", 0, "--reports", "choice", "--framings", "you", "--paraphrases", 1)


@pytest.fixture
def marker(here):  # noqa: F811
    """A Python file that leaves a file behind when it is imported."""
    (here / "marker.py").write_text(MARKER)
    return here / "marker.py"


def imported(folder) -> bool:
    """Whether the marker was imported since the last call."""
    was = (folder / "IMPORTED").exists()
    (folder / "IMPORTED").unlink(missing_ok=True)
    return was


def name_in_items(run_folder, text: str) -> None:
    """Write a property into a run's items, as somebody who makes a run for others could, with its checksum."""
    store = run_folder / "activations"
    pd.read_parquet(store / "items.parquet").assign(property=text).to_parquet(store / "items.parquet")
    manifest = json.loads((store / "manifest.json").read_text())
    manifest["tables"]["items.parquet"] = sha256_of(store / "items.parquet")
    (store / "manifest.json").write_text(json.dumps(manifest))


def test_a_run_that_names_a_python_file_does_not_run_it(here, marker, tiny):  # noqa: F811
    (here / "t.csv").write_text(TABLE.replace("PROPERTY", "length"))
    made = run("cache", "r", "--model", tiny("llama"), "--data", "t.csv", *QUICK)
    assert made.exit_code == 0, made.output
    name_in_items(here / "runs" / "r", "python:marker.py:commas")
    assert refused("probe", "r").endswith("If you trust it, add: --code marker.py")
    name_in_items(here / "runs" / "r", "python:marker.py")
    assert refused("probe", "r").endswith("If you trust it, add: --code marker.py")
    assert not imported(here)


def test_a_table_that_names_a_python_file_runs_it_only_if_the_command_names_it(here, marker, tiny):  # noqa: F811
    (here / "t.csv").write_text(TABLE.replace("PROPERTY", "python:marker.py:commas"))
    cache = ("cache", "r", "--model", tiny("llama"), "--data", "t.csv", *QUICK)
    assert "--code marker.py" in refused(*cache)
    assert not imported(here)
    result = run(*cache, "--code", "marker.py")
    assert (result.exit_code, imported(here)) == (0, True), result.output
    again = run("probe", "r", "--permutations", 0, "--code", "marker.py")
    assert again.exit_code == 0, again.output


def test_a_target_in_a_python_file_is_named_again_to_probe_it(here, tiny):  # noqa: F811
    (here / "own.py").write_text(
        "def items(n, seed):\n    return [{'object_prompt': f'o {i}', 'report_prompt': f'r {i}'} for i in range(n)]\n"
        "def label(item, reply):\n    return 'yes' if 'e' in reply else 'no'\n"
    )
    made = run("cache", "r", "--model", tiny("llama"), "--data", "own.py", "--keep-one-class", *QUICK)
    assert made.exit_code == 0, made.output
    forget_permissions()
    assert "--code own.py" in refused("cache", "r")
    assert "--code own.py" in refused("probe", "r")
    result = run("probe", "r", "--permutations", 0, "--code", "own.py")
    assert result.exit_code == 0, result.output


def test_a_run_that_trusts_the_code_of_its_model_does_not_run_it(here, tiny, monkeypatch):  # noqa: F811
    monkeypatch.setattr("transformers.dynamic_module_utils.HF_MODULES_CACHE", str(here / "modules"))
    monkeypatch.setattr(sys, "path", [*sys.path])
    model = shutil.copytree(tiny("llama"), here / "automap")
    config = json.loads((model / "config.json").read_text())
    config |= {"model_type": "mine", "auto_map": {"AutoConfig": "marker.C", "AutoModelForCausalLM": "marker.M"}}
    (model / "config.json").write_text(json.dumps(config))
    (model / "marker.py").write_text(f"{MARKER}\n\nfrom transformers import LlamaConfig as C, LlamaForCausalLM as M\n")
    (here / "t.csv").write_text(TABLE.replace("PROPERTY", "length"))
    data = {"behavior": "t.csv"}
    settings = Settings("automap", ("behavior",), {"plain": ""}, data, n=40, trust_remote_code=True)
    write_settings("r", settings)
    for verb in ("cache", "tune", "ablate"):
        assert refused(verb, "r").endswith("If you trust it, add: --trust-remote-code")
    assert not imported(here)
    run("cache", "r", "--trust-remote-code")
    assert imported(here)


def forget_permissions() -> None:
    """As in a new process."""
    from tacit.targets.tables import python_files

    python_files._permitted.clear()


@pytest.fixture(autouse=True)
def fresh_process():
    """Permissions last as long as a process, so each test starts and ends without any; idle workers are in the folder
    of an earlier test."""
    forget_permissions()
    get_reusable_executor().shutdown(wait=True)
    yield
    forget_permissions()
