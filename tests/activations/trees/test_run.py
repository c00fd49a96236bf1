"""Trees give what prompts give one by one, on every family that can be read so, with every token computed once."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import torch

from tacit.activations import ActivationError
from tacit.activations.trees import run as module
from tacit.activations.trees.apart import run_apart
from tacit.activations.trees.jobs import Job, Tally
from tacit.activations.trees.run import can_share, rows_of, run_jobs, run_trees
from tests.activations.helpers import subject_for
from tests.conftest import ARCHITECTURES

APART = {"mamba", "mamba2", "bloom"}
"""Recurrent states cannot be split, and BLOOM derives its positions from the mask."""


def jobs_for(n: int = 5, **changes) -> list[Job]:
    """Three prompts of each item: the second extends the first, the third shares a beginning with every item's."""
    start, jobs = list(range(5, 17)), []
    for i in range(n):
        act = [*start, *range(40 + 3 * i, 50 + 4 * i)]
        report = [*act[:-2], 90 + i, 91]
        wanted = {(): (30, 31), (30,): (31, 33), (30, 31): (30,)}
        last = ((len(act) - 1, len(act)), (13, 18), (len(act) - 3, len(act) - 2))
        jobs.append(Job(act, i, last, tokens=6, **changes))
        jobs.append(Job(report, i, ((len(report) - 1, len(report)),), wanted, tokens=3))
        jobs.append(Job([*start[:8], 60 + i], i, (), {(61,): (62,)}))
    return jobs


def same(ours, plain, slack=1e-4):
    for a, b in zip(ours, plain, strict=True):
        assert (a.states is None) == (b.states is None)
        if b.states is not None:
            torch.testing.assert_close(a.states, b.states, atol=slack, rtol=1e-3)
        assert a.logprobs.keys() == b.logprobs.keys()
        for path, known in b.logprobs.items():
            assert a.logprobs[path] == pytest.approx(known, abs=slack)
        if b.greedy is not None:
            assert a.greedy.ids == b.greedy.ids
            assert a.greedy.ended == b.greedy.ended
            assert a.greedy.logprob == pytest.approx(b.greedy.logprob, abs=10 * slack)
            assert a.greedy.first_logprob == pytest.approx(b.greedy.first_logprob, abs=slack)
            assert a.entropy == pytest.approx(b.entropy, abs=slack)


@pytest.mark.parametrize("family", sorted(set(ARCHITECTURES) - APART))
def test_trees_equal_prompts_one_by_one(tiny, family):
    subject = subject_for(tiny(family))
    assert can_share(subject)
    layers, jobs = range(subject.n_layers), jobs_for()
    same(run_trees(subject, jobs, layers, 4096, Tally()), run_apart(subject, jobs, layers, 4096, Tally()))


@pytest.mark.parametrize("family", sorted(APART))
def test_a_family_that_cannot_be_split_is_found_out_and_read_one_by_one(tiny, family):
    subject = subject_for(tiny(family))
    assert not can_share(subject)
    jobs = jobs_for(2)
    told = run_jobs(subject, jobs, range(subject.n_layers), 4096, Tally(), shares=False)
    assert all(one.greedy is not None for one, job in zip(told, jobs, strict=True) if job.tokens)


@pytest.mark.parametrize("max_tokens", [1, 120, 4096])
def test_the_batch_does_not_matter(tiny, max_tokens):
    subject, jobs = subject_for(tiny("qwen2")), jobs_for(6, samples=3, seed=7)
    layers = range(subject.n_layers)
    ours, whole = (run_trees(subject, jobs, layers, size, Tally()) for size in (max_tokens, 10_000))
    same(ours, whole)
    assert [[r.ids for r in a.samples] for a in ours] == [[r.ids for r in a.samples] for a in whole]


