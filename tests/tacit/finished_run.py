"""A small finished run with every file that the verbs write, and storage that refuses to be written."""

from __future__ import annotations

import builtins
import copy
import errno
import functools
import io
import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path

from click.testing import CliRunner, Result

from tacit.cli.main import main
from tacit.files import SEAL

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


def damages(path: Path) -> Iterator[tuple[str, Callable[[], object]]]:
    """Ways to damage a file: (name, function that does it)."""
    data = path.read_bytes()
    yield "missing", path.unlink
    yield "truncated", lambda: path.write_bytes(data[: len(data) // 2])
    yield "directory", lambda: (path.unlink(), path.mkdir())
    yield "empty", lambda: path.write_bytes(b"")
    yield "garbage", lambda: path.write_bytes(bytes(range(256)))
    if path.suffix == ".json":
        content = json.loads(data)
        yield "another version", lambda: path.write_text(json.dumps(_of_another_version(content)))
        for text in ("[1, 2]", "null", "{}"):
            yield text, functools.partial(path.write_text, text)
        yield from _wrong_types(path, content)


N_WHOLE = 9
"""Damages of a JSON file as a whole, before those of its parts."""


def _of_another_version(content: dict) -> dict:
    """As a later version might write it: with other names of formats, a field more and no checksum."""
    named = {key: "another/9" for key in ("format", "schema", "tacit") if key in content}
    return {key: value for key, value in content.items() if key != SEAL} | named | {"unheard of": 1}


def _wrong_types(path: Path, content: object) -> Iterator[tuple[str, Callable[[], object]]]:
    """Each value of a JSON file in turn with another type or another version, the types taking turns."""
    for number, keys in enumerate(_places(content)):
        wrong = (None, "x", 7, [], {}, True)[number % 6]
        yield f"{'.'.join(map(str, keys))} = {wrong!r}", functools.partial(_put, path, content, keys, wrong)


def _places(content: object, keys: tuple = ()) -> Iterator[tuple]:
    """Where each value is, by keys; of a list, the first element."""
    yield keys
    parts = (
        content.items() if isinstance(content, dict) else enumerate(content[:1]) if isinstance(content, list) else ()
    )
    for key, value in parts:
        yield from _places(value, (*keys, key))


def _put(path: Path, content: object, keys: tuple, value: object) -> None:
    whole = {"": copy.deepcopy(content)}
    inner = functools.reduce(lambda part, key: part[key], ("", *keys)[:-1], whole)
    inner[("", *keys)[-1]] = value
    path.write_text(json.dumps(whole[""]))
