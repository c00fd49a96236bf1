"""Load a hub id, a folder or a GGUF file as a `Subject`: the traced model, its tokenizer, its blocks, its fingerprint.

Weights are read from safetensors or GGUF only (a pickle can run code); the model's own Python code runs only with
`--trust-remote-code`.
"""

from __future__ import annotations

import logging
import re
from dataclasses import dataclass
from pathlib import Path

import torch
from nnsight import TransformersModel
from nnsight.modeling.quantization import QUANTIZATIONS
from safetensors import SafetensorError
from transformers import AutoConfig, AutoTokenizer
from transformers.utils import SAFE_WEIGHTS_INDEX_NAME, cached_file
from transformers.utils import logging as transformers_logging

from tacit.activations.model.arithmetic import fastest_threads
from tacit.activations.model.blocks import find_blocks
from tacit.activations.model.checkpoint import (
    check_adapter,
    check_folder,
    check_index,
    check_loaded,
    loaded_files,
    recorded_reports,
)
from tacit.activations.model.gguf_file import check_gguf, gguf_config, gguf_module, gguf_tokenizer, is_gguf
from tacit.activations.templates.chat_template import choose_template
from tacit.errors import ActivationError
from tacit.files import sha256_of
from tacit.settings import Settings

UNLOADABLE = (OSError, ValueError, KeyError, ImportError, RuntimeError, AttributeError, TypeError, SafetensorError)
"""What transformers, peft and safetensors raise for a checkpoint that they cannot load."""
REASON = 700
"""Most characters of another library's error."""


@dataclass(frozen=True)
class Subject:
    """The model under study, loaded and ready to be traced."""

    traced: TransformersModel
    """nnsight's view of the model."""
    tokenizer: object
    """The tokenizer that ships with the model, with a pad token."""
    blocks: tuple
    """nnsight's envoys of the decoder blocks, in order."""
    d_model: int
    """Width of the residual stream."""
    context: int | None
    """Longest input in tokens; None where the config sets no limit."""
    window: int | None
    """Length of the shortest sliding attention window in tokens; None where every layer attends to everything."""
    device: torch.device
    """Device of the inputs."""
    dtype: torch.dtype
    """Dtype in which the residual stream is computed and cached."""
    body_path: str
    """Name of the module that holds the blocks, e.g. `model` or `model.decoder`."""
    remote: str = ""
    """Empty for a model on this machine; `ndif` for one on NDIF; `local` simulates NDIF on this machine."""

    @property
    def elsewhere(self) -> dict:
        """Keyword arguments of a trace that say where it runs."""
        return {"remote": True if self.remote == "ndif" else self.remote} if self.remote else {}

    @property
    def body(self) -> torch.nn.Module:
        """The decoder without its vocabulary head: the module that holds the blocks."""
        return self.traced_body._module

    @property
    def traced_body(self):
        """nnsight's envoy of the decoder without its vocabulary head."""
        return self.traced.get(self.body_path)

    @property
    def module(self) -> torch.nn.Module:
        """The transformers model itself."""
        return self.traced._module

    @property
    def n_layers(self) -> int:
        """Layers that are cached: the embeddings and each block."""
        return len(self.blocks) + 1


@dataclass(frozen=True)
class LoadModel:
    """Loads the model of these settings, in whichever process it is called."""

    settings: Settings

    def __call__(self) -> Subject:
        """Raises ActivationError where the model cannot be loaded."""
        return load_subject(self.settings, load_tokenizer(self.settings))


def pick_device(name: str) -> torch.device:
    """`auto` is cuda, then mps, then cpu. Raises ActivationError for a device that is not available."""
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "mps" if torch.backends.mps.is_available() else "cpu"
    try:
        device = torch.device(name)
        torch.empty(1, device=device)
    except (RuntimeError, AssertionError) as error:
        reason = str(error).splitlines()[0]
        raise ActivationError(f"device {name!r} is not available ({reason}). Try: DEVICE=cpu") from error
    return device


