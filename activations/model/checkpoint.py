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

from safetensors import SafetensorError, safe_open
from transformers import PreTrainedModel

from tacit.errors import ActivationError

TOKENIZER_FILES = ("tokenizer.json", "tokenizer.model", "vocab.json", "tokenizer_config.json")
SAVE_AGAIN = "Save it again with model.save_pretrained(folder)"
WHOLE = ("I", "U", "BOOL")
"""How the names of dtypes of whole numbers begin in safetensors."""
SHOWN = 10
"""Parameters that a message names."""
BUFFERS = re.compile(r"(rotary_emb\.inv_freq|attn\.(masked_)?bias|attention\.(masked_)?bias|position_ids)$")
"""Constants that older versions of transformers saved beside the weights, and that a model computes by itself."""


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
    _check_dtypes(folder)
    if not any((folder / name).exists() for name in TOKENIZER_FILES):
        raise ActivationError(f"{model} has no tokenizer; save it with tokenizer.save_pretrained({model!r}).")


def _check_dtypes(folder: Path) -> None:
    """Refuse weights stored as whole numbers without a quantization in the config: transformers would take the numbers
    for the weights themselves."""
    if _json(folder / "config.json").get("quantization_config"):
        return
    for file in loaded_files(folder):
        for name, dtype in _stored_dtypes(file).items():
            if dtype.startswith(WHOLE) and name.endswith((".weight", ".bias")) and not BUFFERS.search(name):
                raise ActivationError(
                    f"{file}: {name} is stored as {dtype}, but config.json has no quantization_config, so its numbers"
                    " cannot be read as weights. Is this the config of the quantized model?"
                )


def _stored_dtypes(file: Path) -> dict[str, str]:
    """Tensor -> dtype as the file names it; {} for a file that cannot be read, which is told of when it is loaded."""
    try:
        with safe_open(file, framework="pt") as weights:
            return {name: weights.get_slice(name).get_dtype() for name in weights.offset_keys()}
    except (OSError, SafetensorError):
        return {}


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


def loaded_files(folder: Path) -> list[Path]:
    """The safetensors files that are read when the folder is loaded: a single one, those of its index, or an adapter's;
    others beside them, such as the same weights in another format, are not."""
    config = folder / "config.json"
    named = _json(config).get("transformers_weights") if config.is_file() else None
    names = [named] if named else ["model.safetensors", "model.safetensors.index.json"]
    found = next((folder / name for name in names if (folder / name).is_file()), None)
    if found is None:
        return sorted(folder.glob("*.safetensors"))
    if found.suffix == ".safetensors":
        return [found]
    return sorted({folder / name for name in _json(found)["weight_map"].values()})


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
        kwargs["ignore_mismatched_sizes"] = True  # they are in the report then, by name and shape
        module, report = original.__func__(cls, *args, output_loading_info=True, **kwargs)
        report["tied"] = tuple(getattr(module, "_tied_weights_keys", None) or ())
        reports.append(report)
        return (module, report) if output_loading_info else module

    PreTrainedModel.from_pretrained = classmethod(from_pretrained)
    try:
        yield reports
    finally:
        PreTrainedModel.from_pretrained = original


def check_loaded(model: str, reports: Sequence[dict]) -> None:
    """Refuse a model whose checkpoint does not hold exactly its parameters; transformers draws the others at random.

    reports: of `recorded_reports`, the last one that of the model itself. Tied weights, those that an architecture can
    do without, and buffers that it computes by itself may be missing or left over.
    """
    if not reports:
        return
    report = reports[-1]
    missing = sorted(map(str, report["missing_keys"]))
    unexpected = sorted(name for name in map(str, report["unexpected_keys"]) if not _is_spare(name, report))
    if missing:
        raise ActivationError(
            f"{model} has no weights for {len(missing)} of the model's parameters ({_some(missing)}), which would be"
            f" random. {_other_names(missing, unexpected) or 'Is the download complete?'}"
        )
    if mismatched := sorted(report["mismatched_keys"], key=lambda each: str(each[0])):
        shapes = [f"{name}: {tuple(theirs)}, expected {tuple(ours)}" for name, theirs, ours in mismatched]
        raise ActivationError(
            f"could not load the weights of {model}: {len(mismatched)} tensors have another shape than its config says"
            f" ({_some(shapes, '; ')}). Do config.json and the weights belong together?"
        )
    if unexpected:
        raise ActivationError(
            f"{model} has {len(unexpected)} tensors that the model does not use ({_some(unexpected)})."
            f" Do config.json and the weights belong together? {SAVE_AGAIN}"
        )


def _is_spare(name: str, report: dict) -> bool:
    return bool(BUFFERS.search(name)) or any(re.search(tied, name) for tied in report.get("tied", ()))


def _some(names: Sequence[str], between: str = ", ") -> str:
    """The first few names."""
    return between.join(names[:SHOWN]) + (f"{between}…" if len(names) > SHOWN else "")


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
