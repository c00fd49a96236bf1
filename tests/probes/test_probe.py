"""A whole run to files and back: what other programs read, written in one step, and comparable alone."""

import json
import shutil

import numpy as np
import pandas as pd
import pytest

from tacit.errors import WriteError
from tacit.files import SEAL, plain, sealed, write_file, write_json
from tacit.probes import ProbeError, compare_run, n_readings, probe_run, up_to_date
from tacit.probes.data.items_table import SCORE_COLUMNS
from tests.probes.worlds import WorldStore, WorldTarget, along, coin, make_world

KEYS = (
    "target condition verdict metric chance probe probe_lower probe_upper report report_lower report_upper report_rung"
    " gap gap_lower gap_upper n n_groups layer site coverage table control_accuracy reasons sentence level"
).split()


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """A run of three entries: a binary target, a count, and a target with one class."""
    rng = np.random.default_rng(0)
    y, counts = coin(80), rng.integers(5, 30, size=80)
    count = WorldTarget(name="token_count", kind="count", classes=())
    column = ((counts - 17) / 4)[:, None]
    parts = [
        make_world(y, said=["yes"] * 79 + ["hm"], signal=along(y, 4), n_layers=3),
        make_world([int(c) for c in counts], said=[str(c + 2) for c in counts], target=count, n_layers=3,
                   signal=lambda site, layer: column if layer else None),
        make_world(["yes"] * 80, said=y, target=WorldTarget(name="knowledge"), n_layers=3),
    ]  # fmt: skip
    store = WorldStore(
        pd.concat([s.items for s, _ in parts]), pd.concat([s.replies for s, _ in parts]),
        {k: v for s, _ in parts for k, v in s.arrays.items()}, 3, [e for s, _ in parts for e in s.entries],
    )  # fmt: skip
    run, said, done = tmp_path_factory.mktemp("run"), [], []
    targets = {t.name: t for _, t in parts}
    scores = probe_run(store, run, targets=targets, n_jobs=1, n_resamples=300, say=said.append, progress=done.append)
    return store, run, scores, said, done


def test_scores_have_the_documented_columns_and_a_row_per_site_and_layer(finished):
    _, run, scores, *_ = finished
    table = pd.read_csv(run / "probes" / "scores.csv")
    assert tuple(table.columns) == SCORE_COLUMNS
    assert len(table) == len(scores)
    curve = table[(table["method"] == "probe") & (table["metric"] == "auroc")]
    assert sorted(zip(curve["site"], curve["layer"], strict=True)) == [
        (s, n) for s in ("object", "report") for n in range(3)
    ]
    assert set(table["kind"]) == {"probe", "baseline", "report", "control", "combined"}


def test_every_point_lies_in_its_interval_or_has_none(finished):
    table = finished[2].dropna(subset=["value", "lower"])
    assert (table["lower"] <= table["value"] + 1e-9).all()
    assert (table["upper"] >= table["value"] - 1e-9).all()


def test_the_baselines_and_rungs_stand_in_the_same_table(finished):
    names = set(finished[2]["method"])
    expected = (
        "majority,median,shuffled labels,surface numbers,surface boosted,words and characters,prompt length,embeddings"
    )
    assert set(expected.split(",")) <= names
    assert {
        "nested",
        "nested object",
        "fixed layer",
        "naive maximum",
        "said",
        "said calibrated",
        "best report",
    } <= names


def test_items_hold_what_was_known_and_said_of_each(finished):
    items = pd.read_parquet(finished[1] / "probes" / "items.parquet")
    wanted = "item_id target condition group fold label probe probe_right report report_right report_logit"
    assert set(f"{wanted} report_calibrated outcome reply object_reply source surface".split()) <= set(items.columns)
    assert len(items) == 160
    counts = items[items["target"] == "token_count"]
    assert (counts["report"] == counts["label"] + 2).all()
    assert items["outcome"].tolist().count("unreadable") == 1
    assert np.isnan(items.loc[items["outcome"] == "unreadable", "report"]).all()


def test_a_target_with_one_class_is_reported_and_the_others_go_on(finished):
    _, run, _, said, _ = finished
    verdicts = {v["target"]: v for v in compare_run(run, n_resamples=300)}
    assert verdicts["knowledge"]["verdict"] == "INCONCLUSIVE"
    assert "same label" in verdicts["knowledge"]["reasons"][0]
    assert any("not analysable" in line for line in said)


