"""Shared work gives what unshared work gives, and is used only where it saves something and is safe."""

from __future__ import annotations

import dataclasses

import pytest
import torch

from tacit.activations.model.prefix_cache import Reading, can_share, common_beginning, kept_beginning
from tacit.activations.model.prompts import Prompt
from tacit.activations.model.read_states import Reader
from tacit.activations.model.sites import parse_site, sites_of
from tests.activations.helpers import subject_for

FAMILIES = ["llama", "gpt2", "gpt_neox", "gemma2", "qwen2", "gpt_neo"]


def _prompts(n_shared: int, n: int = 7):
    """Object prompts with a common beginning, and report prompts that repeat most of their object prompt."""
    start = [5 + i for i in range(n_shared)]
    objects = [[*start, *range(40 + 3 * i, 52 + 4 * i)] for i in range(n)]
    reports = [[*row[: len(row) - 1 - i % 3], *range(90, 96 + i)] for i, row in enumerate(objects)]
    return {
        "object": [Prompt("", tuple(row), (n_shared + 2, n_shared + 7)) for row in objects],
        "report": [Prompt("", tuple(row)) for row in reports],
    }


def _reader(subject, names=("object", "report"), *, shares):
    return Reader(subject, range(subject.n_layers), sites_of(names, marked=True), shares)


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("n_shared", [1, 20])
def test_shared_work_equals_whole_prompts(tiny, family, n_shared):
    subject = subject_for(tiny(family))
    assert can_share(subject)
    prompts = _prompts(n_shared)
    ours, plain = _reader(subject, shares=True).read(prompts), _reader(subject, shares=False).read(prompts)
    for site in ("object", "report"):
        torch.testing.assert_close(ours[site], plain[site], atol=1e-4, rtol=0)


@pytest.mark.parametrize("names", [("object",), ("report",), ("object:end", "object:mean", "object:-3", "report:-2")])
def test_any_choice_of_sites_reads_the_same_with_shared_work(tiny, names):
    subject, prompts = subject_for(tiny("llama")), _prompts(20)
    ours, plain = (_reader(subject, names, shares=shares).read(prompts) for shares in (True, False))
    assert set(ours) == set(names)
    for site in names:
        torch.testing.assert_close(ours[site], plain[site], atol=1e-4, rtol=0)


def test_sites_within_the_span_are_those_of_a_single_plain_pass(tiny):
    subject, prompts = subject_for(tiny("llama")), _prompts(20)
    ours = _reader(subject, ("object:end", "object:mean", "object:-3"), shares=True).read(prompts)
    for i, prompt in enumerate(prompts["object"]):
        states = subject.module(torch.tensor([prompt.ids]), output_hidden_states=True).hidden_states[2][0]
        torch.testing.assert_close(ours["object:end"][2, i], states[26], atol=1e-4, rtol=0)
        torch.testing.assert_close(ours["object:mean"][2, i], states[22:27].mean(0), atol=1e-4, rtol=0)
        torch.testing.assert_close(ours["object:-3"][2, i], states[-3], atol=1e-4, rtol=0)


def test_shared_work_puts_fewer_tokens_through_the_blocks(tiny):
    subject, prompts, seen = subject_for(tiny("llama")), _prompts(20), []
    handle = subject.blocks[0]._module.register_forward_hook(
        lambda _m, args, out: seen.append(out.shape[0] * out.shape[1])
    )
    _reader(subject, shares=False).read(prompts)
    plain = sum(seen)
    seen.clear()
    _reader(subject, shares=True).read(prompts)
    handle.remove()
    assert sum(seen) < 0.5 * plain


def test_nothing_that_is_read_lies_in_a_shared_part():
    rows = [Reading([1, 2, 3, 4, 5], [(4, 5)]), Reading([1, 2, 3, 4, 6], [(2, 3), (4, 5)])]
    assert common_beginning(rows) == 2
    assert kept_beginning(rows[0], Reading([1, 2, 3, 4, 5], [(4, 5)])) == 4


def test_rows_with_gaps_are_not_used_where_a_window_would_count_them(tiny):
    subject = subject_for(tiny("llama"))
    short = dataclasses.replace(subject, window=30)
    readings = {kind: _reader(short, shares=True)._readings(kind, rows) for kind, rows in _prompts(20).items()}
    assert _reader(short, shares=True)._kept(readings) is None
    assert _reader(subject, shares=True)._kept(readings) is not None


def test_a_model_that_ignores_its_cache_is_found_out(tiny, monkeypatch):
    subject = subject_for(tiny("llama"))
    real = subject.traced.trace

    def forgetful(inputs):
        return real({**inputs, "attention_mask": torch.ones_like(inputs["attention_mask"])})

    monkeypatch.setattr(subject.traced, "trace", forgetful, raising=False)
    assert not can_share(subject)


def test_a_site_without_a_span_is_left_out_where_nothing_is_marked():
    assert [site.name for site in sites_of(("object", "object:mean"), marked=False)] == ["object"]
    assert parse_site("report:-4").where == "-4"
