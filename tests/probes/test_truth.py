"""Worlds with known truth through the whole tool, beside those of `make validate`: each returns its own verdict."""

import numpy as np
import pytest

from tacit.probes import compare_run, probe_run
from tests.probes.worlds import WorldTarget, along, coin, flipped, make_world

COUNTS = WorldTarget(name="token_count", kind="count", classes=())


def verdict(tmp_path, y, **world):
    store, target = make_world(y, n_layers=world.pop("n_layers", 3), **world)
    probe_run(store, tmp_path, targets={target.name: target}, n_jobs=1, n_resamples=400)
    return compare_run(tmp_path, n_resamples=1000)[0]


def test_a_signal_that_is_in_the_embeddings_already_is_surface_only(tmp_path):
    y = coin(240)
    found = verdict(tmp_path, y, said=flipped(y, 0.4), signal=along(y, 4, layers=(0, 1, 2)))
    assert found["verdict"] == "SURFACE_ONLY"


def test_replies_that_nobody_can_read_make_the_report_invalid(tmp_path):
    y = coin(240)
    found = verdict(tmp_path, y, said=["banana"] * 240, signal=along(y, 4), control="broken")
    assert found["verdict"] == "REPORT_INVALID"
    assert found["coverage"]["unreadable"] == 1.0


def test_a_constant_report_without_a_working_control_is_invalid_and_with_one_a_gap(tmp_path):
    y = coin(240)
    broken = verdict(tmp_path / "a", y, said=["yes"] * 240, signal=along(y, 4), control="broken")
    works = verdict(tmp_path / "b", y, said=["yes"] * 240, signal=along(y, 4))
    assert (broken["verdict"], works["verdict"]) == ("REPORT_INVALID", "GAP")
    assert works["report"] == 0.5


def test_off_by_three_is_a_gap_raw_and_none_once_calibrated(tmp_path):
    y = np.random.default_rng(0).integers(5, 25, size=200)
    column = ((y - 15) * 9.0)[:, None]
    found = verdict(
        tmp_path, [int(v) for v in y], said=[str(v + 3) for v in y], target=COUNTS,
        signal=lambda site, layer: column if layer else None,
    )  # fmt: skip
    rungs = {r["rung"]: r["score"] for r in found["rungs"]}
    assert found["verdict"] == "NO_GAP"
    assert found["report_rung"] == "said calibrated"
    assert rungs["said"] < 0.5 < 0.95 < rungs["said calibrated"]


def test_an_unrelated_count_beside_known_states_is_a_gap(tmp_path):
    rng = np.random.default_rng(0)
    y = rng.integers(5, 25, size=200)
    column = ((y - 15) * 2.0)[:, None]
    found = verdict(
        tmp_path, [int(v) for v in y], said=[str(v) for v in rng.integers(5, 25, size=200)], target=COUNTS,
        signal=lambda site, layer: column if layer else None,
    )  # fmt: skip
    assert found["verdict"] == "GAP"
    assert found["probe"] > 0.8
    assert found["report"] == pytest.approx(0, abs=0.1)


def test_several_classes_go_the_same_way(tmp_path):
    names = ("a", "b", "c")
    k = np.random.default_rng(0).permutation(np.arange(210) % 3)
    one_hot = np.eye(3)[k] * 5
    found = verdict(
        tmp_path, [names[v] for v in k], said=["a"] * 210, target=WorldTarget(classes=names),
        signal=lambda site, layer: one_hot if layer else None,
    )  # fmt: skip
    assert found["metric"] == "macro_auroc"
    assert found["verdict"] == "GAP"


def test_a_dozen_items_give_no_verdict(tmp_path):
    y = coin(24)
    found = verdict(tmp_path, y, said=flipped(y, 0.5), signal=along(y, 6))
    assert found["verdict"] == "INCONCLUSIVE"
    assert "24 items" in found["reasons"][0]
