"""Wrong labels: how many would explain a gap, which to check first, and what a verdict says once they are corrected."""

import numpy as np
import pandas as pd
import pytest

from tacit.names import BEST
from tacit.probes import ProbeError, probe_run
from tacit.probes.compare import compare_run, compare_runs
from tacit.probes.comparison.label_errors import BOTH, REPORT_ALONE, audit, explain, sentence
from tacit.probes.comparison.paired_scores import Paired
from tacit.probes.data.results import read_results
from tests.probes.worlds import WorldTarget, coin, make_world

N = 160
TRUTH = coin(N)
WRONG = np.flatnonzero(np.array(TRUTH) == "yes")[::5]
"""Known items that are marked wrong."""


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """Words and one direction of the states tell the truth; another direction shows which labels are wrong."""
    folder, wrong = tmp_path_factory.mktemp("labels"), np.isin(np.arange(N), WRONG)
    labels = np.where(wrong, "no", TRUTH).tolist()
    states = np.stack([(np.array(TRUTH) == "yes") - 0.5, wrong], axis=1) * 6
    world = {"n_layers": 2, "d_model": 4, "surface": [f"text {k}" for k in range(N)]}
    store, target = make_world(labels, said=TRUTH, signal=lambda site, layer: states if layer else None, **world)
    probe_run(store, folder, targets={target.name: target}, n_jobs=1, n_resamples=100)
    return folder


@pytest.fixture(scope="module")
def paired(run):
    ((entry, frame),) = read_results(run).parts()
    return entry, Paired(entry, frame, 100)


def labels_of(folder, text):
    path = folder / "labels.csv"
    path.write_text(text)
    return path


def auroc(y, score, fold):
    """Longhand: pairs of one fold, ties a half."""
    won = [(a > b) + (a == b) / 2 for f in np.unique(fold)
           for a in score[(fold == f) & (y == 1)] for b in score[(fold == f) & (y == 0)]]  # fmt: skip
    return np.mean(won)


def test_the_smallest_number_is_that_at_which_the_gap_ends(paired):
    _, pairs = paired
    found = explain(pairs)
    probe, best, said = (pairs.pred(name) for name in (pairs.head, BEST, "said"))
    y, fold = pairs.scoring.y, pairs.scoring.fold
    rows = np.flatnonzero((said > 0) != y)
    rows = rows[np.argsort(probe[rows] * np.where(y[rows] == 1, -1, 1))]
    gaps = []
    for k in range(len(rows) + 1):
        flipped = y.copy()
        flipped[rows[:k]] = said[rows[:k]] > 0
        gaps.append(auroc(flipped, probe, fold) - auroc(flipped, best, fold))
    assert found["n"] == next(k for k, gap in enumerate(gaps) if gap <= 0.05)
    assert 0 < found["n"] <= len(WRONG)
    assert found["share"] == found["n"] / N
    assert f"{found['n']} labels" in sentence(found)


def test_the_items_to_check_are_the_wrong_ones_with_those_that_the_probe_doubts_first(paired):
    entry, pairs = paired
    table = audit(entry, pairs)
    assert set(table["item_id"]) == {f"i{k}" for k in WRONG}
    assert set(table["why"]) <= {BOTH, REPORT_ALONE}
    assert table["why"].tolist() == sorted(table["why"], key=[BOTH, REPORT_ALONE].index)
    doubted = table["why"] == BOTH
    assert (table.loc[doubted, "probe_says"] == "yes").all()
    assert (table.loc[~doubted, "probe_says"] == "no").all()
    assert table.loc[~doubted, "probe"].is_monotonic_increasing


def test_corrected_labels_end_the_gap_and_the_sentence_says_that_probes_are_as_trained(run, tmp_path):
    (before,) = compare_run(run, out=tmp_path / "verdicts.json", n_resamples=200)
    assert before["gap"] > 0.05
    assert before["limits"] == [sentence(before["label_errors"])]
    table = pd.read_csv(tmp_path / "audit.csv", dtype=str).assign(label="yes")
    table.to_csv(tmp_path / "labels.csv", index=False)
    ((after,),) = compare_runs([run], labels=tmp_path / "labels.csv", n_resamples=200)
    assert after["gap"] < 0
    assert (after["report"], after["label_errors"], after["labels_corrected"]) == (1.0, None, len(WRONG))
    assert f"{len(WRONG)} labels were corrected after probing" in after["sentence"]
    assert after["table"]["both"] + after["table"]["report_only"] == N


def test_labels_that_are_the_cached_ones_change_nothing(run, tmp_path):
    path = labels_of(
        tmp_path, f"target,condition,item_id,label\nbehavior,plain,i0,{TRUTH[0] if 0 not in WRONG else 'no'}\n"
    )
    ((same,),), (before,) = compare_runs([run], labels=path, n_resamples=100), compare_run(run, n_resamples=100)
    assert same == before


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("target,item_id\nbehavior,i0\n", "has no column label"),
        ("target,item_id,label\nbehavior,i999,yes\n", "no probed item 'i999'"),
        ("target,item_id,label\nbehavior,i0,perhaps\n", "label 'perhaps' is not one of no, yes"),
        ("target,item_id,label\nknowledge,i0,yes\n", "knowledge was not probed"),
        ("target,condition,item_id,label\nbehavior,locked,i0,yes\n", "behavior/locked was not probed"),
        ("target,item_id,label\nbehavior,i0,yes\nbehavior,i0,no\n", "item i0 is listed twice"),
    ],
)
def test_a_label_that_does_not_fit_is_refused_in_one_line(run, tmp_path, text, message):
    with pytest.raises(ProbeError, match=message) as error:
        compare_runs([run], labels=labels_of(tmp_path, text), n_resamples=100)
    assert "\n" not in str(error.value)


def test_a_file_that_is_not_there_and_labels_of_two_runs_are_refused(run, tmp_path):
    with pytest.raises(ProbeError, match="cannot be read as CSV"):
        compare_runs([run], labels=tmp_path / "none.csv")
    with pytest.raises(ProbeError, match="give one run"):
        compare_runs([run, run], labels=tmp_path / "none.csv")


def test_counts_are_corrected_and_audited_as_numbers(tmp_path):
    counts, rng = WorldTarget(name="token_count", kind="count", classes=()), np.random.default_rng(0)
    truth = rng.integers(5, 25, 80)
    labels = np.where(np.arange(80) % 8 == 0, truth + 6, truth)
    column = ((labels - 15) * 9.0)[:, None]
    store, target = make_world(
        [int(v) for v in labels], said=[str(v) for v in truth], target=counts, n_layers=2, d_model=4,
        surface=[f"text {k}" for k in range(80)], signal=lambda site, layer: column if layer else None,
    )  # fmt: skip
    probe_run(store, tmp_path, targets={target.name: target}, n_jobs=1, n_resamples=100)
    ((entry, frame),) = read_results(tmp_path).parts()
    table = audit(entry, Paired(entry, frame, 100))
    assert set(table["item_id"]) == {f"i{k}" for k in range(0, 80, 8)}
    rows = "".join(f"token_count,i{k},{truth[k]}\n" for k in range(0, 80, 8))
    ((after,),) = compare_runs([tmp_path], labels=labels_of(tmp_path, "target,item_id,label\n" + rows), n_resamples=100)
    assert after["labels_corrected"] == 10
    assert after["report"] == pytest.approx(1)
