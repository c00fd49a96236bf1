"""Cached residuals are the model's own hidden states, however they are batched and padded."""

from __future__ import annotations

import pytest
import torch

from tacit.activations.model.capture import batches, check_subject, halving
from tacit.activations.model.prompts import encode, renderer
from tacit.errors import ActivationError
from tests.activations.helpers import MESSAGES, fresh_subject_for, last_states, subject_for

FAMILIES = ["llama", "gpt2", "gpt_neox", "gemma2", "qwen2", "gpt_neo"]


def _prompts(subject):
    render = renderer(subject.tokenizer, "")
    return encode(subject.tokenizer, [render(message) for message in MESSAGES])


def _reference(subject, prompt):
    """`(n_layers, d_model)`: embeddings and every block, by hooks on the plain model, before the final norm."""
    seen = []
    blocks = [block._module for block in subject.blocks]
    handles = [
        blocks[0].register_forward_pre_hook(
            lambda _m, args, kwargs: seen.append(args[0] if args else kwargs["hidden_states"]), with_kwargs=True
        )
    ]
    handles += [
        b.register_forward_hook(lambda _m, _i, out: seen.append(out[0] if isinstance(out, tuple) else out))
        for b in blocks
    ]
    with torch.inference_mode():
        states = subject.module(torch.tensor([prompt.ids]), output_hidden_states=True).hidden_states
    for handle in handles:
        handle.remove()
    for layer in range(len(blocks)):  # transformers puts the final norm into its last entry, and only there
        torch.testing.assert_close(seen[layer], states[layer])
    return torch.stack([state[0, -1] for state in seen])


@pytest.mark.parametrize("family", FAMILIES)
def test_residuals_equal_the_models_own_hidden_states_at_every_layer(tiny, family):
    subject = subject_for(tiny(family))
    prompts = _prompts(subject)
    ours = last_states(subject, prompts)
    assert ours.shape == (subject.n_layers, len(prompts), 32)
    for i, prompt in enumerate(prompts):
        torch.testing.assert_close(ours[:, i], _reference(subject, prompt), atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("side", ["left", "right"])
def test_batched_equals_unbatched_whatever_side_the_tokenizer_pads(tiny, family, side):
    subject = fresh_subject_for(tiny(family))
    subject.tokenizer.padding_side = side
    prompts = _prompts(subject)
    assert len({len(prompt.ids) for prompt in prompts}) > 2
    together = last_states(subject, prompts)
    alone = [last_states(subject, [prompt]) for prompt in prompts]
    torch.testing.assert_close(together, torch.cat(alone, dim=1), atol=1e-5, rtol=1e-4)


def test_both_kinds_of_block_output_are_covered(tiny):
    kinds = set()
    for family in FAMILIES:
        subject = fresh_subject_for(tiny(family))
        subject.blocks[0]._module.register_forward_hook(lambda _m, _i, out: kinds.add(type(out).__name__))
        check_subject(subject)
    assert kinds == {"Tensor", "tuple"}


def test_batches_hold_every_prompt_once_within_the_token_budget():
    lengths = [5, 90, 17, 17, 3, 40, 8]
    found = list(batches(lengths, 100))
    assert sorted(i for batch in found for i in batch) == list(range(7))
    assert all(len(batch) * max(lengths[i] for i in batch) <= 100 for batch in found)


def test_out_of_memory_halves_the_batch_and_goes_on():
    def run(batch):
        if len(batch) > 2:
            raise torch.OutOfMemoryError("too large")
        return batch

    assert [i for part in halving(list(range(7)), run) for i in part] == list(range(7))


def test_one_prompt_that_does_not_fit_is_a_clear_error():
    def run(batch):
        raise torch.OutOfMemoryError("too large")

    with pytest.raises(ActivationError, match="one prompt alone does not fit"):
        halving([0, 1], run)


def test_a_model_that_computes_nan_is_refused_before_it_is_cached(tiny):
    subject = fresh_subject_for(tiny("llama"))
    with torch.no_grad():
        subject.blocks[1]._module.mlp.down_proj.weight.fill_(float("nan"))
    with pytest.raises(ActivationError, match="layer 2 gives values that are not finite"):
        check_subject(subject)
