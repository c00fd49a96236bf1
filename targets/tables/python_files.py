"""Loads the user's Python files, the only external code that is ever run.

In: a path, or `file.py:function`, as DATA, as a target, or in the column `property` of a table or of a run's items.
Out: the module or the function. A table or a run may come from somebody else, so a file that they name is imported only
if the user named it as well, in this process (`permit`). Neither a model's output nor a checkpoint can cause a file to
be loaded.
"""

import importlib.util
import inspect
import shlex
import sys
import traceback
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from types import ModuleType

from tacit.errors import TargetError

PYTHON = "python"
"""Prefix of a path in the field `property` of an item."""
KINDS = {bool: "truth", int: "count", float: "count", str: "word"}
"""Return annotation of a property function -> how it is asked for and read."""
_permitted: set[Path] = set()


def is_file(path: str) -> bool:
    """Whether this names a Python file, rather than a function in one (`file.py:function`)."""
    return path.endswith(".py")


def permit(paths: Iterable[str]) -> None:
    """Let this process import these Python files, because the user named them in the command itself."""
    _permitted.update(Path(path).resolve() for path in paths)


def permitted() -> tuple[str, ...]:
    """Absolute paths of the files that this process may import; a worker process has to be told."""
    return tuple(map(str, sorted(_permitted)))


def files_named_in(entries: Iterable[str]) -> tuple[str, ...]:
    """The Python files among DATA or TARGETS: `haiku.py`, `haiku=haiku.py`, `behavior=python:marks.py:commas`."""
    paths = (path for entry in entries for path in (entry, entry.partition("=")[2]))
    files = (path.removeprefix(f"{PYTHON}:").rpartition(":")[0] if path.startswith(PYTHON) else path for path in paths)
    return tuple(path for path in files if is_file(path))


def load_function(where: str) -> tuple[Callable[[str], object], str, str]:
    """The function `file.py:function`, its kind (`truth`, `count` or `word`), and the wording of the question.

    The return annotation (bool, int, float or str) decides the kind; the first line of the docstring is the wording:
    for a bool what the answer would do ("contain an exclamation mark"), else what is asked for ("the number of
    commas").
    Raises TargetError for a missing file or function, annotation or docstring.
    """
    path, _, name = where.rpartition(":")
    function = getattr(load_module(path), name, None) if path else None
    if not callable(function):
        raise TargetError(f"{where!r} is not a function: expected {PYTHON}:file.py:function. Correct the column.")
    kind = inspect.signature(function, eval_str=True).return_annotation
    asks = (inspect.getdoc(function) or "").partition("\n")[0].strip().rstrip(".")
    if kind not in KINDS or not asks:
        raise TargetError(
            f"{where}: expected a return annotation of {_names(KINDS)} and a docstring that says what is asked for, "
            f"got {getattr(kind, '__name__', kind)} and {asks!r}. Add them."
        )
    return _named(function, path), KINDS[kind], asks


def _named(function: Callable[[str], object], path: str) -> Callable[[str], object]:
    """`function`, whose exceptions name the file, the line and the reply."""

    def call(reply: str) -> object:
        with running(path, function.__name__, f"the reply {reply[:60]!r}"):
            return function(reply)

    return call


def load_module(path: str) -> ModuleType:
    """The Python file `path`, imported once. Raises TargetError for one that is missing, not permitted, or fails."""
    file = Path(path)
    if not file.is_file() or file.suffix != ".py":
        raise TargetError(f"there is no Python file {path}. Check the path.")
    if file.resolve() not in _permitted:
        advice = f"If you trust it, add: --code {shlex.quote(path)}" if path.isprintable() else "Rename it first."
        raise TargetError(
            f"the table or run names a Python file, {path!r}, which could do anything on this machine and runs only if"
            f" the command names it too. {advice}"
        )
    return _import(path)


@cache
def _import(path: str) -> ModuleType:
    file = Path(path)
    spec = importlib.util.spec_from_file_location(f"own_{file.stem}", file.resolve())
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses in the file look up their module there
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        raise TargetError(f"{path} could not be imported: {type(error).__name__}: {error}. Correct it.") from error
    return module


@contextmanager
def running(path: str, function: str, where: str = "") -> Iterator[None]:
    """Turn an exception within the user's code into a TargetError with file, line, function and message.

    where: at which item or reply, in words; it follows the function's name.
    """
    try:
        yield
    except TargetError:
        raise
    except Exception as error:
        file = str(Path(path).resolve())
        lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == file]
        line = f", line {lines[-1]}" if lines else ""
        message = " ".join(f"{type(error).__name__}: {error}".split())
        at = f" at {where}" if where else ""
        raise TargetError(f"{path}{line}: {function}() failed{at} with {message[:300]}. Correct it.") from error


def _names(kinds: Iterable[type]) -> str:
    return ", ".join(kind.__name__ for kind in kinds)
