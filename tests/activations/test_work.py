"""What is computed together, in which order, and how its cost is told while it is done."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import pandas as pd
import pytest
import torch

from tacit.activations.model import arithmetic
from tacit.activations.plan import Ask, Entry
from tacit.activations.trees.ask import Asking
from tacit.activations.work import Work, seconds_a_token, units_of
from tacit.targets.questions import Question
from tests.activations.helpers import planned, subject_for


def entry(target: str, key: str, n: int = 200, tokens: int = 8, condition: str = "plain") -> Entry:
    """A planned entry of `n` prompts of twenty tokens, ten of which they share."""
    ids = [f"{target}{i}" for i in range(n)]
    prompts = {"report": [SimpleNamespace(ids=[*range(10), *range(i, i + 10)]) for i in range(n)]}
    question = Question("report", tuple(ids), tokens=tokens)
    return Entry(Ask(target, pd.DataFrame({"item_id": ids}), (question,), part=key), condition, prompts, (), key, 64)


def missing(*entries: Entry):
    return [(each, rows) for each in entries for rows in each.rows]


def nothing(entry, rows):
    return ()


def test_shards_about_the_same_items_are_computed_together_and_others_apart():
    a, b, c = entry("t", "a"), entry("t", "b"), entry("t", "c", condition="other")
    units = units_of(missing(a, b, c), [a, b, c], nothing)
    assert [[each.key for each, _ in parts] for parts in units[:2]] == [["a", "b"], ["c"]]
    assert len(units) == 2 * len(a.rows)
    shorter = replace(b, ask=replace(b.ask, items=b.ask.items.iloc[3:]))
    assert all(len(parts) == 1 for parts in units_of(missing(a, shorter), [a, shorter], nothing))


def test_one_unit_of_every_kind_comes_first():
    kinds = [entry("t", "a"), entry("u", "b"), entry("v", "c")]
    units = units_of(missing(*kinds), kinds, nothing)
    assert [parts[0][0].key for parts in units[:3]] == ["a", "b", "c"]


def test_a_damaged_shard_is_computed_with_the_ones_it_was_computed_with_before():
    a, b = entry("t", "a"), entry("t", "b")
    rows = a.rows[1]
    (parts,) = units_of([(a, rows)], [a, b], lambda entry, rows: ("a", "b"))
    assert [each.key for each, _ in parts] == ["a", "b"]
    (alone,) = units_of([(a, rows)], [a], lambda entry, rows: ("a", "b"))
    assert [each.key for each, _ in alone] == ["a"]


def test_after_a_fifth_of_the_work_the_rest_is_known_within_a_factor_of_one_and_a_half():
    """Two kinds whose replies end early and late: 40 and 400 tokens a unit where others were expected."""
    short, long = entry("t", "a", n=640), entry("u", "b", n=640, tokens=64)
    units = units_of(missing(short, long), [short, long], nothing)
    work, took = Work(units, shares=True), {"a": 900, "b": 2200}
    whole = sum(took[parts[0][0].key] for parts in units)
    done, index = 0, 0
    while done < whole / 5:
        work.done(index, took[units[index][0][0].key])
        done += took[units[index][0][0].key]
        index += 1
    assert index < len(units) / 2
    assert 1 / 1.5 < (work.total - done) / (whole - done) < 1.5


def test_the_cost_is_told_before_anything_runs(tiny):
    entries, *_ = planned(tiny("llama"), 70)
    units = units_of(missing(*entries), entries, nothing)
    work = Work(units, shares=True)
    asked = sum(len(p.ids) for e in entries for prompts in e.prompts.values() for p in prompts)
    assert work.asked == pytest.approx(asked, rel=0.05)
    assert "tokens to compute" in work.told(0.001) and "roughly" in work.told(0.001)
    subject = subject_for(tiny("llama"))
    assert 0 < seconds_a_token(Asking(subject, (0,), True, 4096)) < 1


@pytest.mark.parametrize(("checkpoint", "faster", "chosen"), [
    (torch.float32, 9.0, "float32"), (torch.bfloat16, 2.0, "bfloat16"), (torch.float16, 2.0, "bfloat16"),
    (torch.bfloat16, 1.1, "float32"), (torch.bfloat16, 0.2, "float32"), (None, 9.0, "float32"),
])  # fmt: skip
def test_sixteen_bits_are_taken_where_the_checkpoint_has_them_and_they_are_faster(
    monkeypatch, checkpoint, faster, chosen
):
    times = iter([1.0, 1.0 / faster])
    monkeypatch.setattr(arithmetic, "least_seconds", lambda run: next(times))
    text = SimpleNamespace(hidden_size=8, intermediate_size=16, dtype=checkpoint)
    assert arithmetic.fastest_dtype(SimpleNamespace(get_text_config=lambda: text, dtype=checkpoint)) == chosen


def test_threads_are_chosen_by_trial_and_what_the_user_says_is_kept(tiny, monkeypatch):
    module, before = subject_for(tiny("llama")).module, torch.get_num_threads()
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    try:
        torch.set_num_threads(2)
        for took, best in (([1.0, 0.5], 1), ([0.5, 1.0], 2)):
            times = iter(took)
            monkeypatch.setattr(arithmetic, "least_seconds", lambda run, times=times: next(times))
            monkeypatch.setattr(arithmetic, "SMALL", 0)
            assert arithmetic.fastest_threads(module) == best
        monkeypatch.undo()
        monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
        assert arithmetic.fastest_threads(module) == 1, "a small model"
        monkeypatch.setenv("OMP_NUM_THREADS", "2")
        assert arithmetic.fastest_threads(module) == 2
    finally:
        torch.set_num_threads(before)
