"""A wheel holds `tacit/…` only and works beside folders of a user's that are called like our rooms."""

from __future__ import annotations

import os
import subprocess
import sys
import venv
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SNIPPET = """
import tacit, tacit.targets, tacit.activations, tacit.probes, tacit.figures, tacit.organisms
import probes, figures
assert probes.MINE and figures.MINE, "the user's own folders are shadowed"
assert tacit.probes.make_folds and tacit.figures.draw_run and tacit.targets.read_yes_no
try:
    tacit.open_run("runs/nothing")
except tacit.TacitError as error:
    print("refused:", error)
import subprocess, sys
subprocess.run([sys.executable, "-c", "import tacit.probes.statistics.metrics as m; print(m.__name__)"], check=True)
"""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory) -> Path:
    """The wheel, built from a copy: building leaves files beside the sources."""
    source, out = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("wheel")
    tracked = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True).stdout.split(b"\0")
    for name in filter(None, map(os.fsdecode, tracked)):
        if (ROOT / name).is_file() and not name.startswith("tests/"):
            (source / name).parent.mkdir(parents=True, exist_ok=True)
            (source / name).write_bytes((ROOT / name).read_bytes())
    build = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", str(out), str(source)]
    subprocess.run(build, check=True)
    return next(out.glob("tacit_lm-*.whl"))


def test_the_wheel_holds_nothing_but_tacit(wheel):
    names = zipfile.ZipFile(wheel).namelist()
    assert {name.split("/")[0] for name in names} == {"tacit", wheel.name.rsplit("-", 3)[0] + ".dist-info"}
    for needed in (
        "tacit/py.typed",
        "tacit/__init__.pyi",
        "tacit/probes/probe.py",
        "tacit/targets/knowledge/facts.csv",
    ):
        assert needed in names
    assert "tacit/organisms/lock/model.safetensors" in names
    assert "tacit/figures/html/templates/report.html" in names


def test_an_installed_wheel_works_beside_folders_called_like_its_rooms(wheel, tmp_path):
    """The environment has the wheel alone; its dependencies are those of the environment that runs the tests."""
    venv.create(tmp_path / "env", with_pip=False)
    python = tmp_path / "env" / "bin" / "python"
    where = "import sysconfig; print(sysconfig.get_path('purelib'))"
    site = Path(subprocess.run([python, "-c", where], capture_output=True, text=True, check=True).stdout.strip())
    zipfile.ZipFile(wheel).extractall(site)
    ours = subprocess.run([sys.executable, "-c", where], capture_output=True, text=True, check=True).stdout.strip()
    # appended by hand and not by a .pth file, which would also run the editable install of the tree under test
    (site / "sitecustomize.py").write_text(f"import sys; sys.path.append({ours!r})\n")
    for room in ("figures", "probes", "activations", "tests"):
        (tmp_path / "work" / room).mkdir(parents=True)
        (tmp_path / "work" / room / "__init__.py").write_text("MINE = True\n")
    (tmp_path / "work" / "notebook.py").write_text(SNIPPET)
    run = {"cwd": tmp_path / "work", "capture_output": True, "text": True, "check": False}
    done = subprocess.run([python, "notebook.py"], **run)
    assert done.returncode == 0, done.stderr
    assert "refused: there is no run 'nothing'" in done.stdout
    assert "tacit.probes.statistics.metrics" in done.stdout
    helped = subprocess.run([python, "-m", "tacit.cli.main", "--help"], **run)
    assert helped.returncode == 0, helped.stderr
    assert "tacit compare" in helped.stdout
    code = "import tacit; print(tacit.__file__)"
    assert str(site) in subprocess.run([python, "-c", code], **run).stdout, "the wheel and not the tree was imported"
