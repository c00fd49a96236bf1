"""Load one GGUF file, the format of llama.cpp: its tokenizer with the chat template, its config, its weights.

In: the path of a `.gguf` file. Out: what `transformers` makes of it, with every weight dequantized, so the model is an
ordinary one that can be traced, ablated and trained through. Unlike a folder in transformers format, everything is in
one file: files beside it are never read. A file that transformers would load as a different model is refused.
"""

from __future__ import annotations

import contextlib
import copy
import functools
import importlib.util
import io
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from transformers import AutoConfig, AutoModelForCausalLM, AutoTokenizer

from tacit.errors import ActivationError

SUFFIX = ".gguf"
GIVE_A_FOLDER = "Give the model in transformers format: MODEL=path/to/folder, or a hub id"
REQUANTIZE = "Use another quantization of this model, such as Q8_0, Q6_K or Q4_K_M"
NO_ROPE_SCALING = ("", "none")
READS_ROPE_SCALING = ("gpt-oss",)
"""Architectures whose RoPE scaling transformers reads from the metadata of a GGUF."""


def is_gguf(model: str) -> bool:
    """Whether MODEL names a GGUF file and not a folder or a hub id."""
    return model.endswith(SUFFIX) and not Path(model).is_dir()


def check_gguf(model: str, *, remote: str = "") -> None:
    """Refuse, with an ActivationError, a file that is missing or damaged or that transformers cannot load as it is.

    remote: where the model is to run, empty for this machine; a file cannot run anywhere else.
    """
    if remote:
        raise ActivationError(
            f"{model} is a file on this machine, which --remote {remote} cannot run. Give a hub id: MODEL=owner/name,"
            " or leave out --remote"
        )
    if not Path(model).is_file():
        raise ActivationError(
            f"there is no file {model}, and GGUF files are not downloaded from the hub. Download it first, then give "
            "its path: MODEL=path/to/file.gguf"
        )
    _require_reader()
    _check_contents(model, *_version(model))


def gguf_tokenizer(model: str):
    """The tokenizer in the file, with its chat template. Raises ActivationError like `check_gguf`."""
    with _refusing(model, "tokenizer") as source:
        return AutoTokenizer.from_pretrained(**source)


def gguf_config(model: str):
    """The config in the file; its dtype is float32, to which the weights are dequantized.

    Raises ActivationError like `check_gguf`, and for an architecture that transformers does not read from GGUF.
    """
    return copy.deepcopy(_read_config(model, *_version(model)))


def gguf_module(model: str, *, dtype: torch.dtype | str, device_map: object) -> torch.nn.Module:
    """The transformers model with dequantized weights; dtype: a floating-point one, or "auto" for float32.

    Raises ActivationError like `gguf_config`, and where a weight is missing or cannot be dequantized.
    """
    if isinstance(dtype, str) and dtype != "auto":
        raise ActivationError(f"DTYPE={dtype} cannot quantize {model}, which is dequantized. Try: DTYPE=bfloat16")
    from transformers.utils.quantization_config import GgufConfig

    config = gguf_config(model)
    quiet = contextlib.redirect_stderr(io.StringIO())  # a progress bar that no setting of transformers turns off
    with _refusing(model, "weights") as source, quiet:
        module, report = AutoModelForCausalLM.from_pretrained(
            **source, config=config, dtype=config.dtype if dtype == "auto" else dtype, device_map=device_map,
            quantization_config=GgufConfig(dequantize=True), output_loading_info=True,
        )  # fmt: skip
    if missing := sorted([*report["missing_keys"], *report["mismatched_keys"]], key=str):
        raise ActivationError(f"{model} has no usable weights for {len(missing)} parameters ({missing[0]}, …)."
                              f" {GIVE_A_FOLDER}")  # fmt: skip
    module.config.__dict__.pop("quantization_config", None)
    return module


def _require_reader() -> None:
    """Refuse where the package `gguf`, or a transformers that dequantizes GGUF files, is not installed."""
    from transformers.utils import quantization_config

    if importlib.util.find_spec("gguf") is None or not hasattr(quantization_config, "GgufConfig"):
        raise ActivationError(
            "reading a GGUF file needs the package gguf, and transformers 5.23 or newer. Run: pip install"
            " 'tacit-lm[gguf]' (from a clone: pip install '.[gguf]')"
        )