def test_what_could_not_be_probed_must_say_why_and_how_it_was_answered(finished, tmp_path):
    shutil.copytree(finished[1] / "probes", tmp_path / "probes")
    path = tmp_path / "probes" / "probes.json"
    facts = json.loads(path.read_text())
    (entry,) = (e for e in facts["entries"] if e["status"] != "probed")
    del entry["control"]
    path.write_text(json.dumps(facts))
    with pytest.raises(ProbeError, match="changed after it was written: its checksum differs"):
        compare_run(tmp_path, n_resamples=300)
    path.write_text(json.dumps(sealed({name: value for name, value in facts.items() if name != SEAL})))
    with pytest.raises(ProbeError, match=r"knowledge/plain: probes.json says nothing of control. Run: tacit probe"):
        compare_run(tmp_path, n_resamples=300)


def test_verdicts_have_the_documented_keys_in_strict_json(finished, tmp_path):
    verdicts = compare_run(finished[1], out=tmp_path / "verdicts" / "verdicts.json", n_resamples=300)
    text = (tmp_path / "verdicts" / "verdicts.json").read_text()
    assert "NaN" not in text
    content = {"schema": "tacit-verdicts/1", "verdicts": verdicts}
    assert json.loads(text) == sealed(content)
    assert all(set(KEYS) <= set(v) for v in verdicts)
    assert sum(verdicts[0]["table"].values()) == verdicts[0]["n"] == 80


def test_comparing_twice_gives_the_same_verdicts(finished):
    assert compare_run(finished[1], n_resamples=300) == compare_run(finished[1], n_resamples=300)


def test_the_scores_and_the_verdict_agree_on_the_headline(finished):
    scores, verdict = finished[2], compare_run(finished[1], n_resamples=300)[0]
    row = scores[
        (scores["target"] == "behavior") & (scores["method"] == "nested report") & (scores["metric"] == "auroc")
    ].iloc[0]  # of an act, without a logit lens
    assert (row["value"], row["lower"]) == pytest.approx((verdict["probe"], verdict["probe_lower"]))


def test_progress_is_told_for_every_reading_and_ends_at_the_number_announced(finished):
    store, _, _, _, done = finished
    assert n_readings(store) == 18
    assert sum(done) == 18


def test_missing_results_say_what_to_run(tmp_path):
    with pytest.raises(ProbeError, match=r"items.parquet is not there. Run: tacit probe"):
        compare_run(tmp_path)


def copy_without_checksums(source, folder):
    (folder / "scores.csv").write_bytes((source / "scores.csv").read_bytes())
    facts = sealed(json.loads((source / "probes.json").read_text()) | {"sha256": {}})
    (folder / "probes.json").write_text(json.dumps(facts))


def test_results_with_items_missing_are_refused(finished, tmp_path):
    folder = tmp_path / "probes"
    folder.mkdir()
    copy_without_checksums(finished[1] / "probes", folder)
    pd.read_parquet(finished[1] / "probes" / "items.parquet").iloc[5:].to_parquet(folder / "items.parquet")
    with pytest.raises(ProbeError, match="75 items, 80 were written"):
        compare_run(tmp_path, n_resamples=100)


def test_results_without_a_column_are_refused(finished, tmp_path):
    folder = tmp_path / "probes"
    folder.mkdir()
    copy_without_checksums(finished[1] / "probes", folder)
    items = pd.read_parquet(finished[1] / "probes" / "items.parquet")
    items.drop(columns="method:nested").to_parquet(folder / "items.parquet")
    with pytest.raises(ProbeError, match="no column 'method:nested'"):
        compare_run(tmp_path, n_resamples=100)


def test_an_interrupted_write_leaves_the_old_file_and_nothing_else(tmp_path):
    path = tmp_path / "a.json"
    write_json(path, {"x": 1})

    def fail(sibling):
        sibling.write_text("half")
        raise OSError("disk full")

    with pytest.raises(WriteError, match="disk full"):
        write_file(path, fail)
    assert [p.name for p in tmp_path.iterdir()] == ["a.json"]
    assert json.loads(path.read_text()) == {"x": 1}


