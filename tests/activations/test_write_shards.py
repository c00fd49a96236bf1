"""The store survives interruption and damage, and what is read back is what the model computed."""

from __future__ import annotations

import functools
import json
import os
import re
import shutil

import numpy as np
import pytest
import torch
from tqdm import tqdm

from tacit.activations import ActivationError, open_store, plan, write_shards
from tacit.activations.model.load import fingerprint, load_config, load_tokenizer
from tacit.activations.plan import item_table, plan_run
from tacit.activations.planning.subjects import acts_apart
from tacit.activations.store.verify import faults
from tacit.activations.trees.ask import Asking
from tacit.activations.write_shards import cache_entries
from tacit.errors import WriteError
from tacit.files import PARTIAL
from tests.activations.helpers import ask_for, last_states, planned, settings_for, subject_for


@pytest.fixture(autouse=True)
def small_shards(monkeypatch):
    monkeypatch.setattr(plan, "SHARD_ROWS", 8)
    monkeypatch.setattr(plan, "CONTROL_ROWS", 10)


def _cache(folder, model, n=20, load=None, said=None, **changes):
    entries, items, settings, fingerprint = planned(model, n, **changes)
    load = load or (lambda: subject_for(model, **changes))
    return cache_entries(folder, entries, items, settings, fingerprint, load, (said if said is not None else []).append)


def _refuse():
    raise AssertionError("the model was loaded although everything was there")


def test_the_store_holds_the_models_states_in_the_order_of_the_items(tiny, tmp_path):
    assert _cache(tmp_path, tiny("llama"))
    store, subject = open_store(tmp_path), subject_for(tiny("llama"))
    prompts = planned(tiny("llama"), 20)[0][0].prompts["report"]
    assert (store.entries, store.n_layers, store.sites("knowledge", "plain")) == (
        [("knowledge", "plain")],
        4,
        ("object", "report"),
    )
    expected = last_states(subject, prompts)
    for layer in range(4):
        ours = store.load("knowledge", "plain", "report", layer)
        assert ours.dtype == np.float32
        np.testing.assert_allclose(ours, expected[layer], atol=1e-5)


def test_replies_have_a_row_per_prompt_with_the_valid_answers_log_probabilities(tiny, tmp_path):
    _cache(tmp_path, tiny("llama"))
    replies = open_store(tmp_path).replies
    assert replies.groupby("prompt").size().to_dict() == {"control": 10, "object": 20, "report": 20}
    report = replies[replies["prompt"] == "report"]
    assert list(report["item_id"]) == [f"q{i}" for i in range(20)]
    assert all(list(row) == ["no", "yes"] for row in report["answers"])
    assert np.isfinite(np.stack(report["logprobs"])).all()


def test_a_second_run_reuses_everything_without_loading_the_model(tiny, tmp_path):
    _cache(tmp_path, tiny("llama"))
    assert not _cache(tmp_path, tiny("llama"), load=_refuse)


def test_an_interrupted_run_resumes_and_ends_bit_identical(tiny, tmp_path, monkeypatch):
    _cache(tmp_path / "whole", tiny("llama"))
    real, calls = Asking.shards, []

    def interrupted(*args):
        calls.append(1)
        if len(calls) == 3:
            raise KeyboardInterrupt
        return real(*args)

    monkeypatch.setattr(Asking, "shards", interrupted)
    with pytest.raises(KeyboardInterrupt):
        _cache(tmp_path / "part", tiny("llama"))
    with pytest.raises(ActivationError, match="not finished yet"):
        open_store(tmp_path / "part")
    _cache(tmp_path / "part", tiny("llama"))
    assert len(calls) == 4, "the two finished shards are not computed again"
    whole, part = open_store(tmp_path / "whole"), open_store(tmp_path / "part")
    assert whole.manifest["entries"] == part.manifest["entries"]
    np.testing.assert_array_equal(
        whole.load("knowledge", "plain", "object", 3), part.load("knowledge", "plain", "object", 3)
    )
    assert whole.replies.equals(part.replies)


def test_activations_of_another_format_are_refused_with_what_to_type(tmp_path, tiny):
    _cache(tmp_path / "old" / "activations", tiny("llama"))
    manifest = tmp_path / "old" / "activations" / "manifest.json"
    manifest.write_text(manifest.read_text().replace('"tacit-store/2"', '"tacit-store/1"'))
    with pytest.raises(ActivationError, match=r"has format 'tacit-store/1'.*Run: make cache RUN=old"):
        open_store(manifest.parent)


