"""Several processes give what one gives, bit for bit, also when one of them is killed."""

from __future__ import annotations

import json
import multiprocessing
import os
import signal
import subprocess
import sys
import textwrap
import time
from dataclasses import dataclass
from pathlib import Path

import pytest
import torch

from tacit.activations import ActivationError, plan
from tacit.activations.model.load import LoadModel, Subject
from tacit.activations.random_models import LoadRandom
from tacit.activations.store.store import open_store
from tacit.activations.store.verify import faults
from tacit.activations.workers.processes import WORTH_S, Crew, Workers
from tacit.activations.write_shards import cache_entries
from tacit.settings import Settings
from tests.activations.helpers import planned, subject_for


@pytest.fixture(autouse=True)
def small_shards(monkeypatch):
    monkeypatch.setattr(plan, "SHARD_ROWS", 8)
    monkeypatch.setattr(plan, "CONTROL_ROWS", 10)


@pytest.fixture(autouse=True)
def ends_what_it_starts():
    before = set(multiprocessing.active_children())  # another library's may wait for more work
    yield
    assert before.issuperset(multiprocessing.active_children())


def _cache(folder, model, workers=None, said=None):
    entries, items, settings, fingerprint = planned(model, 30)
    say = (said if said is not None else []).append
    load = LoadModel(settings)
    torch.set_num_threads(1)
    return cache_entries(folder, entries, items, settings, fingerprint, load, say, workers=workers)


def _content(folder):
    return {
        file.relative_to(folder): file.read_bytes()
        for file in sorted(folder.rglob("*"))
        if file.is_file() and file.suffix in (".safetensors", ".parquet")
    }


@dataclass(frozen=True)
class DieOnce:
    """Loads a model, but the first process that does so is killed."""

    settings: Settings
    mark: str

    def __call__(self) -> Subject:
        try:
            os.close(os.open(self.mark, os.O_CREAT | os.O_EXCL))
        except FileExistsError:
            return LoadModel(self.settings)()
        os.kill(os.getpid(), signal.SIGKILL)


@dataclass(frozen=True)
class Die:
    """Kills every process that loads it."""

    def __call__(self) -> Subject:
        os.kill(os.getpid(), signal.SIGKILL)


@pytest.mark.parametrize("begun", [True, False], ids=["while it loads", "over a unit"])
def test_two_processes_write_the_same_bytes_as_one_although_one_of_them_is_killed(tiny, tmp_path, monkeypatch, begun):
    if not begun:
        monkeypatch.setattr(Workers, "begin", lambda *_: None)
    settings = planned(tiny("llama"), 30)[2]
    said = []
    assert _cache(tmp_path / "one", tiny("llama"))
    with Crew(2) as crew:
        workers = Workers(crew, DieOnce(settings, str(tmp_path / "mark")))
        assert _cache(tmp_path / "two", tiny("llama"), workers, said)
    assert (tmp_path / "mark").exists() and any("in 2 processes" in line for line in said)
    assert _content(tmp_path / "two") == _content(tmp_path / "one")
    manifests = [json.loads((tmp_path / name / "manifest.json").read_text()) for name in ("one", "two")]
    assert manifests[0]["entries"] == manifests[1]["entries"] and manifests[0]["tokens"] == manifests[1]["tokens"]
    assert not list(faults(open_store(tmp_path / "two")))


def test_processes_that_always_die_stop_the_run_in_a_line(tiny, tmp_path, monkeypatch):
    monkeypatch.setattr("tacit.activations.workers.processes.TRIES", 0)
    monkeypatch.setattr(Workers, "begin", lambda *_: None)  # they die over a unit, without having been started before
    with Crew(2) as crew, pytest.raises(ActivationError, match="--workers 1"):
        _cache(tmp_path, tiny("llama"), Workers(crew, Die()))


def test_what_loads_the_same_is_equal_and_anything_else_is_not(tiny):
    one, other = (planned(tiny(name), 1)[2] for name in ("llama", "qwen2"))
    assert LoadModel(one) == LoadModel(planned(tiny("llama"), 1)[2]) != LoadModel(other)
    assert LoadRandom(one, 0) == LoadRandom(one, 0) != LoadRandom(one, 1)


def test_further_processes_are_started_unasked_only_where_they_pay(tiny, monkeypatch):
    subject = subject_for(tiny("llama"))
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    monkeypatch.setattr("tacit.activations.workers.processes.joblib.cpu_count", lambda: 4)
    torch.set_num_threads(1)
    long = 2 * WORTH_S
    assert Crew().size(subject, 9, long) == 4 and Crew().size(subject, 3, long) == 3
    assert Crew().size(subject, 9, WORTH_S / 2) == 1
    told = Crew()
    assert [told.size(subject, 9, seconds) for seconds in (WORTH_S / 2, long, WORTH_S / 2)] == [1, 4, 4]
    assert Crew(2).size(subject, 9, 0) == 2 and Crew(1).size(subject, 9, long) == 1
    torch.set_num_threads(2)
    assert Crew().size(subject, 9, long) == 1
    torch.set_num_threads(1)
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    assert Crew().size(subject, 9, long) == 1


@pytest.mark.parametrize("context", ["start_method()", "get_context('spawn')"], ids=["forked", "spawned"])
def test_no_process_outlives_a_run_that_is_killed(tmp_path, context):
    script = tmp_path / "script.py"
    script.write_text(
        textwrap.dedent(f"""
            import sys, time
            from concurrent.futures import ProcessPoolExecutor
            from multiprocessing import get_context
            from tacit.activations.workers.processes import _begin
            from tacit.activations.workers.start import start_method
            from tacit.progress import ends_with_us
            import os
            if __name__ == "__main__":
                pool = ProcessPoolExecutor(1, {context}, initializer=ends_with_us(_begin))
                print(pool.submit(os.getpid).result(), flush=True)
                time.sleep(600)
        """)
    )
    with subprocess.Popen([sys.executable, str(script)], stdout=subprocess.PIPE, text=True) as run:
        child = int(run.stdout.readline())
        run.kill()
    deadline = time.monotonic() + 10
    while _alive(child) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert not _alive(child)


def _alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"
