"""The lines of the caching benchmark that time our own code run at a small size."""

import pytest

from tacit.activations.model.load import load_subject, load_tokenizer
from tacit.benchmarks.caching import caching, tuning
from tacit.benchmarks.random_model import build
from tacit.settings import Settings


@pytest.fixture
def subject(tmp_path):
    model = build(tmp_path, blocks=2, width=64, vocabulary=300, seed=0)
    settings = Settings(model=str(model), targets=(), conditions={}, data={})
    return load_subject(settings, load_tokenizer(settings))


def test_every_rival_of_caching_is_timed_against_ours(subject):
    lines = {line.name: line for line in caching(subject, n=4, repeats=1, seed=0)}
    assert {"cache_vs_body", "cache_vs_one_by_one_long", "cache_shared_prefix_vs_body"} <= set(lines)
    assert all(line.ratio > 0 and line.floor_s > 0 for line in lines.values())


@pytest.mark.filterwarnings("ignore:.*is_gradient_checkpointing:FutureWarning")  # raised inside peft
def test_an_epoch_of_a_soft_prompt_is_timed_against_peft(subject):
    pytest.importorskip("peft", reason="the rival is peft's prompt tuning")
    (line,) = tuning(subject, n=4, repeats=1, seed=0)
    assert line.name == "tune_round_vs_peft" and line.ratio > 0
