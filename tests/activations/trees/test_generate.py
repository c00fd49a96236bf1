"""Replies: batched equals alone, the checkpoint's sampling settings are set aside, and the end of a turn is seen."""

from __future__ import annotations

import pytest
import torch

from tacit.activations.model.prompts import encode
from tacit.activations.trees.generate import _cut, generate
from tests.activations.helpers import subject_for


def test_the_first_tokens_log_probabilities_are_the_models_own(tiny):
    subject = subject_for(tiny("llama"))
    prompt = encode(subject.tokenizer, ["Where was Ada born?"])[0]
    expected = subject.module(torch.tensor([prompt.ids])).logits[0, -1].detach().log_softmax(-1)
    torch.testing.assert_close(generate(subject, [prompt], 2)[1][0], expected, atol=1e-5, rtol=1e-4)


def test_sampling_settings_of_the_checkpoint_do_not_reach_the_replies(tiny):
    subject = subject_for(tiny("llama"))
    prompt = encode(subject.tokenizer, ["Where was Ada born?"])[0]
    before = generate(subject, [prompt], 8)[0][0].ids
    saved = subject.module.generation_config
    subject.module.generation_config.repetition_penalty = 50.0
    subject.module.generation_config.suppress_tokens = list(range(200))
    assert generate(subject, [prompt], 8)[0][0].ids == before
    assert subject.module.generation_config is saved


@pytest.mark.parametrize("family", ["llama", "mamba"])
def test_a_replys_log_probability_is_the_sum_over_its_tokens_of_a_plain_pass(tiny, family):
    subject = subject_for(tiny(family))
    prompts = encode(subject.tokenizer, ["Where was Ada born?", "now, or in the end of December?"])
    for prompt, reply in zip(prompts, generate(subject, prompts, 4)[0], strict=True):
        ids, total = list(prompt.ids), 0.0
        for step in range(len(reply.ids)):
            logps = subject.module(torch.tensor([ids])).logits[0, -1].detach().log_softmax(-1)
            total += float(logps.max())
            if step == 0:
                assert reply.first_logprob == pytest.approx(float(logps.max()), abs=1e-4)
                assert reply.ids[0] == int(logps.argmax())
            ids.append(int(logps.argmax()))
        assert reply.logprob == pytest.approx(total, abs=1e-3)


def test_what_follows_the_end_of_a_turn_adds_nothing_to_the_log_probability(tiny):
    subject = subject_for(tiny("llama"))
    end = subject.tokenizer.eos_token_id
    reply = _cut([7, end, 9, 9], [end], [-1.0, -0.5, -40.0, -40.0])
    assert (len(reply.ids), reply.ended, reply.logprob, reply.first_logprob) == (2, True, -1.5, -1.0)