def test_numbers_that_are_not_finite_become_null():
    content = {"a": np.float64("nan"), "b": [np.int64(3), np.bool_(True), float("inf")], "c": np.arange(2)}
    assert plain(content) == {"a": None, "b": [3, True, None], "c": [0, 1]}


def test_a_run_with_some_layers_only_is_probed_and_nothing_is_called_known_without_the_embeddings(tmp_path):
    y = coin(60)
    store, target = make_world(y, said=["yes"] * 60, signal=along(y, 4), n_layers=4)

    class Some(WorldStore):
        layers = (1, 3)

    some = Some(store.items, store.replies, store.arrays, 4, store.entries)
    scores = probe_run(some, tmp_path, targets={target.name: target}, n_jobs=1, n_resamples=100)
    assert set(scores.loc[scores["method"] == "probe", "layer"]) == {1, 3}
    found = compare_run(tmp_path, n_resamples=200)[0]
    assert found["verdict"] == "INCONCLUSIVE"
    assert any("cache layer 0" in reason for reason in found["reasons"])


def test_results_are_up_to_date_only_with_the_activations_and_seed_they_were_made_from(finished):
    store, run, *_ = finished
    assert up_to_date(run, store, 0)
    assert not up_to_date(run, store, 1)
    other = WorldStore(store.items, store.replies, store.arrays, 3, store.entries, {"entries": [], "tables": {}})
    assert not up_to_date(run, other, 0)


@pytest.mark.parametrize("name", ["scores.csv", "items.parquet", "null.csv", "probes.json"])
def test_results_that_compare_refuses_are_not_up_to_date(finished, tmp_path, name):
    store, run, *_ = finished
    shutil.copytree(run / "probes", tmp_path / "probes")
    assert up_to_date(tmp_path, store, 0)
    path = tmp_path / "probes" / name
    data = path.read_bytes()
    path.write_bytes(data.replace(b'"sha256"', b'"sha1"') if name == "probes.json" else data + b"\n")
    with pytest.raises(ProbeError, match="Run: tacit probe"):
        compare_run(tmp_path)
    assert not up_to_date(tmp_path, store, 0)


def test_a_run_in_which_nothing_can_be_analysed_still_ends_in_reasoned_verdicts(tmp_path):
    store, target = make_world(["yes"] * 80, said=coin(80), n_layers=2)
    probe_run(store, tmp_path, targets={target.name: target}, n_jobs=1)
    (verdict,) = compare_run(tmp_path)
    assert (verdict["verdict"], verdict["gap"], verdict["n"]) == ("INCONCLUSIVE", None, 0)
    assert "same label" in verdict["reasons"][0]


def test_a_report_that_cannot_be_read_is_called_so_although_nothing_can_be_probed(tmp_path):
    store, target = make_world(["yes"] * 80, said=["mumble"] * 80, control="broken", n_layers=2)
    probe_run(store, tmp_path, targets={target.name: target}, n_jobs=1)
    (verdict,) = compare_run(tmp_path)
    assert (verdict["verdict"], verdict["coverage"]["unreadable"], verdict["control_accuracy"]) == (
        "REPORT_INVALID",
        1,
        0,
    )
    assert "same label" in verdict["reasons"][0]


def test_whole_sources_are_held_out_on_request(tmp_path):
    y = coin(120)
    sources = [f"task {k % 12}" for k in range(120)]
    store, target = make_world(y, said=y, n_layers=2, d_model=4, columns={"source": sources}, signal=along(y, 5))
    probe_run(store, tmp_path, targets={target.name: target}, n_jobs=1, n_resamples=50, n_permutations=0, n_repeats=0,
              hold_out="source")  # fmt: skip
    items = pd.read_parquet(tmp_path / "probes" / "items.parquet")
    assert items["group"].nunique() == 12
    assert (items.groupby("source")["fold"].nunique() == 1).all()
    assert "trained only on items with another `source`" in compare_run(tmp_path, n_resamples=50)[0]["sentence"]
    assert up_to_date(tmp_path, store, 0, 0, "source")
    assert not up_to_date(tmp_path, store, 0, 0)
