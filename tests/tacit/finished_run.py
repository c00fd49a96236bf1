"""A small finished run with every file that the verbs write, and storage that refuses to be written."""

from __future__ import annotations

import builtins
import errno
import io
import os
from collections.abc import Callable
from pathlib import Path

from click.testing import CliRunner, Result

from tacit.cli.main import main

MADE = (
    ("cache", "r", "--model", "m", "--data", "t.csv", "--reports", "choice,logits", "--twins", 1, "--paraphrases", 1,
     "--framings", "you", "--layers", "2"),
    ("probe", "r", "--permutations", 0),
    ("ablate", "r", "--items", 4, "--random", 19),
    ("tune", "r", "--all", "--epochs", 1),
    ("compare", "r"),
)  # fmt: skip
"""The commands that make the run."""
AGAIN = {"show": (), "info": (), "verify": (), "clean": (), "cache": (), **{args[0]: args[2:] for args in MADE[1:]}}
"""Verb -> its options on the finished run."""
WRITERS = ("cache", "probe", "ablate", "tune", "compare", "clean")


def invoke(*args: object) -> Result:
    """Run a command line in this process."""
    return CliRunner().invoke(main, [str(arg) for arg in args])


def again(verb: str) -> Result:
    """Run a verb on the finished run; `probe` and `tune` work although their results are up to date."""
    more = {"probe": ("--again",), "tune": ("--epochs", 2)}.get(verb, ())
    return invoke(verb, "r", *AGAIN[verb], *more)


def make_run(folder: Path) -> None:
    """Make the run `runs/r` in `folder`, which is the working directory and holds the model `m`."""
    rows = [f"City {i} is in land {i}.,{i % 2},{i}\n" for i in range(44)]
    (folder / "t.csv").write_text("statement,label,city\n" + "".join(rows))
    for args in MADE:
        result = invoke(*args)
        assert result.exit_code == 0, result.output


def contents(folder: Path) -> dict[str, bytes]:
    """Every file below `folder` that a verb wrote, hidden ones apart."""
    files = (path for path in sorted(folder.rglob("*")) if path.is_file() and not path.name.startswith("."))
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}


def refuse_writes(monkeypatch, folder: Path, code: int = errno.EROFS) -> None:
    """Let every attempt to make, change or remove something below `folder` fail, as on a read-only disk; also for
    root, whom file permissions do not stop."""
    inside = str(folder.resolve())

    def refuses(path: object) -> bool:
        return isinstance(path, str | os.PathLike) and str(Path(os.path.abspath(path))).startswith(inside)

    def guard(module, name: str, writes: Callable[..., bool] = lambda *_: True) -> None:
        real = getattr(module, name)

        def guarded(path, *args, **kwargs):
            if refuses(path) and writes(*args, *kwargs.values()):
                raise OSError(code, os.strerror(code), str(path))
            return real(path, *args, **kwargs)

        monkeypatch.setattr(module, name, guarded)

    for name in ("mkdir", "unlink", "remove", "rmdir", "replace", "rename", "link"):
        guard(os, name)
    guard(os, "open", lambda flags, *_: bool(flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT)))
    for module in (io, builtins):
        guard(module, "open", lambda mode="r", *_: any(letter in str(mode) for letter in "wax+"))