def pick_dtype(name: str, device: torch.device) -> torch.dtype | str:
    """A torch dtype; `auto` is float32 on the CPU, elsewhere `"auto"`, the checkpoint's own.

    nnsight's names of quantizations (`int8`, `nf4`, `fp8`, …) are returned unchanged.
    """
    if name == "auto":
        return torch.float32 if device.type == "cpu" else "auto"
    if name in QUANTIZATIONS:
        return name
    dtype = getattr(torch, name, None)
    if not isinstance(dtype, torch.dtype) or not dtype.is_floating_point:
        quantized = ", ".join(QUANTIZATIONS)
        raise ActivationError(
            f"{name!r} is not a floating-point dtype. Try: DTYPE=float32, bfloat16, float16 ({quantized})"
        )
    return dtype


def dtype_name(settings: Settings, config) -> str:
    """The dtype in which the model will run, e.g. `float32`, known before its weights are read."""
    dtype = pick_dtype(settings.dtype, pick_device(settings.device))
    return str(config.dtype if dtype == "auto" else dtype).removeprefix("torch.")


def load_tokenizer(settings: Settings):
    """The model's tokenizer. Raises ActivationError where there is none."""
    _check_model(settings)
    for name in ("huggingface_hub", "transformers"):  # both log every retry; the outcome is reported below in one line
        logging.getLogger(name).setLevel(logging.ERROR)
    tokenizer = gguf_tokenizer(settings.model) if is_gguf(settings.model) else _tokenizer(settings)
    if tokenizer is None or tokenizer.vocab_size == 0:
        raise ActivationError(f"{settings.model} has no tokenizer. Save it with tokenizer.save_pretrained(folder).")
    if tokenizer.pad_token is None:
        tokenizer.pad_token = tokenizer.eos_token or tokenizer.convert_ids_to_tokens(0)
    choose_template(tokenizer, settings)
    return tokenizer


def load_config(settings: Settings):
    """The model's config. Raises ActivationError for a model or an adapter that cannot be found."""
    _check_model(settings)
    check_adapter(settings.peft)
    if is_gguf(settings.model):
        return gguf_config(settings.model)
    try:
        return AutoConfig.from_pretrained(settings.model, **_where(settings))
    except Exception as error:  # a config may hold anything, and what is raised for it differs from class to class
        raise _unreadable(settings, "config", error) from error


def load_subject(settings: Settings, tokenizer) -> Subject:
    """Load the weights and find the blocks.

    Raises ActivationError when weights are missing, in whole or in part, or are pickled, or the blocks cannot be found.
    """
    transformers_logging.disable_progress_bar()
    device = pick_device("cpu" if settings.remote else settings.device)
    source, options = settings.model, _how(settings, device) | _where(settings)
    if is_gguf(settings.model):
        _check_model(settings)
        source = gguf_module(settings.model, dtype=options["dtype"], device_map=options["device_map"])
        options = {name: options[name] for name in ("task", "peft")}
    try:
        _check_hub_index(settings)
        with recorded_reports() as reports:
            traced = TransformersModel(source, tokenizer=tokenizer, **options)
    except ActivationError:
        raise
    except UNLOADABLE as error:
        raise _unreadable(settings, "weights", error) from error
    check_loaded(settings.model, reports)
    traced.eval()
    if device.type == "cpu" and not settings.remote:
        torch.set_num_threads(fastest_threads(traced._module))
    return subject_of(traced, tokenizer, device, remote=settings.remote)


def subject_of(traced: TransformersModel, tokenizer, device: torch.device, *, remote: str = "") -> Subject:
    """The `Subject` of a model in memory. Raises ActivationError when its blocks cannot be found."""
    path, n_blocks = find_blocks(traced._module)
    config = traced._module.config.get_text_config()
    return Subject(
        traced=traced,
        tokenizer=tokenizer,
        blocks=tuple(traced.get(f"{path}.{i}") for i in range(n_blocks)),
        d_model=config.hidden_size,
        context=context_of(config),
        window=window_of(config),
        device=device,
        dtype=traced._module.dtype,
        body_path=path.rpartition(".")[0],
        remote=remote,
    )


def context_of(config) -> int | None:
    """The longest input in tokens that a config allows, or None where it sets no limit (Mamba, ALiBi)."""
    return getattr(config.get_text_config(), "max_position_embeddings", None)