@pytest.mark.parametrize("damage", ["truncated", "flipped", "missing", "foreign"])
def test_a_damaged_shard_is_named_and_cached_again_alone(tiny, tmp_path, damage):
    _cache(tmp_path, tiny("llama"))
    before = open_store(tmp_path)
    files = [tmp_path / shard["file"] for shard in before.manifest["entries"][0]["shards"]]
    whole, stamps = files[1].read_bytes(), [file.stat().st_mtime_ns for file in files]
    if damage == "missing":
        files[1].unlink()
    else:
        flipped = whole[:-5] + bytes([whole[-5] ^ 1]) + whole[-4:]
        files[1].write_bytes({"truncated": whole[:-9], "flipped": flipped, "foreign": files[0].read_bytes()}[damage])
    said = []
    assert _cache(tmp_path, tiny("llama"), said=said)
    assert [line for line in said if line.endswith("caching it again")] == [
        line for line in said if files[1].name in line
    ]
    assert files[1].name in said[0]
    assert files[1].read_bytes() == whole
    assert [file.stat().st_mtime_ns for file in files][::2] == stamps[::2]


def test_bfloat16_stays_bfloat16_on_disk(tiny, tmp_path):
    from safetensors import safe_open

    _cache(tmp_path, tiny("llama"), dtype="bfloat16")
    store = open_store(tmp_path)
    with safe_open(tmp_path / store.manifest["entries"][0]["shards"][0]["file"], framework="pt") as shard:
        assert shard.get_tensor("object/003").dtype == torch.bfloat16
    assert store.load("knowledge", "plain", "object", 3).dtype == np.float32


def test_another_dtype_is_another_key(tiny):
    assert planned(tiny("llama"), 5)[0][0].key != planned(tiny("llama"), 5, dtype="bfloat16")[0][0].key


def test_a_layer_or_site_that_is_not_held_is_a_clear_error(tiny, tmp_path):
    _cache(tmp_path, tiny("llama"))
    store = open_store(tmp_path)
    with pytest.raises(ActivationError, match="layers 0, 1, 2, 3"):
        store.load("knowledge", "plain", "object", 4)
    with pytest.raises(ActivationError, match="it holds knowledge/plain"):
        store.load("knowledge", "locked", "object", 1)


def test_a_second_writer_is_told_who_holds_the_store(tiny, tmp_path):
    from filelock import FileLock

    _cache(tmp_path, tiny("llama"))
    with FileLock(tmp_path / ".lock"), pytest.raises(ActivationError, match=rf"written by process {os.getpid()} on"):
        _cache(tmp_path, tiny("llama"))


def test_a_full_disk_is_a_clear_error_and_keeps_finished_shards(tiny, tmp_path, monkeypatch):
    from tacit import files

    real = files.os.fsync

    def full(descriptor):
        if len(list(tmp_path.glob("*/*.safetensors"))) >= 2:
            raise OSError(28, "No space left on device")
        return real(descriptor)

    monkeypatch.setattr(files.os, "fsync", full)
    with pytest.raises(WriteError, match="No space left on device"):
        _cache(tmp_path, tiny("llama"))
    monkeypatch.setattr(files.os, "fsync", real)
    assert not list(tmp_path.rglob(f".*{PARTIAL}"))
    assert _cache(tmp_path, tiny("llama"))


def test_no_conditions_with_unsafe_names(tiny):
    with pytest.raises(ActivationError, match=r"condition '\.\./x'"):
        planned(tiny("llama"), 5, conditions={"../x": ""})


def test_settings_with_a_system_prompt_change_the_prompts(tiny):
    plain, honest = (
        planned(tiny("llama"), 5)[0][0],
        planned(tiny("llama"), 5, conditions={"honest": "Be honest."})[0][0],
    )
    assert "Be honest." in honest.prompts["report"][0].text
    assert plain.key != honest.key
    assert settings_for("x", n=5).difference(settings_for("x", n=6)) == "n: 5 -> 6"


@pytest.mark.parametrize("name", ["items.parquet", "replies.parquet"])
def test_a_damaged_table_is_found_and_written_again_without_the_model(tiny, tmp_path, name):
    _cache(tmp_path, tiny("llama"))
    whole = (tmp_path / name).read_bytes()
    (tmp_path / name).write_bytes(whole[:-1])
    assert list(faults(open_store(tmp_path))) == [f"{tmp_path / name} is missing, damaged or was replaced"]
    assert not _cache(tmp_path, tiny("llama"), load=_refuse)
    assert (tmp_path / name).read_bytes() == whole


