"""What long work shows of itself, to a person and to a log."""

import io
import re

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
    assert re.fullmatch(r"cache: 20 of 40 prompts, +[\d.]+ prompts/s, 00:00 gone, 00:00 left", lines[1])


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
