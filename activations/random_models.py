"""Random-initialised models of the same architecture, run on the same prompts.

In: the entries of a run. Out: a store per seed in `<activations>/twins/<seed>/`, in the same format as the model's own
store, but without replies, which would be meaningless: where the model thinks first, its own thoughts are read. What a
probe decodes from such a model comes from the text and the architecture, not from training. The architecture must run
on this machine: a remote model gets no random-initialised models, and for a quantized model they use the dtype in which
it computes.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pandas as pd
import torch
from nnsight import TransformersModel
from transformers import AutoModelForCausalLM

from tacit.activations.model.load import Subject, load_config, load_tokenizer, pick_device, pick_dtype, subject_of
from tacit.activations.model.sites import PROMPTS
from tacit.activations.plan import Entry
from tacit.activations.store.store import TWINS, Store, open_store
from tacit.activations.workers.processes import Crew, Workers
from tacit.activations.write_shards import cache_entries
from tacit.errors import ActivationError
from tacit.settings import Settings
from tacit.targets.questions import Question

N_TWINS = 3


def cache_twins(
    folder: Path, entries: Sequence[Entry], items: pd.DataFrame, settings: Settings, tokenizer,
    say: Callable[[str], None], *, n: int = N_TWINS, crew: Crew | None = None,
) -> bool:  # fmt: skip
    """Cache random-initialised models with seeds 0 to n - 1 where missing; returns whether any had to run.

    folder: the `activations` folder of the run. crew: processes that share the work where that pays; None for this one
    alone. A remote model gets none, and `say` is told so.
    Raises ActivationError as `cache_entries` does, and where the architecture cannot be built from its config.
    """
    if settings.remote:
        say("skipped: random-initialised models of the same architecture (the model is remote)")
        return False
    store = open_store(folder) if (folder / "manifest.json").is_file() else None
    if store and (threads := store.manifest.get("threads")):
        torch.set_num_threads(threads)  # the last bits depend on it, and the model itself need not have been loaded
    ran = False
    for seed in range(n):
        mine = [twin_entry(entry, seed, _thoughts(entry, store)) for entry in entries if entry.sites]
        known = {"id": f"random twin of {settings.model}", "seed": str(seed)}
        where, load = folder / TWINS / str(seed), lambda seed=seed: random_subject(settings, tokenizer, seed=seed)
        name = f"random-initialised model {seed + 1} of {n}"
        ran |= cache_entries(
            where, mine, items, settings, known, load, lambda line, name=name: say(f"{name}: {line}"),
            workers=Workers(crew, LoadRandom(settings, seed)) if crew else None,
        )  # fmt: skip
    return ran


@dataclass(frozen=True)
class LoadRandom:
    """Builds the random-initialised model of a seed, in whichever process it is called."""

    settings: Settings
    seed: int

    def __call__(self) -> Subject:
        """Raises ActivationError as `random_subject` does."""
        return random_subject(self.settings, load_tokenizer(self.settings), seed=self.seed)


def random_subject(settings: Settings, tokenizer, *, seed: int) -> Subject:
    """The model's architecture, dtype and device, with weights drawn by its own initialisation from `seed`.

    Raises ActivationError where the config alone does not say which class to build.
    """
    device = pick_device(settings.device)
    dtype = pick_dtype(settings.dtype, device)
    config = load_config(settings)
    config.__dict__.pop("quantization_config", None)
    known = torch.get_rng_state()
    torch.manual_seed(seed)
    try:
        module = AutoModelForCausalLM.from_config(
            config, trust_remote_code=settings.trust_remote_code,
            dtype=dtype if isinstance(dtype, torch.dtype) else config.dtype,
        )  # fmt: skip
    except (ValueError, KeyError, ImportError, RuntimeError) as error:
        reason = str(error).strip().splitlines()[0][:200]
        raise ActivationError(
            f"{settings.model}: its architecture cannot be built from its config ({reason}). Try: --twins 0"
        ) from error
    finally:
        torch.set_rng_state(known)
    traced = TransformersModel(module.to(device).eval(), tokenizer=tokenizer, task="text-generation")
    return subject_of(traced, tokenizer, device)


def _thoughts(entry: Entry, store: Store | None) -> dict[str, list[list[int]]]:
    """What the model itself thought, per item; {} of one that does not think first."""
    found = store.thoughts(entry.ask.target, entry.condition) if store else {}
    return {"report": [found[item_id] for item_id in entry.ask.items["item_id"]]} if found else {}


def twin_entry(entry: Entry, seed: int, thoughts: Mapping[str, Sequence[Sequence[int]]]) -> Entry:
    """The same prompts under a key of its own, to cache activations but no replies."""
    asked = [question for question in entry.ask.questions if question.key in PROMPTS]
    silent = tuple(Question(question.prompt, question.texts, elicitation=question.elicitation) for question in asked)
    read = f"{entry.key} twin {seed}" + (f" {json.dumps(thoughts)}" if thoughts else "")
    key = hashlib.sha256(read.encode()).hexdigest()
    prompts = {kind: entry.prompts[kind] for kind in PROMPTS}
    return replace(entry, ask=replace(entry.ask, questions=silent), prompts=prompts, thoughts=thoughts, key=key)