def test_verify_finds_nothing_wrong_with_a_sound_store_and_one_flipped_bit_in_another(tiny, tmp_path):
    _cache(tmp_path, tiny("llama"))
    store = open_store(tmp_path)
    assert not list(faults(store))
    shard = tmp_path / store.manifest["entries"][0]["shards"][2]["file"]
    data = bytearray(shard.read_bytes())
    data[-3] ^= 4
    shard.write_bytes(bytes(data))
    assert list(faults(store)) == [f"{shard} is damaged or was replaced (its checksum differs from the manifest's)"]


def test_values_that_are_not_finite_are_counted_and_named(tiny, tmp_path, monkeypatch):
    from tacit.activations import write_shards
    from tacit.activations.trees import forward

    real = forward._trace
    monkeypatch.setattr(write_shards, "can_share", lambda subject: True)

    def broken(*args):
        states, hidden = real(*args)
        states = [state.clone() for state in states]
        states[2][:2, :5] = float("inf")  # the first item's object and report prompt
        return states, hidden

    monkeypatch.setattr(forward, "_trace", broken)
    _cache(tmp_path, tiny("llama"), n=8)
    assert [line.split(": ")[1] for line in faults(open_store(tmp_path))] == [
        "object/002 has 5 non-finite values (as computed by the model)",
        "report/002 has 5 non-finite values (as computed by the model)",
    ]


def test_a_store_that_would_not_fit_is_refused_before_the_first_pass(tiny, tmp_path, monkeypatch):
    from collections import namedtuple

    from tacit.activations import write_shards as module

    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(module.shutil, "disk_usage", lambda path: usage(10, 9, 1))
    with pytest.raises(ActivationError, match=r"do not fit into.*--layers every:4"):
        _cache(tmp_path, tiny("llama"))
    assert not list(tmp_path.glob("*/*"))


def test_the_disk_estimate_is_what_is_then_written(tiny, tmp_path):
    said = []
    _cache(tmp_path, tiny("llama"), n=200, said=said)
    estimated = float(said[0].split()[1])
    tensors = sum(shard["bytes"] for shard in open_store(tmp_path).manifest["entries"][0]["shards"]) / 1e6
    assert estimated == pytest.approx(200 * 2 * 4 * 32 * 4 / 1e6, abs=0.06)
    assert estimated <= tensors


def test_a_rehearsal_of_a_remote_run_gives_the_same_store(tiny, tmp_path):
    _cache(tmp_path / "here", tiny("llama"), n=10)
    _cache(tmp_path / "there", tiny("llama"), n=10, remote="local")
    here, there = open_store(tmp_path / "here"), open_store(tmp_path / "there")
    for site in ("object", "report"):
        ours, theirs = (store.load("knowledge", "plain", site, 3) for store in (here, there))
        np.testing.assert_allclose(ours, theirs, atol=1e-5)
    assert list(here.replies["text"]) == list(there.replies["text"])


def test_killed_at_twenty_random_moments_it_resumes_and_ends_bit_identical(tiny, tmp_path, monkeypatch):
    import multiprocessing
    import random
    import threading

    # tqdm's own lock is shared with forked processes, and one that is killed while it holds it would never let go.
    monkeypatch.setattr(tqdm, "_lock", threading.RLock(), raising=False)

    _cache(tmp_path / "whole", tiny("llama"), n=40)  # also loads the model, which the forked processes then have
    fork, moments, kills = multiprocessing.get_context("fork"), random.Random(0), 0
    while kills < 20:
        child = fork.Process(target=_cache, args=(tmp_path / "part", tiny("llama"), 40))
        child.start()
        child.join(moments.uniform(0.0, 0.25))
        if child.exitcode is None:
            child.kill()
            kills += 1
        child.join()
        if child.exitcode == 0:  # it got to the end: begin anew, so that the next kill hits unfinished work
            shutil.rmtree(tmp_path / "part")
    _cache(tmp_path / "part", tiny("llama"), n=40)
    whole, part = open_store(tmp_path / "whole"), open_store(tmp_path / "part")
    assert whole.manifest["entries"] == part.manifest["entries"], "checksums differ"
    assert whole.replies.equals(part.replies)
    assert not list(faults(part))
    assert not list((tmp_path / "part").rglob(f".*{PARTIAL}"))


