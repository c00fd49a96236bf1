"""Answers' log-probabilities against the definition: the product of next-token probabilities."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from tacit.activations.model.prompts import encode, renderer
from tacit.activations.trees.answers import answer_logprobs, branching, spellings, tokens_wanted
from tacit.activations.trees.jobs import Job, Tally
from tacit.activations.trees.run import run_trees
from tests.activations.helpers import subject_for


def test_only_forks_between_different_answers_need_a_pass():
    paths = {(1,): 0, (1, 7): 1, (2,): 2, (3, 4, 5): 3}
    assert branching(paths) == {(), (1,)}


def known(paths, tables) -> dict:
    """Log-probabilities at each wanted path out of rows of probabilities."""
    return {
        path: {token: np.log(np.maximum([tables[path][token]], 1e-9)) for token in tokens}
        for path, tokens in tokens_wanted(paths).items()
    }


def test_an_answer_that_begins_another_must_stop_there():
    paths = {(1,): 0, (1, 1): 1, (2,): 2}
    logps = answer_logprobs(paths, 3, known(paths, {(): [0.0, 0.6, 0.4], (1,): [0.25, 0.5, 0.25]}))
    assert np.exp(logps[:, 0]).tolist() == pytest.approx([0.6 * 0.5, 0.6 * 0.5, 0.4])


def test_spellings_of_one_answer_add_up_and_an_unspellable_one_is_minus_infinity():
    paths = {(1,): 0, (2,): 0, (3,): 1}
    logps = answer_logprobs(paths, 3, known(paths, {(): [0.1, 0.2, 0.3, 0.4]}))
    assert np.exp(logps[:, 0]).tolist() == pytest.approx([0.5, 0.4, 0.0])
    assert logps[2, 0] == -math.inf


def test_only_tokens_that_decide_between_answers_are_wanted():
    assert tokens_wanted({(1,): 0, (1, 7): 1, (2,): 2, (3, 4, 5): 3}) == {(): (1, 2, 3), (1,): (7,)}


def test_scores_equal_the_longhand_product_over_tokens(tiny):
    subject = subject_for(tiny("llama"))
    prompt = encode(subject.tokenizer, [renderer(subject.tokenizer, "")("How many?")])[0]
    answers = [str(i) for i in range(1, 31)]
    paths = spellings(subject.tokenizer, prompt.text, answers, special=False)
    assert any(len(path) > 1 for path in paths), "the test needs numbers of several tokens"
    (told,) = run_trees(subject, [Job(prompt.ids, 0, wanted=tokens_wanted(paths))], (), 4096, Tally())
    table = {path: {token: np.array([x]) for token, x in found.items()} for path, found in told.logprobs.items()}
    logps = answer_logprobs(paths, len(answers), table)[:, 0]
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
        assert np.exp(logps[index]) == pytest.approx(total, rel=1e-4)


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
