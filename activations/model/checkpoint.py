"""What a checkpoint in transformers format must hold: a config, a tokenizer, and safetensors weights of all parameters.

In: the folder, before anything of it is loaded, and what transformers reports of the loading. Out: nothing, or an
ActivationError. transformers itself would initialize a parameter at random where the file has no weights for it.
"""

from __future__ import annotations

import contextlib
import json
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from transformers import PreTrainedModel

from tacit.errors import ActivationError

TOKENIZER_FILES = ("tokenizer.json", "tokenizer.model", "vocab.json", "tokenizer_config.json")
SAVE_AGAIN = "Save it again with model.save_pretrained(folder)"
SHOWN = 3
"""Parameters that a message names."""


def check_folder(model: str) -> None:
    """Refuse a path that does not exist, which would be looked up on the hub as if it were a repository."""
    folder = Path(model)
    if not folder.is_dir():
        if model.startswith((".", "/", "~")) or model.count("/") > 1:
            raise ActivationError(
                f"there is no folder {model}. Give a folder in transformers format, or a hub id: MODEL=owner/name"
            )
        return
    if not (folder / "config.json").exists():
        files = sorted(folder.glob("*.gguf"))
        hint = f" It has a GGUF file: MODEL={files[0]}" if files else ""
        raise ActivationError(f"{model} has no config.json, so it is not a model in transformers format.{hint}")
    _check_config(folder / "config.json")
    for index in sorted(folder.glob("*.index.json")):
        check_index(index, model)
    if not any(folder.glob("*.safetensors")):
        pickles = any(folder.glob("*.bin")) or any(folder.glob("*.pt"))
        hint = (
            "it has pickled weights, which are never read because they can run code: save it again with "
            "model.save_pretrained(folder)" if pickles else "save it with model.save_pretrained(folder)"
        )  # fmt: skip
        raise ActivationError(f"{model} has no weights (*.safetensors); {hint}.")
    if not any((folder / name).exists() for name in TOKENIZER_FILES):
        raise ActivationError(f"{model} has no tokenizer; save it with tokenizer.save_pretrained({model!r}).")


def check_adapter(peft: str) -> None:
    """Refuse a local adapter that is missing or not in safetensors, since peft would read a pickle."""
    folder = Path(peft)
    if not peft or (not folder.exists() and peft.count("/") == 1 and not peft.startswith((".", "~"))):
        return
    for name in ("adapter_config.json", "adapter_model.safetensors"):
        if not (folder / name).is_file():
            raise ActivationError(f"the adapter {peft} has no {name}. Save it with model.save_pretrained({peft!r}).")


def _check_config(path: Path) -> None:
    """Refuse a config that is no JSON object, or that names its weights as anything but one safetensors file or index
    in the folder itself: only those are read safely and are in the fingerprint."""
    weights = _json(path).get("transformers_weights")
    if weights is not None and not (_in_folder(weights) and re.search(r"\.safetensors(\.index\.json)?$", weights)):
        raise ActivationError(f"{path} names {weights!r} as its weights, expected a safetensors file. {SAVE_AGAIN}")


def check_index(path: Path, model: str) -> None:
    """Refuse an index of weight files that names anything but safetensors files beside it.

    transformers reads whatever the index names, pickles too, although it is asked for safetensors.
    """
    if not path.name.endswith(".safetensors.index.json"):
        return  # of a pickled checkpoint, which is not read
    files = _json(path).get("weight_map")
    if not isinstance(files, dict) or not files:
        raise ActivationError(f"{path} has no weight_map. {SAVE_AGAIN}")
    for name in files.values():
        if not (_in_folder(name) and name.endswith(".safetensors")):
            raise ActivationError(
                f"{model} has an index, {path.name}, that names {name!r}, which is not a safetensors file beside it."
                f" Pickled weights are never read because they can run code. {SAVE_AGAIN}"
            )


def _in_folder(name: object) -> bool:
    return isinstance(name, str) and Path(name).name == name


def _json(path: Path) -> dict:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ActivationError(f"{path} is not JSON ({error}). Is the download complete?") from error
    if not isinstance(content, dict):
        raise ActivationError(f"{path} is not a JSON object. Is the download complete?")
    return content


@contextlib.contextmanager
def recorded_reports() -> Iterator[list[dict]]:
    """Collect what transformers reports of each model that is loaded meanwhile: missing and unexpected keys.

    nnsight's loader, which knows quantizations and device maps, drops these reports, so they are taken on their way.
    """
    reports: list[dict] = []
    original = PreTrainedModel.__dict__["from_pretrained"]

    def from_pretrained(cls, *args, output_loading_info: bool = False, **kwargs):
        module, report = original.__func__(cls, *args, output_loading_info=True, **kwargs)
        reports.append(report)
        return (module, report) if output_loading_info else module

    PreTrainedModel.from_pretrained = classmethod(from_pretrained)
    try:
        yield reports
    finally:
        PreTrainedModel.from_pretrained = original


def check_loaded(model: str, reports: Sequence[dict]) -> None:
    """Refuse a model whose checkpoint lacks weights of some parameters, which transformers initialized at random.

    reports: of `recorded_reports`, the last one that of the model itself. Tied weights, and those that an architecture
    can do without, are not among its missing keys.
    """
    missing = sorted(map(str, reports[-1]["missing_keys"])) if reports else []
    if not missing:
        return
    unexpected = sorted(map(str, reports[-1]["unexpected_keys"]))
    names = ", ".join(missing[:SHOWN]) + (", …" if len(missing) > SHOWN else "")
    raise ActivationError(
        f"{model} has no weights for {len(missing)} of the model's parameters ({names}), which would be random."
        f" {_other_names(missing, unexpected) or 'Is the download complete?'}"
    )


def _other_names(missing: Sequence[str], unexpected: Sequence[str]) -> str:
    """How the checkpoint's tensors are named instead; empty if they are all used."""
    if not unexpected:
        return ""
    for name in unexpected:
        for wanted in missing:
            if name.endswith(f".{wanted}"):
                prefix = name.removesuffix(wanted)
                return f"Its tensors are named with the prefix {prefix!r}. Save it again without the prefix"
            if wanted.endswith(f".{name}"):
                prefix = wanted.removesuffix(name)
                return f"Its tensors are named without the prefix {prefix!r}. Save it again with the prefix"
    return f"It has {len(unexpected)} tensors that the model does not use, such as {unexpected[0]!r}. {SAVE_AGAIN}"
