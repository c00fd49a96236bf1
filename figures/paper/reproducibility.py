"""`reproducibility.json`: everything needed to repeat the run on another machine, and to check that it is the same.

In: `RunFiles`, and the files that were drawn. Out: a dictionary for JSON: the commands, the settings, the model and its
hashes, the versions, and the SHA-256 of each file of the run. It has no date and no machine name, so the same run gives
the same bytes. Shards are not hashed again: the manifest lists the SHA-256 of each, and its own SHA-256 is here.
"""

import hashlib
import json
import shlex
from collections.abc import Iterable, Iterator
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from tacit.figures.inputs.run_files import OPTIONAL, RunFiles
from tacit.names import ACTIVATIONS, FIGURES, VERDICTS, VERDICTS_FILE

_LIBRARIES = ("tacit", "numpy", "scipy", "pandas", "pyarrow", "scikit-learn", "matplotlib", "jinja2", "safetensors")
_OPTIONS = {"n": "--n", "seed": "--seed", "layers": "--layers", "sites": "--sites", "reports": "--reports",
            "paraphrases": "--paraphrases", "framings": "--framings", "contexts": "--contexts",
            "samples": "--samples", "twins": "--twins", "revision": "--revision", "device": "--device",
            "dtype": "--dtype", "device_map": "--device-map", "peft": "--peft", "remote": "--remote",
            "template": "--template", "date": "--date", "thinking_tokens": "--thinking-tokens"}  # fmt: skip
_DEFAULTS = {"n": 600, "seed": 0, "layers": "all", "sites": ["object", "report"],
             "reports": ["choice", "logits", "shots4"], "paraphrases": 3, "framings": ["you", "typical"],
             "contexts": ["before"], "samples": 10, "twins": 3, "device": "auto", "dtype": "auto",
             "date": "2025-01-01", "thinking_tokens": 1024}  # fmt: skip
_PERMUTATIONS = 200
"""Default number of permutations of `tacit probe`."""
_PASSING = (".log", ".tmp", ".lock")
"""Extensions of temporary files, which are not part of the run."""


def reproducibility(run: RunFiles, drawn: Iterable[Path] = ()) -> dict:
    """The commands, settings, model and versions of the run, and the checksums of its files."""
    return {
        "run": run.name, "commands": commands(run), "settings": dict(run.settings),
        "model": dict(run.manifest.get("model") or {}), "made_from": dict(run.facts.get("made_from") or {}),
        "versions": versions(run), "python": run.manifest.get("python"),
        "sha256": _digests(run.folder, {*_made(run.folder), *drawn}),
        "sha256_measured": _digests(run.folder, _measured(run.folder)),
    }  # fmt: skip


def _made(folder: Path) -> Iterator[Path]:
    """The files that pages are drawn from, without activation shards and without the tables of a comparison."""
    yield folder / VERDICTS / VERDICTS_FILE
    yield from (folder / "activations").glob("manifest.json")
    yield from (folder / "activations/twins").glob("*/manifest.json")
    for path in folder.rglob("*"):
        inside = path.relative_to(folder)
        passing = path.suffix in _PASSING or any(part.startswith(".") for part in inside.parts)
        if inside.parts[0] not in (ACTIVATIONS, VERDICTS, FIGURES) and not passing:
            yield path


def _measured(folder: Path) -> Iterator[Path]:
    """The tables that a comparison writes in addition to its verdicts."""
    return (folder / path for path in OPTIONAL.values() if path.startswith(f"{VERDICTS}/"))


def _digests(folder: Path, paths: Iterable[Path]) -> dict[str, str]:
    return {path.relative_to(folder).as_posix(): _digest(path) for path in sorted(paths) if path.is_file()}


def commands(run: RunFiles) -> list[str]:
    """The commands that repeat the run, from the folder that contains `runs/`."""
    name = shlex.quote(run.name)
    trust = " --trust-remote-code" if run.settings.get("trust_remote_code") else ""
    ablated = [f"tacit ablate {name}{trust}"] if run.used else []
    epochs = {one["tuning"]["how"]["epochs"] for one in run.verdicts if one.get("tuning")}
    tuned = [f"tacit tune {name} --epochs {number}" for number in sorted(epochs)]
    permuted = (run.facts.get("made_from") or {}).get("n_permutations", _PERMUTATIONS)
    null = "" if permuted == _PERMUTATIONS else f" --permutations {permuted}"
    code = "".join(f" --code {shlex.quote(path)}" for path in _python_files(run))
    tuned = [f"{command}{trust}{code}" for command in tuned]
    made = [f"tacit cache {name}{_options(run)}", f"tacit probe {name}{null}{code}"]
    return [*made, *ablated, *tuned, f"tacit compare {name}"]


def _python_files(run: RunFiles) -> list[str]:
    """The user's Python files that define targets; `probe` and `tune` run them only if they are named again."""
    return [path for path in (run.settings.get("data") or {}).values() if path.endswith(".py")]


def _options(run: RunFiles) -> str:
    """The options of `tacit cache` that differ from their defaults."""
    settings, words = run.settings, []
    if settings.get("model"):
        words += ["--model", settings["model"]]
    if settings.get("targets"):
        words += ["--targets", ",".join(settings["targets"])]
    for target, path in (settings.get("data") or {}).items():
        words += ["--data", path if path.endswith(".py") else f"{target}={path}"]
    for condition, text in (settings.get("conditions") or {}).items():
        words += ["--condition", f"{condition}={text}"]
    for key, option in _OPTIONS.items():
        value = settings.get(key)
        if value not in (None, "", [], _DEFAULTS.get(key)):
            words += [option, ",".join(value) if isinstance(value, list) else str(value)]
    for variable, value in (settings.get("template_args") or {}).items():
        words += ["--template-arg", f"{variable}={json.dumps(value)}"]
    if settings.get("trust_remote_code"):
        words += ["--trust-remote-code"]
    return "".join(f" {shlex.quote(word)}" for word in words)


def versions(run: RunFiles) -> dict[str, str]:
    """The versions of the libraries that ran the model, as recorded then, and of those that scored and drew."""
    found = {}
    for name in _LIBRARIES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found | dict(run.manifest.get("versions") or {})


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
