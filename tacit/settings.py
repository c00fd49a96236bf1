"""The settings of a run: written verbatim next to its results, and read back by every later verb."""

from __future__ import annotations

import dataclasses
import json
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tacit.errors import ActivationError
from tacit.files import write_bytes

RUNS = Path("runs")
LONGEST_NAME = 100
"""Bytes of the name of a run or a condition, which become names of folders."""


ASKED = ("reports", "framings", "contexts", "paraphrases", "twins")
"""What may change in a run: it adds prompts or leaves some out, and changes none of the others."""


@dataclass(frozen=True)
class Settings:
    """Everything the user chose. Two runs with equal settings on the same files give the same numbers."""

    model: str
    """Hub id, local folder in transformers format, or a GGUF file."""
    targets: tuple[str, ...]
    """Names of the targets, in the order in which they are printed."""
    conditions: dict[str, str]
    """Condition name -> system prompt; an empty system prompt means no system message at all."""
    data: dict[str, str]
    """Target name -> the user's table; a target that is missing here uses its built-in items."""
    n: int = 600
    """Items per target; a table with fewer rows gives all of them."""
    seed: int = 0
    """Seed of the built-in items, of the sample of rows, and of the folds."""
    sites: tuple[str, ...] = ("object", "report")
    """Where the residual stream is read (see `tacit.activations.model.sites`)."""
    layers: str = "all"
    """`all`, `every:4`, or numbers such as `0,8,16` and `0-12`; 0 is the embeddings."""
    reports: tuple[str, ...] = ("choice", "logits", "shots4")
    """How reports are elicited (rungs): choice, free, number, logits, shots4, shots16, reason."""
    paraphrases: int = 3
    """Wordings of each rung."""
    framings: tuple[str, ...] = ("you", "typical")
    """Whom the report is about: the model itself, or a typical language model."""
    contexts: tuple[str, ...] = ("before",)
    """`before` the act, and `after` it, with the model's own reply in the prompt."""
    samples: int = 10
    """Replies sampled at temperature 1 in addition to the greedy one, if the label depends on the reply; 0 for none."""
    twins: int = 3
    """Number of random-initialised models of the same architecture, whose states are cached too."""
    revision: str = ""
    """Branch, tag or commit on the hub; empty for the default branch or a local folder."""
    device: str = "auto"
    """`auto` takes cuda, then mps, then cpu; otherwise a torch device."""
    dtype: str = "auto"
    """`auto` is float32 on the CPU and the checkpoint's own dtype elsewhere; otherwise a torch dtype's name."""
    device_map: str = ""
    """`auto` spreads a model that is too large for one device over all of them (accelerate); empty for one device."""
    peft: str = ""
    """Folder or hub id of a LoRA adapter to load on top of the model; empty for none."""
    remote: str = ""
    """`ndif` runs the model on NDIF, `local` simulates NDIF on this machine; empty runs it here."""
    template: str = ""
    """Name of the chat template, for a model with several; empty for its default."""
    template_args: dict[str, Any] = dataclasses.field(default_factory=dict)
    """Variables given to the chat template, e.g. `enable_thinking` -> False."""
    thinking_tokens: int = 1024
    """Most tokens of thoughts before an answer, of a model that thinks first; at most half of its context."""
    date: str = "2025-01-01"
    """The date that a chat template writes if it asks for today's, so that prompts are the same on every day."""
    trust_remote_code: bool = False
    """Whether the model's own Python code may run; not by default."""

    def difference(self, other: Settings) -> str:
        """The fields in which two settings differ, as `n: 600 -> 200; seed: 0 -> 1`; empty when equal."""
        mine, theirs = dataclasses.asdict(self), dataclasses.asdict(other)
        return "; ".join(f"{name}: {mine[name]!r} -> {theirs[name]!r}" for name in mine if mine[name] != theirs[name])


def run_name(model: str) -> str:
    """A run's name from a hub id, a folder or a file: its last part without `.gguf`, as a name that files may have."""
    return _allowed(model.rstrip("/").rsplit("/", 1)[-1].removesuffix(".gguf"))[:LONGEST_NAME]


def run_folder(run: str) -> Path:
    """`runs/<run>`; raises ActivationError for a name that would leave that folder, or is too long for one."""
    if len(run.encode()) > LONGEST_NAME:
        raise ActivationError(
            f"{run[:40]!r}… has {len(run)} characters, and a run's name may have {LONGEST_NAME}. Give a shorter RUN."
        )
    if not run or run != _allowed(run) or run.startswith("."):
        raise ActivationError(f"{run!r} is not a run's name (letters, digits, '.', '-', '_'). Try: RUN={run_name(run)}")
    return RUNS / run


