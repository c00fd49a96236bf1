"""Decoders of many families, found by structure: states, replies and shared work are those of the plain model."""

from __future__ import annotations

import pytest
import torch

from tacit.activations.model.capture import check_subject
from tacit.activations.model.prefix_cache import can_continue
from tacit.activations.model.prompts import encode, renderer
from tacit.activations.trees.generate import generate
from tests.activations.helpers import MESSAGES, last_states, subject_for
from tests.conftest import ARCHITECTURES

RECURRENT = {"mamba", "mamba2"}


def _hooked(subject, prompt):
    """`(n_blocks, d_model)`: what each block hands on at the last token, by hooks on the plain model."""
    seen = []
    handles = [
        block._module.register_forward_hook(lambda _m, _i, out: seen.append(out[0] if isinstance(out, tuple) else out))
        for block in subject.blocks
    ]
    with torch.inference_mode():
        subject.module(torch.tensor([prompt.ids]))
    for handle in handles:
        handle.remove()
    return torch.stack([state[0, -1] for state in seen])


@pytest.mark.parametrize("family", sorted(ARCHITECTURES))
def test_a_family_is_read_as_it_computes(tiny, family):
    subject = subject_for(tiny(family))
    check_subject(subject)
    render = renderer(subject.tokenizer, "")
    prompts = encode(subject.tokenizer, [render(message) for message in MESSAGES])
    ours = last_states(subject, prompts)
    for i, prompt in enumerate(prompts):
        torch.testing.assert_close(ours[1:, i], _hooked(subject, prompt), atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize("family", sorted(ARCHITECTURES))
def test_a_family_replies_in_batches_as_it_does_alone(tiny, family):
    subject = subject_for(tiny(family))
    render = renderer(subject.tokenizer, "")
    prompts = encode(subject.tokenizer, [render(message) for message in MESSAGES])
    together, first = generate(subject, prompts, 4)
    for i, prompt in enumerate(prompts):
        alone, logps = generate(subject, [prompt], 4)
        assert alone[0].ids == together[i].ids
        assert alone[0].logprob == pytest.approx(together[i].logprob, abs=1e-4)
        torch.testing.assert_close(logps[0], first[i], atol=1e-4, rtol=1e-3)


@pytest.mark.parametrize("family", sorted(ARCHITECTURES))
def test_work_is_shared_wherever_the_past_is_keys_and_values(tiny, family):
    assert can_continue(subject_for(tiny(family))) == (family not in RECURRENT)
