"""A full disk or a folder that cannot be written is one line with exit code 2 in every verb."""

from __future__ import annotations

import errno
import os

import pytest
from click.testing import CliRunner

from tacit import verbs
from tacit.cli.main import main


@pytest.mark.parametrize("verb", ["cache", "probe", "ablate", "tune", "compare"])
@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EROFS, errno.EACCES])
def test_an_error_of_the_disk_is_one_line(monkeypatch, verb, code):
    def fails(*_, **__):
        raise OSError(code, os.strerror(code), "runs/r/probes/scores.csv")

    monkeypatch.setattr(verbs, verb, fails)
    done = CliRunner().invoke(main, [verb, "r"])
    assert done.exit_code == 2
    assert done.output.count("\n") == 1
    assert done.output.startswith(f"Error: runs/r/probes/scores.csv: {os.strerror(code)}. What was finished")