def _allowed(name: str) -> str:
    return re.sub(r"[^\w.-]+", "-", name) or "run"


def read_settings(run: str) -> Settings | None:
    """The settings of a run, or None when there is no such run yet.

    Raises ActivationError when the file is there but cannot be read as settings.
    """
    path = run_folder(run) / "settings.json"
    return read_settings_file(path) if path.exists() else None


def read_settings_file(path: Path) -> Settings:
    """The settings in a file. Raises ActivationError where it cannot be read as settings of this version."""
    try:
        fields = json.loads(path.read_text(encoding="utf-8"))
        _check_types(fields)
        lists = {name: tuple(value) for name, value in fields.items() if isinstance(value, list)}
        folders = {name: one_name(fields[name]) for name in ("model", "peft") if name in fields}
        return Settings(**(fields | lists | folders))
    except (OSError, ValueError, TypeError) as error:
        raise ActivationError(
            f"{path} is not a settings file of this version ({error}). Choose another RUN, or move {path.parent} away."
        ) from error


def _check_types(fields: object) -> None:
    """Raise TypeError for content that is not a JSON object, or a field whose value is not of its type."""
    if not isinstance(fields, dict):
        raise TypeError(f"expected a JSON object, got {str(fields)[:40]!r}")
    for field in dataclasses.fields(Settings):
        if field.name in fields and not _FITS[field.type](fields[field.name]):
            raise TypeError(f"{field.name} is {str(fields[field.name])[:40]!r}, expected {_IN_WORDS[field.type]}")


def _are_strings(values: Iterable[object]) -> bool:
    return all(isinstance(value, str) for value in values)


_FITS: dict[object, Callable[[object], bool]] = {
    "str": lambda value: isinstance(value, str),
    "int": lambda value: isinstance(value, int) and not isinstance(value, bool) and value >= 0,
    "bool": lambda value: isinstance(value, bool),
    "tuple[str, ...]": lambda value: isinstance(value, list) and _are_strings(value),
    "dict[str, str]": lambda value: isinstance(value, dict) and _are_strings(value.values()),
    "dict[str, Any]": lambda value: isinstance(value, dict),
}
_IN_WORDS: dict[object, str] = {
    "str": "a string", "int": "a number that is 0 or more", "bool": "true or false",
    "tuple[str, ...]": "a list of strings", "dict[str, str]": "an object with strings as values",
    "dict[str, Any]": "an object",
}  # fmt: skip


def check_unchanged(run: str, settings: Settings) -> Settings | None:
    """The settings that the run has, None where there is no such run yet. Which reports are asked for may change, as
    what was asked stays; nothing else may.

    Raises ActivationError when `runs/<run>` holds other settings.
    """
    known = read_settings(run)
    if known is None:
        return None
    if known.dtype == "auto":  # a run that was made before the choice was written down
        known = dataclasses.replace(known, dtype=settings.dtype)
    if changed := dataclasses.replace(known, **{name: getattr(settings, name) for name in ASKED}).difference(settings):
        raise ActivationError(
            f"runs/{run} was made with other settings ({changed}). "
            f"Nothing was changed. Name a new run: make cache RUN={run}-2 … (or remove runs/{run})"
        )
    return known


def write_settings(run: str, settings: Settings) -> Path:
    """Write the settings of a run; raises ActivationError like `check_unchanged`."""
    path = run_folder(run) / "settings.json"
    if check_unchanged(run, settings) != settings:
        _write(path, settings)
    return path


def one_name(model: str) -> str:
    """A folder by one name, however it was written (`x/`, `./x`, `x`); anything else as it is."""
    try:
        return str(Path(model)) if model and Path(model).is_dir() else model
    except (OSError, ValueError) as error:  # a name that is too long for the file system
        why = getattr(error, "strerror", None) or error
        raise ActivationError(
            f"{model[:60]!r}… is not the name of a model or adapter ({why}). Give a hub id, a folder or a GGUF file."
        ) from error


def _asked(settings: Settings) -> dict:
    return {name: getattr(settings, name) for name in ASKED}


def _write(path: Path, settings: Settings) -> None:
    text = json.dumps(dataclasses.asdict(settings), indent=2, ensure_ascii=False)
    write_bytes(path, (text + "\n").encode())
