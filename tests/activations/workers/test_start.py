"""The server of processes is started early where they will be needed, and only there."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from tacit.activations.workers import start

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="processes are forked from a server on Linux only")


@pytest.fixture
def started(monkeypatch):
    """How often the server was asked to run, on a machine with four cores."""
    calls = []
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    monkeypatch.setattr(start.joblib, "cpu_count", lambda: 4)
    monkeypatch.setattr(start.forkserver, "ensure_running", lambda: calls.append(1))
    return calls


@pytest.fixture
def small(tmp_path):
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "model.safetensors").write_bytes(b"weights")
    return tmp_path / "model"


def test_a_small_model_or_a_user_who_asks_for_processes_starts_it(tmp_path, started, small):
    start.import_meanwhile(tmp_path, small, None)
    start.import_meanwhile(tmp_path, tmp_path / "elsewhere", 2)
    assert len(started) == 2


def test_nothing_is_started_where_processes_would_not_compute(tmp_path, started, small, monkeypatch):
    start.import_meanwhile(tmp_path, small, 1)
    start.import_meanwhile(tmp_path, tmp_path / "some-organisation" / "a-model", None)
    monkeypatch.setattr(start, "SMALL", 3)
    start.import_meanwhile(tmp_path, small, None)
    monkeypatch.undo()
    assert not started


def test_nothing_is_started_for_a_run_that_is_complete_or_a_user_who_limits_threads(
    tmp_path, started, small, monkeypatch
):
    (tmp_path / "manifest.json").write_text(json.dumps({"complete": True}))
    start.import_meanwhile(tmp_path, small, None)
    (tmp_path / "manifest.json").write_text("[3]")
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    start.import_meanwhile(tmp_path, small, None)
    assert not started
    monkeypatch.delenv("OMP_NUM_THREADS")
    start.import_meanwhile(tmp_path, small, None)
    assert started


def test_it_is_started_before_torch_is_imported():
    code = "import sys, tacit.activations.workers.start; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
