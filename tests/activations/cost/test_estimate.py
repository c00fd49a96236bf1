"""What a run will cost is what it then costs, and its FLOPs are those of a longhand count."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
import transformers
from click.testing import CliRunner

from tacit.activations import ActivationError
from tacit.activations.cost.cards import CARDS
from tacit.activations.cost.count import Counts, Passes, count_unit
from tacit.activations.cost.machines import Load, Machine, n_needed
from tacit.activations.cost.weights import weights_of
from tacit.activations.model.load import load_tokenizer
from tacit.cli import main as cli
from tests.activations.helpers import planned, settings_for, subject_for

ROWS = "question,answer\n" + "".join(f"Where was Ada {i} born?,{'London' if i % 2 else 'Paris'}\n" for i in range(12))
ASKED = ("--reports", "choice,shots4", "--paraphrases", "1", "--samples", "2", "--twins", "1")


def command(*args) -> str:
    result = CliRunner().invoke(cli.main, [str(arg) for arg in args])
    assert result.exit_code == 0, result.output
    return result.stdout


def test_weights_and_flops_of_a_tiny_llama_are_those_of_a_longhand_count(tiny):
    """3 blocks of width 32 with 4 heads of 8 (2 of keys and values), 64 inner dimensions, a vocabulary of 400."""
    config = transformers.AutoConfig.from_pretrained(tiny("llama"))
    found = weights_of(config, "tiny")
    attention = 32 * 32 + 2 * 32 * 16 + 32 * 32
    block = attention + 3 * 32 * 64 + 2 * 32  # with the two norms
    assert (found.body, found.head, found.n_blocks) == (3 * block, 400 * 32, 3)
    assert found.total == sum(p.numel() for p in subject_for(tiny("llama")).module.parameters())
    assert (found.attended, found.cached) == (3 * 32, 3 * 2 * 16)
    # Ten tokens, each of which attends to ten: scores and weighted sum are 2 · 10 · 10 · 32 FLOPs in each block.
    longhand = 2 * 3 * block * 10 + 3 * (2 * 2 * 10 * 10 * 32) + 2 * 400 * 32
    assert found.flops(10, 100, 1) == longhand


def test_of_a_mixture_of_experts_a_token_meets_only_the_experts_that_it_uses(tiny):
    config = transformers.AutoConfig.from_pretrained(tiny("mixtral"))
    module = subject_for(tiny("mixtral")).module
    experts = sum(p.numel() for name, p in module.named_parameters() if ".experts." in name)
    blocks = sum(p.numel() for p in module.model.layers.parameters())
    assert config.num_experts_per_tok == 2 and config.num_local_experts == 4
    assert weights_of(config, "tiny").body == blocks - experts // 2


def test_the_models_own_code_is_not_run_to_count_its_weights():
    class Unknown(transformers.PretrainedConfig):
        model_type = "unknown-to-transformers"

    with pytest.raises(ActivationError, match="cannot be counted from its config"):
        weights_of(Unknown(), "owner/name")


def test_trees_are_counted_as_they_are_computed(tiny):
    """Against the tally of the model itself, of a unit with states, valid answers, replies and controls."""
    from tacit.activations.trees.ask import Asking
    from tacit.activations.trees.jobs import Tally

    entries, _, settings, _ = planned(tiny("llama"), 12)
    parts, tally = [(entry, entry.rows[0]) for entry in entries], Tally()
    subject = subject_for(tiny("llama"))
    Asking(subject, (0, 1), True, 4096).shards(parts, tally)
    config = transformers.AutoConfig.from_pretrained(tiny("llama"))
    counts, (passes,) = count_unit(parts, load_tokenizer(settings), weights_of(config, "tiny"), [4096])
    assert sum(each.tree for each in counts) == tally.read
    assert sum(each.asked for each in counts) == tally.asked
    assert passes.read >= 1 and passes.steps >= 4


def test_time_is_that_of_the_slowest_of_arithmetic_memory_and_launching(tiny):
    weights = weights_of(transformers.AutoConfig.from_pretrained(tiny("llama")), "tiny")
    load = Load(weights, 2.0, Counts(tree=100.0), Passes(read=4.0))
    assert load.seconds(Machine("a", 1, 10.0, 1.0, 0.0)) == 2 * weights.body * 100 / 10
    assert load.seconds(Machine("b", 1, 1e15, 1.0, 0.5)) == pytest.approx(4 * 3 * 0.5)
    load = Load(weights, 2.0, Counts(written=1.0), Passes(steps=7.0, cached=50.0))
    read = 7 * 2 * (weights.body + weights.head) + 50 * weights.cached * 2
    assert load.seconds(Machine("c", 1, 1e15, 3.0, 0.0)) == pytest.approx(read / 3)


def test_a_model_that_does_not_fit_on_one_card_needs_several():
    config = transformers.LlamaConfig(
        hidden_size=8192, intermediate_size=28672, num_hidden_layers=80, num_attention_heads=64, num_key_value_heads=8,
        vocab_size=128256, tie_word_embeddings=False,
    )  # fmt: skip
    weights = weights_of(config, "Llama 70B")
    assert weights.total == pytest.approx(70.55e9, rel=1e-3), "Llama 3 70B, on torch's meta device"
    needed = {card.name: n_needed(weights, 2.0, Machine("", card.memory * 1e9, 1, 1, 0)) for card in CARDS}
    assert (needed["H200 SXM"], needed["H100 SXM"], needed["RTX 4090"]) == (2, 2, 7)
    assert len(needed) == len(CARDS) and all(0 < c.prefill < 1 and 0 < c.decode < 1 for c in CARDS)


def test_what_is_planned_is_what_a_run_then_computes_and_nothing_is_written(tiny, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("t.csv").write_text(ROWS)
    args = ("r", "--model", tiny("llama"), "--data", "knowledge=t.csv", *ASKED)
    found = json.loads(command("plan", *args, "--json"))
    assert not Path("runs").exists()
    command("cache", *args, "--keep-one-class")
    manifest, twin = (
        json.loads((Path("runs/r/activations") / name / "manifest.json").read_text()) for name in ("", "twins/0")
    )
    own = [row for row in found["rows"] if "random-initialised" not in row["form"]]
    known = [row for row in own if not row["estimated"]]
    twins = [row for row in found["rows"] if row not in own]
    assert sum(row["asked"] for row in twins) == twin["tokens"]["asked"]
    assert sum(row["tree"] for row in twins) == twin["tokens"]["read"]
    # A random model's replies make other few-shot examples than those that were made up, or none.
    replies = sum(row["asked"] for row in own) - sum(row["asked"] for row in known)
    assert abs(sum(row["asked"] for row in own) - manifest["tokens"]["asked"]) <= replies
    done = {entry["part"] for entry in manifest["entries"]}
    names = {"act": "acts", "states and first report": "states"}
    assert {names.get(row["form"], row["form"]) for row in known} <= done
    shards = [shard for entry in manifest["entries"] for shard in entry["shards"]]
    states = sum(row["state_bytes"] for row in own)
    assert sum(shard["bytes"] for shard in shards) == pytest.approx(states, rel=0.3)


def test_a_run_without_follow_ups_is_planned_to_the_token(tiny, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("t.csv").write_text(ROWS)
    args = ("r", "--model", tiny("llama"), "--data", "knowledge=t.csv", "--reports", "choice", "--samples", "0")
    found = json.loads(command("plan", *args, "--twins", "0", "--json"))
    command("cache", *args, "--twins", "0", "--keep-one-class")
    tokens = json.loads(Path("runs/r/activations/manifest.json").read_text())["tokens"]
    for ours, theirs in (("asked", "asked"), ("tree", "read")):
        assert sum(row[ours] for row in found["rows"]) == tokens[theirs]
    replies = sum(row["written"] for row in found["rows"])
    assert tokens["written"] <= 2 * replies, "no more than the longest replies that are allowed"


def test_no_weights_are_read(tiny, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("t.csv").write_text(ROWS)
    for name in ("load.load_subject", "load.sha256_of"):
        monkeypatch.setattr(f"tacit.activations.model.{name}", lambda *_: pytest.fail("weights were read"))
    monkeypatch.setattr("tacit.activations.planning.run_plan.load_subject", lambda *_: pytest.fail("loaded"))
    text = command("plan", "--model", tiny("llama"), "--data", "knowledge=t.csv", *ASKED)
    assert "~" in text and "this machine (cpu)" in text and "H200 SXM" in text
    assert all(len(line) <= 120 for line in text[text.index("target  ") :].splitlines())
    assert "12 rows used" in text


def test_settings_for_another_dtype_change_the_bytes(tiny, tmp_path, monkeypatch):
    from tacit.activations.cost.estimate import estimate_run

    monkeypatch.chdir(tmp_path)
    Path("t.csv").write_text(ROWS)
    sizes = {}
    for dtype in ("float32", "bfloat16"):
        settings = settings_for(tiny("llama"), data={"knowledge": "t.csv"}, dtype=dtype, twins=0, samples=0)
        found = estimate_run(settings, lambda line: None)
        sizes[dtype] = (found.bytes_a_weight, getattr(torch, found.dtype).itemsize)
    assert sizes == {"float32": (4, 4), "bfloat16": (2, 2)}
