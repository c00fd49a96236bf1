"""What long work shows of itself, to a person and to a log."""

import io
import os
import re
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tacit import progress as module


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.fixture
def hurried(monkeypatch):
    monkeypatch.setattr(module, "EVERY", 1e-6)
    monkeypatch.setattr(module, "FIRST", 1e-6)


def test_a_log_gets_lines_with_rate_and_time_left(monkeypatch, hurried):
    log = io.StringIO()
    monkeypatch.setattr("sys.stderr", log)
    with module.progress(total=40, unit=" prompts", desc="cache") as bar:
        for _ in range(4):
            bar.update(10)
    lines = [line for line in log.getvalue().split("\n") if line]
    assert len(lines) >= 4
    assert re.fullmatch(r"cache: 20 of 40 prompts, +[\d.]+ prompts/s, 00:00 elapsed, 00:00 left", lines[1])


def test_work_that_is_soon_done_leaves_a_log_empty(monkeypatch):
    log = io.StringIO()
    monkeypatch.setattr("sys.stderr", log)
    with module.progress(total=2, unit=" layers", desc="probe") as bar:
        bar.update(2)
    assert log.getvalue().strip("\n") == ""


def test_a_terminal_gets_a_bar(monkeypatch):
    screen = Terminal()
    monkeypatch.setattr("sys.stderr", screen)
    with module.progress(total=2, unit=" layers", desc="probe") as bar:
        bar.update(2)
    assert "100%" in screen.getvalue()
    assert "\n" in screen.getvalue()


def test_slow_work_is_told_per_second_too(monkeypatch):
    screen = Terminal()
    monkeypatch.setattr("sys.stderr", screen)
    with module.progress(total=4, unit=" layers", desc="probe") as bar:
        bar.start_t -= 10
        bar.update(2)
        bar.refresh()
    assert re.search(r"2/4 \[00:10<00:10, +0\.20 layers/s\]", screen.getvalue())


WORKERS = """
import os, sys, time
from joblib import Parallel, delayed
from tacit.progress import ends_with_us

def work(_):
    print(os.getpid(), flush=True)
    time.sleep(600)

if __name__ == "__main__":
    Parallel(n_jobs=2)(delayed(ends_with_us(work))(i) for i in range(2))
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="a process has no new parent here once its own is gone")
def test_workers_end_with_a_parent_that_was_killed(tmp_path):
    (tmp_path / "workers.py").write_text(WORKERS)
    command = [sys.executable, "workers.py"]
    with subprocess.Popen(
        command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as parent:
        workers = [int(parent.stdout.readline()) for _ in range(2)]
        parent.kill()
    limit = time.monotonic() + 30
    while time.monotonic() < limit and any(map(_runs, workers)):
        time.sleep(0.2)
    assert not any(map(_runs, workers))


def _runs(pid: int) -> bool:
    """Whether the process is there, and not only waiting to be collected."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    status = Path(f"/proc/{pid}/stat")
    return not status.exists() or status.read_text().rpartition(")")[2].split()[0] != "Z"
