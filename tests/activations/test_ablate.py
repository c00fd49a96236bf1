"""Ablation in the model against hooks on the plain model, for whole prompts and for shared beginnings."""

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import torch

from tacit.activations import ActivationError
from tacit.activations.ablate import Ablator
from tacit.activations.model.prompts import encode, renderer
from tests.activations.helpers import MESSAGES, last_states, settings_for, subject_for

FAMILIES = ["gpt2", "llama", "gemma2", "gpt_neo"]


def prompts_of(subject):
    return encode(subject.tokenizer, [renderer(subject.tokenizer, "")(text) for text in MESSAGES])


def ablator_for(folder, *, shares=None, spoiled=0.0):
    """An ablator over a store that holds the messages' own states, off by `spoiled`."""
    subject, settings = subject_for(folder), settings_for(folder)
    states = last_states(subject, prompts_of(subject)).float().numpy()
    items = pd.DataFrame({"target": "knowledge", "item_id": list("abcd"), "object_prompt": MESSAGES})
    store = SimpleNamespace(
        items=items, load=lambda target, condition, site, layer: states[layer] + spoiled,
        path=Path("runs/a-run/activations"),
    )  # fmt: skip
    found = Ablator(subject, store, settings)
    if shares is not None:
        found.shares = shares
    return found


def by_hooks(subject, prompt, layer, shift):
    """KL of the next token after a shift of the last token's state from the one before it, the plain way."""

    def hook(_module, args, output=None):
        state = args[0] if output is None else output[0] if isinstance(output, tuple) else output
        state[:, -1] += shift
        return None if output is None else output

    logps = []
    for moved in (False, True):
        block = subject.blocks[layer - 1 if layer else 0]._module
        register = block.register_forward_hook if layer else block.register_forward_pre_hook
        handle = register(hook) if moved else None
        with torch.inference_mode():
            logits = subject.module(input_ids=torch.tensor([list(prompt.ids)])).logits[0, -1]
        logps.append(torch.log_softmax(logits.float(), dim=-1))
        if handle is not None:
            handle.remove()
    return float((logps[0].exp() * (logps[0] - logps[1])).sum())


@pytest.mark.parametrize("shares", [True, False])
@pytest.mark.parametrize("family", FAMILIES)
def test_divergences_are_those_of_the_plain_model_with_a_hook(tiny, family, shares):
    ablator = ablator_for(tiny(family), shares=shares and None)
    rows, rng = np.array([0, 3]), np.random.default_rng(0)
    for layer in range(ablator.subject.n_layers):
        shifts = rng.normal(size=(3, 2, ablator.subject.d_model)).astype(np.float32)
        found = ablator.ablate("knowledge", "plain", "object", layer, rows, shifts)
        prompts = prompts_of(ablator.subject)
        wanted = [
            [
                by_hooks(ablator.subject, prompts[row], layer, torch.from_numpy(shifts[k, i]))
                for i, row in enumerate(rows)
            ]
            for k in range(3)
        ]
        assert found == pytest.approx(np.array(wanted), rel=2e-3, abs=1e-6)


def test_a_state_that_is_not_moved_changes_nothing_and_every_prompt_is_ticked(tiny):
    ablator, ticks = ablator_for(tiny("llama")), []
    shifts = np.zeros((2, 4, ablator.subject.d_model), dtype=np.float32)
    found = ablator.ablate("knowledge", "plain", "object", 1, np.arange(4), shifts, tick=ticks.append)
    assert found == pytest.approx(0, abs=1e-9)
    assert sum(ticks) == 4


def test_states_that_are_not_the_cached_ones_are_refused(tiny):
    ablator = ablator_for(tiny("llama"), spoiled=1.0)
    shifts = np.zeros((1, 1, ablator.subject.d_model), dtype=np.float32)
    with pytest.raises(ActivationError, match=r"item a: the state differs.*Run: tacit cache a-run"):
        ablator.ablate("knowledge", "plain", "object", 1, np.array([0]), shifts)