def test_every_token_of_a_tree_is_computed_once(tiny):
    subject, tally, ticks = dataclasses.replace(subject_for(tiny("llama")), d_model=384), Tally(), []
    tally.tick = ticks.append
    jobs = jobs_for()
    ((_, tree, *_),) = rows_of(jobs)
    distinct = {tuple(job.ids[: k + 1]) for job in jobs for k in range(len(job.ids))}
    distinct |= {(*job.ids, *path[: k + 1]) for job in jobs for path in job.wanted for k in range(len(path))}
    assert len(tree) == len(distinct) < sum(len(job.ids) for job in jobs) / 2
    run_trees(subject, jobs, (0, 1), 4096, tally)
    assert (tally.read, tally.asked) == (len(distinct), sum(len(job.ids) for job in jobs))
    assert sum(ticks) == tally.read + tally.written
    assert tally.computed == tally.read + tally.written, "one row has no padding but in its steps"


def test_samples_that_agree_share_their_tokens(tiny):
    """A hundred samples of one prompt write no more tokens than there are distinct beginnings of them."""
    subject, tally = subject_for(tiny("llama")), Tally()
    (told,) = run_trees(subject, [Job(list(range(5, 20)), 0, tokens=4, samples=100, seed=1)], (), 4096, tally)
    replies = [told.greedy, *told.samples]
    beginnings = {tuple(r.ids[: k + 1]) for r in replies for k in range(len(r.ids) - 1)}
    ended = {tuple(r.ids) for r in replies if r.ended}
    assert tally.written == len(beginnings - ended)


def test_prompts_that_begin_alike_share_a_row_and_others_do_not():
    shared = list(range(600))
    items = [Job([*shared, 1000 + i, i], i) for i in range(50)] + [Job([2000 + i] * 300, 50 + i) for i in range(3)]
    rows = [row for row, *_ in rows_of(items)]
    together = [row for row in rows if all(i < 50 for i in row)]
    assert len(together) == 1 and sorted(i for row in rows for i in row) == list(range(53))
    assert all(len(row) == 1 for row in rows if row[0] >= 50)


@pytest.mark.parametrize("context", [96, 160, 400])
def test_rows_of_a_short_context_go_together_and_stay_within_it(tiny, monkeypatch, context):
    seen = {module.Forest: [], module.Branches: []}
    for kind, batches in seen.items():

        def remembered(batch, *args, begin=kind.__init__, batches=batches, **kwargs):
            begin(batch, *args, **kwargs)
            batches.append(batch)

        monkeypatch.setattr(kind, "__init__", remembered)
    subject = dataclasses.replace(subject_for(tiny("llama")), context=context)
    jobs, tally = jobs_for(8, samples=3), Tally()
    told = run_trees(subject, jobs, (1,), 4096, tally)
    forests, branches = seen.values()
    assert len(forests) < sum(len(forest.trees) for forest in forests)
    assert len(branches) < sum(job.tokens > 0 for job in jobs)
    assert max(batch.width for batch in (*forests, *branches)) <= context
    same(told, run_apart(subject, jobs, (1,), 4096, Tally()))


def test_replies_go_on_from_their_own_prompts_with_those_that_have_as_many(tiny, monkeypatch):
    begun, begin = [], module.Branches.__init__

    def remembered(branches, *args):
        begin(branches, *args)
        begun.append((len(branches.rows), branches.width))

    monkeypatch.setattr(module.Branches, "__init__", remembered)
    jobs = [dataclasses.replace(job, samples=2 * (k % 3 == 0)) for k, job in enumerate(jobs_for(4)) if job.tokens]
    run_trees(subject_for(tiny("llama")), jobs, (1,), 4096, Tally())
    alike = [[len(job.ids) for job in jobs if job.samples == samples] for samples in (2, 0)]
    assert all(alike) and sorted(begun) == sorted((len(own), max(own)) for own in alike)


def test_a_prompt_beyond_the_attention_window_is_read_alone(tiny, monkeypatch):
    subject, seen = dataclasses.replace(subject_for(tiny("llama")), window=20), []
    real = module.run_apart
    monkeypatch.setattr(module, "run_apart", lambda s, jobs, *rest: seen.append(len(jobs)) or real(s, jobs, *rest))
    jobs = [Job(list(range(5, 5 + n)), 0, tokens=4) for n in (8, 16, 17, 30)]
    told = run_jobs(subject, jobs, (), 4096, Tally(), shares=True)
    assert seen == [2]
    assert [len(one.greedy.ids) > 0 for one in told] == [True] * 4


