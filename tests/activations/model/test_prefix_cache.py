"""Going on from cached keys and values gives what whole prompts give, and a model that cannot is found out."""

from __future__ import annotations

import pytest
import torch

from tacit.activations.model.capture import pad
from tacit.activations.model.prefix_cache import Beginning, can_continue, continued, continued_batch
from tacit.activations.model.prompts import encode, renderer
from tests.activations.helpers import MESSAGES, subject_for


@pytest.mark.parametrize("family", ["llama", "gpt2", "gemma2", "gemma3", "bloom"])
def test_next_tokens_after_a_few_more_are_those_of_the_whole_prompt(tiny, family):
    subject = subject_for(tiny(family))
    render = renderer(subject.tokenizer, "")
    prompts = encode(subject.tokenizer, [render(message) for message in MESSAGES])
    inputs = pad([p.ids for p in prompts], subject.tokenizer.pad_token_id, subject.device, side="right")
    after = continued(subject, inputs)
    for node in ((7,), (7, 8), (9,)):
        logps = after(node)
        for i, prompt in enumerate(prompts):
            whole = subject.module(torch.tensor([[*prompt.ids, *node]])).logits[0, -1].detach().log_softmax(-1)
            torch.testing.assert_close(logps[i], whole, atol=1e-4, rtol=1e-3)


def test_a_beginning_serves_any_number_of_rows(tiny):
    subject = subject_for(tiny("llama"))
    beginning = Beginning(subject, [5, 6, 7, 8])
    for n in (1, 3, 2):
        batch = continued_batch(subject, beginning, [[9]] * n)
        hidden = subject.body(**batch.inputs)[0][:, -1]
        whole = subject.body(input_ids=torch.tensor([[5, 6, 7, 8, 9]]))[0][:, -1]
        torch.testing.assert_close(hidden, whole.expand(n, -1), atol=1e-5, rtol=1e-4)


def test_a_model_that_ignores_its_cache_is_found_out(tiny, monkeypatch):
    subject = subject_for(tiny("llama"))
    assert can_continue(subject)
    real = subject.traced.trace

    def forgetful(inputs):
        return real({key: value for key, value in inputs.items() if key in ("input_ids", "use_cache")})

    monkeypatch.setattr(subject.traced, "trace", forgetful, raising=False)
    assert not can_continue(subject)
