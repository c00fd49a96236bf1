"""Every control with known truth at a fast size, and what the full size writes."""

import json

import numpy as np
import pandas as pd
import pytest

from tacit.probes import ProbeError
from tacit.validation import validate
from tacit.validation.controls import CONTROLS
from tacit.validation.judge import Control, at_least, at_most, covers, never_gap, recovers, returns
from tacit.validation.kept import outcomes
from tacit.validation.run import _withheld
from tacit.validation.scores import Setting, measure_setting


@pytest.mark.parametrize("control", CONTROLS, ids=lambda control: control.name)
def test_the_control_returns_its_verdict(control):
    # At seeds 0 and 1 the hash is among the few in a hundred that noise makes decodable.
    judged = control.judge([control.simulate(seed) for seed in (100, 101)])
    assert judged.passed, f"expected {judged.expected}, got {judged.got}"


@pytest.mark.parametrize(
    "setting",
    [
        Setting("no gap", n=160),
        Setting("a gap", n=160, gap=0.15),
        Setting("groups", n=320, cluster=4),
        Setting("refusals", n=160, right=0.95, refused=(0.5, 0.1)),
        Setting("few positives", n=320, positives=0.125),
    ],
    ids=lambda setting: setting.name,
)
def test_intervals_of_simulated_gaps_cover_them_and_centre_on_them(setting):
    found = measure_setting(setting, simulations=200, n_resamples=300, seed=1)
    assert covers(round(found["coverage"] * 200), 200)
    assert abs(found["bias"]) < 3 * found["spread"] / np.sqrt(200)
    assert setting.gap or found["above_zero"] <= 0.05


def outcome(verdict, gap, half=0.1):
    return {"verdict": verdict, "gap": gap, "gap_lower": gap - half, "gap_upper": gap + half, "level": "none"}


def test_the_judge_fails_what_it_must():
    often = [outcome("GAP", 0.2)] * 8 + [outcome("INCONCLUSIVE", 0.0)] * 92
    assert not never_gap(often).passed
    assert never_gap(often[5:]).passed
    assert not recovers([outcome("GAP", 0.2 + 0.001 * k) for k in range(100)], 0.1).passed
    assert not returns([outcome("GAP", 0.2)] * 30 + [outcome("NO_GAP", 0)] * 70, "NO_GAP").passed
    assert returns([outcome("NO_GAP", 0)] * 95 + [outcome("GAP", 0)] * 5, "NO_GAP").passed


def test_few_simulations_are_judged_by_what_they_can_show():
    assert at_most(0, 2, 0.05)
    assert not at_most(3, 4, 0.05)
    assert at_least(2, 2, 0.9)
    assert not at_least(0, 3, 0.9)
    assert not covers(920, 1000)
    assert covers(190, 200)


def test_what_is_written_names_every_control_with_what_was_expected_and_what_came(tmp_path):
    rows = validate(tmp_path, simulations=2, only="N7", organism=tmp_path / "none")
    assert json.loads((tmp_path / "validate.json").read_text()) == rows
    (row,) = rows
    assert (row["control"], row["passed"], row["simulations"]) == ("N7 constant", True, 2)
    assert row["got"] == "REPORT_INVALID 100%"
    assert list(pd.read_csv(tmp_path / "controls.csv")["control"]) == ["N7 constant"]
    assert "| N7 constant | yes |" in (tmp_path / "controls.md").read_text()


def test_simulations_that_were_run_are_kept_for_the_same_code_and_read_back_as_they_were(tmp_path, monkeypatch):
    ran = []

    def simulate(seed):
        ran.append(seed)
        return {"verdict": "GAP", "gap": np.float64(seed / 3), "undefined": float("nan")}

    control = Control("Z1 a world, made up", "about", simulate, judge=None)
    first = outcomes(control, [1, 2], tmp_path, jobs=1)
    (file,) = tmp_path.rglob("*.jsonl")
    file.write_text(file.read_text() + '{"seed": 3, "fou')  # interrupted while it was written
    ticks = []
    again = outcomes(control, [1, 2, 3], tmp_path, jobs=1, tick=lambda: ticks.append(1))
    assert ran == [1, 2, 3] and len(ticks) == 3
    assert [f["gap"] for f in again] == [1 / 3, 2 / 3, 1.0] and np.isnan(again[0]["undefined"])
    assert [f["gap"] for f in again[:2]] == [f["gap"] for f in first]
    monkeypatch.setattr("tacit.validation.kept.code_key", lambda: "other code")
    outcomes(control, [1], tmp_path, jobs=1)
    assert ran == [1, 2, 3, 1]


def test_an_organism_that_was_not_run_is_a_failure_that_says_what_to_do(tmp_path):
    (row,) = validate(tmp_path, simulations=2, only="P3", organism=tmp_path / "none")
    assert not row["passed"]
    assert "Run: tacit probe" in row["got"]


@pytest.mark.parametrize(
    ("level", "failed", "good"),
    [
        ("A, provisional", [], True), ("U", [], True), ("G", ["tuned_report"], True),
        ("G", ["tuned_report", "few_shot_report"], False), ("G", [], False), ("K", [], False),
    ],
)  # fmt: skip
def test_a_lock_may_be_opened_by_a_tuned_prompt_and_by_no_other_report(level, failed, good):
    names = ("mapped_report", "few_shot_report", "tuned_report")
    conditions = [{"level": "A", "id": name, "held": name not in failed} for name in names]
    assert _withheld({"level": level, "conditions": conditions}) is good


def test_a_control_that_does_not_exist_is_named(tmp_path):
    with pytest.raises(ProbeError, match="no control's name begins with 'X9'"):
        validate(tmp_path, only="X9")