def _version(model: str) -> tuple[int, int]:
    """Size and time of the last change: what is known of a file is forgotten when these differ."""
    status = Path(model).stat()
    return status.st_size, status.st_mtime_ns


@functools.lru_cache(maxsize=4)
def _check_contents(model: str, size: int, changed: int) -> None:
    from gguf import GGUFReader
    from transformers.integrations.gguf import read_gguf_metadata

    try:
        metadata, _ = read_gguf_metadata(model)  # a damaged count can keep GGUFReader busy for ever, but not this
        tensors = GGUFReader(model).tensors
    except Exception as error:  # both read bytes as they come, so a damaged file can raise anything
        raise _refusal(model, "header", error) from error
    if (parts := int(metadata.get("split.count", 1))) > 1:
        raise ActivationError(f"{model} is one of {parts} parts. Run: llama-gguf-split --merge {model} whole.gguf")
    _check_types(model, tensors)
    _check_rope(model, metadata, tensors)


def _check_types(model: str, tensors: list) -> None:
    """Refuse a quantization type that the package `gguf` cannot dequantize."""
    from gguf import dequantize

    for name, tensor in {tensor.tensor_type.name: tensor for tensor in tensors}.items():
        try:
            dequantize(tensor.data[:1], tensor.tensor_type)
        except (NotImplementedError, ValueError) as error:
            raise ActivationError(
                f"{model} has weights of type {name}, which cannot be dequantized. {REQUANTIZE}"
            ) from error


def _check_rope(model: str, metadata: dict, tensors: list) -> None:
    """Refuse scaled rotary embeddings: transformers would ignore the scaling, and compute other states."""
    architecture = metadata["general.architecture"]
    scaling = str(metadata.get(f"{architecture}.rope.scaling.type", ""))
    factors = [tensor for tensor in tensors if tensor.name.startswith("rope_") and not np.all(tensor.data == 1)]
    if factors or (scaling not in NO_ROPE_SCALING and architecture not in READS_ROPE_SCALING):
        raise ActivationError(
            f"{model} scales its rotary position embeddings ({factors[0].name if factors else scaling}), which"
            f" transformers does not read from a GGUF, so its states would be wrong. {GIVE_A_FOLDER}"
        )


@functools.lru_cache(maxsize=4)
def _read_config(model: str, size: int, changed: int):
    with _refusing(model, "config") as source:
        config = AutoConfig.from_pretrained(**source)
    config.dtype = torch.float32
    return config


@contextlib.contextmanager
def _refusing(model: str, what: str) -> Iterator[dict]:
    """Arguments of `from_pretrained`; whatever it raises becomes an ActivationError.

    The folder it is given holds nothing but a link to the file: transformers prefers a tokenizer.json, a chat template
    or a tokenizer_config.json beside the file to what is in it, and these are not in the fingerprint.
    """
    with tempfile.TemporaryDirectory(prefix="tacit-gguf-") as folder:
        link = Path(folder) / f"model{SUFFIX}"
        link.symlink_to(Path(model).resolve())
        try:
            yield {"pretrained_model_name_or_path": folder, "gguf_file": link.name}
        except Exception as error:  # ValueError, struct.error, IndexError, NotImplementedError, …
            raise _refusal(model, what, error, str(link)) from error


def _refusal(model: str, what: str, error: Exception, link: str = "") -> ActivationError:
    text = str(error).strip()
    reason = text.splitlines()[0][:200].rstrip(".") if text else type(error).__name__
    if "GGMLQuantizationType" in reason:
        return ActivationError(
            f"{model} has weights of a type that the package gguf does not know ({reason}). {REQUANTIZE}"
        )
    if "is not supported yet" in reason or "Unknown gguf model_type" in reason:
        return ActivationError(f"{model}: transformers cannot load it from GGUF ({reason}). {GIVE_A_FOLDER}")
    if isinstance(error, MemoryError | torch.OutOfMemoryError):
        return ActivationError(f"{model} does not fit into memory once dequantized ({reason}). Try: DTYPE=bfloat16")
    reason = reason.replace(link, model) if link else reason
    return ActivationError(
        f"could not read the {what} of {model} ({reason}). If the file is damaged or incomplete, download it again"
    )
