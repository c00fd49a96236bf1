"""Answers' log-probabilities against the definition: the product of next-token probabilities."""

from __future__ import annotations

import math

import pytest
import torch

from tacit.activations.model.answer_logprobs import branching, score, spellings
from tacit.activations.model.generate import generate
from tacit.activations.model.prompts import Prompt, encode, renderer
from tests.activations.helpers import subject_for


def test_only_forks_between_different_answers_need_a_pass():
    paths = {(1,): 0, (1, 7): 1, (2,): 2, (3, 4, 5): 3}
    assert branching(paths) == {(), (1,)}


def test_an_answer_that_begins_another_must_stop_there():
    first = torch.log(torch.tensor([[0.0, 0.6, 0.4]]).clamp_min(1e-9))
    after_one = torch.log(torch.tensor([[0.25, 0.5, 0.25]]))
    logps = score({(1,): 0, (1, 1): 1, (2,): 2}, 3, first, lambda node: after_one)
    assert logps.exp()[0].tolist() == pytest.approx([0.6 * 0.5, 0.6 * 0.5, 0.4])


def test_spellings_of_one_answer_add_up_and_an_unspellable_one_is_minus_infinity():
    first = torch.log(torch.tensor([[0.1, 0.2, 0.3, 0.4]]))
    logps = score({(1,): 0, (2,): 0, (3,): 1}, 3, first, lambda node: first)
    assert logps.exp()[0].tolist() == pytest.approx([0.5, 0.4, 0.0])
    assert logps[0, 2] == -math.inf


def test_scores_equal_the_longhand_product_over_tokens(tiny):
    subject = subject_for(tiny("llama"))
    prompt = encode(subject.tokenizer, [renderer(subject.tokenizer, "")("How many?")])[0]
    answers = [str(i) for i in range(1, 31)]
    paths = spellings(subject.tokenizer, prompt.text, answers, special=False)
    assert any(len(path) > 1 for path in paths), "the test needs numbers of several tokens"
    first = generate(subject, [prompt], 1)[1]

    def next_after(node):
        return generate(subject, [Prompt("", (*prompt.ids, *node))], 1)[1]

    logps = score(paths, len(answers), first, next_after)[0]
    deciding = branching(paths) | {()}
    for index in (0, 1, 16, 29):
        total = 0.0
        for path in (path for path, owner in paths.items() if owner == index):
            p = 1.0
            for at in range(len(path)):
                if path[:at] in deciding:
                    logits = subject.module(torch.tensor([(*prompt.ids, *path[:at])])).logits[0, -1]
                    p *= logits.softmax(-1)[path[at]].item()
            if path in deciding:
                logits = subject.module(torch.tensor([(*prompt.ids, *path)])).logits[0, -1].softmax(-1)
                p *= 1 - sum(
                    logits[t].item() for t in {o[len(path)] for o in paths if o[: len(path)] == path and o != path}
                )
            total += p
        assert logps[index].exp().item() == pytest.approx(total, rel=1e-4)


def test_spellings_cover_capitals_and_a_leading_space_and_drop_ambiguous_ones(tiny):
    tokenizer = subject_for(tiny("llama")).tokenizer
    rendered = renderer(tokenizer, "")("Do you know?")
    texts = {tokenizer.decode(path) for path in spellings(tokenizer, rendered, ["no", "yes"], special=False)}
    assert texts == {"no", "No", " no", " No", "yes", "Yes", " yes", " Yes"}
    assert (
        spellings(tokenizer, rendered, ["yes", "Yes"], special=False)
        .keys()
        .isdisjoint({tuple(tokenizer("Yes")["input_ids"])})
    )