def test_a_batch_that_does_not_fit_is_halved_and_one_row_that_does_not_is_an_error(tiny, monkeypatch):
    subject, real, sizes = subject_for(tiny("llama")), module._run_batch, []

    def small(subject, jobs, rows, *rest):
        sizes.append(len(rows))
        if len(rows) > limit:
            raise torch.OutOfMemoryError
        return real(subject, jobs, rows, *rest)

    monkeypatch.setattr(module, "_run_batch", small)
    monkeypatch.setattr(module, "WIDTH", 30)
    limit, jobs = 2, jobs_for(5)
    same(run_trees(subject, jobs, (0,), 4096, Tally()), run_apart(subject, jobs, (0,), 4096, Tally()))
    assert max(sizes) > 2
    limit = 0
    with pytest.raises(ActivationError, match="does not fit into memory"):
        run_trees(subject, jobs, (0,), 4096, Tally())


def test_a_row_that_does_not_fit_is_read_prompt_by_prompt(tiny, monkeypatch):
    subject, real, sizes = subject_for(tiny("llama")), module._run_batch, []

    def small(subject, jobs, rows, *rest):
        sizes.append(len(rows[0][0]))
        if sizes[-1] > 1:
            raise torch.OutOfMemoryError
        return real(subject, jobs, rows, *rest)

    monkeypatch.setattr(module, "_run_batch", small)
    jobs = jobs_for(3)
    same(run_trees(subject, jobs, (0,), 4096, Tally()), run_apart(subject, jobs, (0,), 4096, Tally()))
    assert sizes.count(1) == len(jobs)


def test_draws_are_of_the_prompt_and_not_of_its_batch():
    one, two = Job([1], 0, tokens=3, samples=2, seed=5), Job([2, 3], 4, tokens=3, samples=2, seed=5)
    np.testing.assert_array_equal(one.draws(), two.draws())
    assert not np.array_equal(one.draws(), dataclasses.replace(one, seed=6).draws())


def test_a_model_whose_tree_is_wrong_is_found_out(tiny, monkeypatch):
    from tacit.activations.trees import forward

    subject = subject_for(tiny("llama"))
    monkeypatch.setattr(forward.TokenTree, "ancestors", lambda tree: np.tri(len(tree), dtype=bool))
    assert not can_share(subject)


@pytest.mark.parametrize("shares", [True, False])
def test_a_prompt_that_does_not_fit_into_memory_is_left_out_alone_and_named(tiny, monkeypatch, shares):
    subject = subject_for(tiny("llama"))
    jobs = [Job(range(5, 5 + n), n, (), {(): (7,)}, tokens=2, name=f"item {n}") for n in (6, 9, 30, 12)]
    whole = run_jobs(subject, jobs, [0], 200, Tally(), shares=shares)
    forward = subject.body.forward

    def scarce(*args, **kwargs):
        ids = kwargs.get("input_ids", args[0] if args else None)
        if ids.shape[-1] >= 30:
            raise RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 9 bytes")
        return forward(*args, **kwargs)

    monkeypatch.setattr(subject.body, "forward", scarce)
    tally = Tally()
    told = run_jobs(subject, jobs, [0], 200, tally, shares=shares)
    assert tally.left_out == ["item 30"] and [one.left_out for one in told] == [False, False, True, False]
    assert [one.greedy.ids for one in told if not one.left_out] == [whole[i].greedy.ids for i in (0, 1, 3)]
    for name, short in (("item 30", 6), ("", 9)):  # a trial's prompts have no names, and are not to be missing
        reading = [Job(range(5, 35), 0, ((3, 4),), {}, name=name), Job(range(5, 5 + short), 1, ((3, 4),), {}, name="b")]
        if not name:
            with pytest.raises(ActivationError, match="does not fit into memory"):
                run_jobs(subject, reading, [0], 200, Tally(), shares=shares)
            continue
        left, there = run_jobs(subject, reading, [0], 200, tally, shares=shares)
        assert left.left_out and not there.left_out and there.states.shape[:2] == (1, 1)
