"""Replies: batched equals alone, the checkpoint's sampling settings are set aside, and the end of a turn is seen."""

from __future__ import annotations

import torch

from activations.prompts import encode
from activations.replies import generate
from tests.activations.helpers import subject_for


def test_the_first_tokens_log_probabilities_are_the_models_own(tiny):
    subject = subject_for(tiny("llama"))
    prompt = encode(subject.tokenizer, ["Where was Ada born?"])[0]
    expected = subject.module(torch.tensor([prompt.ids])).logits[0, -1].log_softmax(-1)
    torch.testing.assert_close(generate(subject, [prompt], 2)[1][0], expected, atol=1e-5, rtol=1e-4)


def test_sampling_settings_of_the_checkpoint_do_not_reach_the_replies(tiny):
    subject = subject_for(tiny("llama"))
    prompt = encode(subject.tokenizer, ["Where was Ada born?"])[0]
    before = generate(subject, [prompt], 8)[0][0].text
    saved = subject.module.generation_config
    subject.module.generation_config.repetition_penalty = 50.0
    subject.module.generation_config.suppress_tokens = list(range(200))
    assert generate(subject, [prompt], 8)[0][0].text == before
    assert subject.module.generation_config is saved