def test_the_manifest_names_the_version_of_the_built_in_items(tiny, tmp_path):
    from tacit.activations.store.verify import describe
    from tacit.targets.registry import ITEM_SET

    _cache(tmp_path, tiny("llama"))
    store = open_store(tmp_path)
    assert store.manifest["item_set"] == ITEM_SET
    assert f"item set     {ITEM_SET}" in describe(store)


def test_another_run_of_the_same_model_takes_what_is_there(tiny, tmp_path):
    first, second = (tmp_path / "runs" / name / "activations" for name in ("a", "b"))
    assert _cache(first, tiny("llama"))
    assert not _cache(second, tiny("llama"), load=_refuse)
    ours, theirs = open_store(second), open_store(first)
    assert ours.manifest["entries"] == theirs.manifest["entries"]
    assert not list(faults(ours))
    shard = ours.manifest["entries"][0]["shards"][0]["file"]
    assert (first / shard).samefile(second / shard)
    assert ours.layers == theirs.layers
    np.testing.assert_array_equal(*(each.load("knowledge", "plain", "report", 2) for each in (ours, theirs)))
    shutil.rmtree(first)
    assert not list(faults(ours))


def test_a_damaged_shard_of_another_run_is_not_taken(tiny, tmp_path):
    first, second = (tmp_path / "runs" / name / "activations" for name in ("a", "b"))
    _cache(first, tiny("llama"))
    shard = first / open_store(first).manifest["entries"][0]["shards"][0]["file"]
    shard.write_bytes(shard.read_bytes()[:-1])
    assert _cache(second, tiny("llama"))
    assert not list(faults(open_store(second)))


@pytest.mark.parametrize("damage", ["flipped", "foreign", "missing"])
def test_a_shard_that_is_not_as_it_was_written_is_not_read(tiny, tmp_path, damage):
    _cache(tmp_path, tiny("llama"))
    files = [tmp_path / shard["file"] for shard in open_store(tmp_path).manifest["entries"][0]["shards"]]
    whole = files[1].read_bytes()
    open_store(tmp_path).load("knowledge", "plain", "object", 1)
    if damage == "missing":
        files[1].unlink()
    else:
        flipped = whole[:-5] + bytes([whole[-5] ^ 1]) + whole[-4:]
        files[1].write_bytes({"flipped": flipped, "foreign": files[0].read_bytes()}[damage])
    with pytest.raises(ActivationError, match=rf"{files[1].name} is (damaged or was replaced|missing).*Run the same"):
        open_store(tmp_path).load("knowledge", "plain", "object", 1)


def test_other_weights_in_the_same_folder_are_named_and_nothing_is_lost(tiny, tmp_path):
    _cache(tmp_path, tiny("llama"))
    manifest, said = json.loads((tmp_path / "manifest.json").read_text()), []
    manifest["model"]["model.safetensors"] = "0" * 64
    (tmp_path / "manifest.json").write_text(json.dumps(manifest))
    _cache(tmp_path, tiny("llama"), said=said)
    assert any("is another model than this run was cached from (model.safetensors changed)" in line for line in said)


def test_the_cost_of_all_is_told_before_the_acts_and_the_model_is_tried_once(tiny, tmp_path, monkeypatch):
    settings, said, tried = settings_for(tiny("llama")), [], []
    share = write_shards.can_share
    monkeypatch.setattr(write_shards, "can_share", lambda subject: tried.append(1) or share(subject))
    model, tokenizer = fingerprint(settings, load_config(settings)), load_tokenizer(settings)
    asks = list(acts_apart(ask_for(20)))
    entries = plan_run(asks, settings, tokenizer=tokenizer, config=load_config(settings), model=model)
    assert [entry.ask.part for entry in entries] == [plan.ACTS, "states"]

    def cache(left_out):
        terms = {"screen": lambda replies: left_out, "later": lambda store: []}
        load = functools.partial(subject_for, tiny("llama"))
        return cache_entries(tmp_path, entries, item_table(entries), settings, model, load, said.append, **terms)

    assert cache({("knowledge", "plain")}) and len(tried) == 1
    counts = [int(re.search(r"about ([\d,]+) tokens", line)[1].replace(",", "")) for line in said if "tokens" in line]
    assert (
        said[0].startswith("in all, without prompts that depend on replies: about")
        and "object prompts: about" in said[1]
    )
    assert counts[0] > counts[1] and len(counts) == 2
    before = (tmp_path / "manifest.json").stat().st_mtime_ns
    assert not cache({("knowledge", "plain")})
    assert (tmp_path / "manifest.json").stat().st_mtime_ns == before, "what was left out is not missing"
    assert cache(set()) and len(tried) == 2
    assert not cache(set())