def window_of(config) -> int | None:
    """The shortest attention window of any layer, in tokens; None without one."""
    names = ("sliding_window", "window_size", "attention_window_size")
    return min((size for name in names if (size := getattr(config, name, None))), default=None)


def fingerprint(settings: Settings, config) -> dict[str, str]:
    """What identifies the weights: the commit on the hub, or the hashes of a GGUF file or of a local folder's files."""
    adapter = {f"peft/{name}": digest for name, digest in _weights(settings.peft).items()} if settings.peft else {}
    if not Path(settings.model).is_dir() and not is_gguf(settings.model):
        commit = getattr(config, "_commit_hash", None) or settings.revision or "main"
        return {"id": settings.model, "revision": commit, **adapter}
    return {"id": Path(settings.model).resolve().name, **_weights(settings.model), **adapter}


def _weights(model: str) -> dict[str, str]:
    """File name -> sha256 of a GGUF file, or of the weights and configs in a local folder; of a hub id, only the id."""
    folder = Path(model)
    if is_gguf(model):
        return {folder.name: sha256_of(folder)}
    if not folder.is_dir():
        return {"id": model}
    loaded = loaded_files(folder)
    return {file.name: sha256_of(file) for file in sorted([*loaded, *folder.glob("*config.json")])}


def _tokenizer(settings: Settings):
    try:
        return AutoTokenizer.from_pretrained(settings.model, **_where(settings))
    except UNLOADABLE as error:
        raise _unreadable(settings, "tokenizer", error) from error


def _how(settings: Settings, device: torch.device) -> dict:
    """Keyword arguments for loading; a remote model is built here without its weights."""
    options: dict = {"task": "text-generation", "peft": settings.peft or None}
    if settings.remote:
        return options | {"dtype": pick_dtype(settings.dtype, torch.device("meta"))}
    placed = settings.device_map or {"": device}
    return options | {
        "dispatch": True,
        "use_safetensors": True,
        "dtype": pick_dtype(settings.dtype, device),
        "device_map": placed,
    }


def _where(settings: Settings) -> dict:
    revision = {"revision": settings.revision} if settings.revision else {}
    return {**revision, "trust_remote_code": settings.trust_remote_code}


def _check_model(settings: Settings) -> None:
    """Refuse a folder or a GGUF file that cannot be loaded, before anything is read from the hub."""
    if is_gguf(settings.model):
        check_gguf(settings.model, remote=settings.remote)
    else:
        check_folder(settings.model)


def _check_hub_index(settings: Settings) -> None:
    """Refuse a model on the hub whose index of weight files names pickles; of a folder this was checked before."""
    if settings.remote or is_gguf(settings.model) or Path(settings.model).is_dir():
        return
    revision = {"revision": settings.revision} if settings.revision else {}
    path = cached_file(settings.model, SAFE_WEIGHTS_INDEX_NAME, _raise_exceptions_for_missing_entries=False, **revision)
    if path:
        check_index(Path(path), settings.model)


def _reason(text: str) -> str:
    """The whole of an error's text in one line, without tracebacks inside it: shapes and names come late in it."""
    if "Traceback (most recent call last)" in text:
        text = re.findall(r"^\w*(?:Error|Exception): .*", text, flags=re.MULTILINE)[-1:] or [text]
        text = text[0]
    return " ".join(text.split())[:REASON].rstrip(".")


def _unreadable(settings: Settings, what: str, error: Exception) -> ActivationError:
    text = str(error).strip()
    reason = _reason(text) or type(error).__name__
    if not Path(settings.model).is_dir() and re.search(r"connect|offline|cached", text):
        reason, advice = "the hub cannot be reached, and the model is not in the local cache", "Give a folder: MODEL=…"
    elif re.search(r"trust_remote_code|custom code|does not recognize this architecture", text):
        advice = "If the model needs its own Python code and you trust it: --trust-remote-code"
    else:
        advice = "Check MODEL, --revision and DTYPE"
    return ActivationError(f"could not load the {what} of {settings.model}: {reason}. {advice}")
