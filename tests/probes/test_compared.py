"""What stands beside a verdict: steps of the gap, framings, disagreements; and results that are not to be trusted."""

import functools
import json
import shutil
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from tacit.files import neutralised, sealed
from tacit.probes import ProbeError, compare_run, probe_run
from tacit.probes.compare import compare_runs
from tacit.probes.comparison.collect import coverage_by_class
from tacit.probes.comparison.decisions import decisions
from tacit.probes.comparison.paired_scores import Paired
from tacit.probes.comparison.rungs import in_fine_steps
from tacit.probes.comparison.self_or_typical import answers, self_vs_typical
from tacit.probes.cross import cross_matrix
from tacit.probes.data.results import read_results
from tacit.probes.peers import peers_of
from tacit.probes.statistics.metrics import Scoring
from tests.probes.worlds import along, coin, flipped, graded, make_world

N = 120


def finish(folder, y, **world):
    store, target = make_world(
        y, **({"n_layers": 2, "d_model": 4, "surface": [f"text {k}" for k in range(len(y))]} | world)
    )
    probe_run(store, folder, targets={target.name: target}, n_jobs=1, n_resamples=100)
    return folder


@pytest.fixture(scope="module")
def gap(tmp_path_factory):
    """A run with a gap: the states know, the words are right in six of ten."""
    y = coin(N)
    surface = [f"=HYPERLINK({k})" for k in range(N)]
    run = tmp_path_factory.mktemp("gap")
    return finish(run, y, said=flipped(y, 0.4), signal=along(y, 5, layers=(1,)), surface=surface)


@pytest.fixture
def copy(gap, tmp_path):
    shutil.copytree(gap / "probes", tmp_path / "probes")
    return tmp_path


def alter(run, change):
    """Rewrite the items of a run, without the checksums that would tell."""
    path, facts = run / "probes" / "items.parquet", run / "probes" / "probes.json"
    change(pd.read_parquet(path)).to_parquet(path)
    facts.write_text(json.dumps(sealed(json.loads(facts.read_text()) | {"sha256": {}})))


def test_the_gap_is_taken_apart_from_raw_words_to_knowledge(gap):
    verdict = compare_run(gap, n_resamples=300)[0]
    steps = verdict["decomposition"]
    assert [s["step"] for s in steps] == ["raw say", "calibrated say", "best say", "know"]
    assert (steps[2]["value"], steps[3]["value"]) == (verdict["report"], verdict["probe"])
    assert all(s["lower"] <= s["value"] <= s["upper"] for s in steps)


def test_what_is_decodable_at_both_prompts_and_not_said_is_called_so(gap):
    assert compare_run(gap, n_resamples=300)[0]["localisation"]["step"] == "arrived and unsaid"


def test_what_stands_at_the_object_prompt_alone_never_arrived(tmp_path):
    y = coin(300)
    there = along(y, 5, layers=(1,))
    run = finish(
        tmp_path, y, said=["yes"] * 300, signal=lambda site, layer: there(site, layer) if site == "object" else None
    )
    assert compare_run(run, n_resamples=300)[0]["localisation"]["step"] == "never arrived"


def test_disagreements_are_written_both_ways_and_no_spreadsheet_runs_them(gap, tmp_path):
    compare_run(gap, out=tmp_path / "verdicts.json", n_resamples=100)
    table = pd.read_csv(tmp_path / "disagreements.csv")
    first = table[table["direction"] == "the probe is right, the report is not"]
    assert len(first) == 25
    assert first["difference"].is_monotonic_decreasing
    assert (table["difference"] < 0).sum() == (table["direction"] == "the report is right, the probe is not").sum()
    assert table["surface"].str.startswith("'=HYPERLINK(").all()


def test_numbers_stay_numbers_when_texts_are_made_safe():
    table = pd.DataFrame({"a": ["-3.5", "+x", "@cmd", "plain"], "b": [-1.0, 2.0, 3.0, 4.0]})
    assert neutralised(table)["a"].tolist() == ["-3.5", "'+x", "'@cmd", "plain"]
    assert neutralised(table)["b"].tolist() == table["b"].tolist()


def test_the_reliability_curve_covers_every_item_of_probe_and_report_once(gap, tmp_path):
    compare_run(gap, out=tmp_path / "verdicts.json", n_resamples=100)
    table = pd.read_csv(tmp_path / "reliability.csv")
    assert table[table["method"] == "probe"]["n"].sum() == N
    assert set(table["kind"]) == {"probe", "report"}
    assert (table["lower"] <= table["outcome"]).all()
    assert (table["upper"] >= table["outcome"]).all()


def test_gaps_of_several_runs_are_adjusted_together(gap, tmp_path):
    y = coin(N, 3)
    other = finish(tmp_path, y, said=flipped(y, 0.5), signal=along(y, 5, layers=(1,)))
    alone, (first, second) = compare_run(gap, n_resamples=300), compare_runs([gap, other], n_resamples=300)
    assert (alone[0]["n_family"], first[0]["n_family"], second[0]["n_family"]) == (1, 2, 2)
    assert alone[0]["holm_p"] == alone[0]["gap_p"] <= first[0]["holm_p"]


def test_selectivity_needs_the_control_tasks_own_labels_and_counts_nothing_below_chance(copy):
    """A control that is always wrong about its labels scores 0 and is taken for chance, .5."""
    sides = np.tile([1.0, -1.0], N // 2)
    alter(copy, lambda f: f.drop(columns="label:control task").assign(**{"method:control task": sides}))
    (condition,) = selectivity_of(copy)
    assert (condition["held"], condition["evidence"]) == (None, "not run")
    alter(copy, lambda f: f.assign(**{"label:control task": (1 - sides) / 2}))
    (condition,) = selectivity_of(copy)
    probe = compare_run(copy, n_resamples=200)[0]["probe"]
    assert condition["held"] is True
    assert condition["evidence"].startswith(f"the probe's lead is {probe - 0.5:.3f} [")


def selectivity_of(run):
    found = compare_run(run, n_resamples=200)[0]["conditions"]
    return [c for c in found if c["id"] == "selectivity"]


def with_typical(frame, typical):
    return frame.assign(**{"method:choice/typical/0": typical})


def decided(frame, pred, said):
    """`hard` of these predictions, of a run of N items."""
    return frame.assign(**{"method:nested": pred, "method:said": said})


def test_of_a_rare_class_the_probe_decides_as_often_as_the_words_do(copy):
    """Nobody is above even odds, and the ranking is perfect: the words, at random, are no match for it."""
    rng = np.random.default_rng(4)
    alter(
        copy,
        lambda f: decided(
            f, 2 * f["label"] - 5 + rng.uniform(0, 0.5, len(f)), rng.permutation(np.tile([1, -1], N // 2))
        ),
    )
    ((entry, frame),) = read_results(copy).parts()
    paired = Paired(entry | {"searches": {}}, frame, 300)
    assert paired.lead("nested", "said", "balanced_accuracy").value == pytest.approx(0, abs=0.15)
    assert decisions(paired).value > 0.3


def test_words_that_are_the_probes_own_score_cut_anywhere_are_as_good_as_the_probe(copy):
    """An honest reporter of a rare class says yes seldom: its operating point is no gap."""
    rng = np.random.default_rng(5)

    def honest(f):
        score = f["label"] * 1.5 + rng.normal(size=len(f)) - 2
        return decided(f, score, np.where(score > 0, 1.0, -1.0))

    alter(copy, honest)
    ((entry, frame),) = read_results(copy).parts()
    hard = decisions(Paired(entry | {"searches": {}}, frame, 300))
    assert hard.lower <= 0 <= hard.upper


@pytest.mark.parametrize(
    ("share", "fine"), [(1.0, True), (0.97, True), (0.5, False), (0.05, False)], ids=["all", "most", "half", "few"]
)
def test_log_probabilities_that_most_items_lack_are_no_fine_steps(copy, share, fine):
    rng = np.random.default_rng(6)
    told = lambda f: np.where(rng.permutation(np.arange(len(f)) < share * len(f)), rng.normal(size=len(f)), np.nan)  # noqa: E731
    alter(copy, lambda f: f.assign(**{"method:logits": told(f)}))
    ((entry, frame),) = read_results(copy).parts()
    assert in_fine_steps(Paired(entry, frame, 300), "logits") is fine
    assert not in_fine_steps(Paired(entry, frame, 300), "said")


def test_log_probabilities_that_are_certain_of_everything_are_no_fine_steps(copy):
    alter(copy, lambda f: f.assign(**{"method:logits": np.where(f.index % 2, 50.0, -50.0)}))
    ((entry, frame),) = read_results(copy).parts()
    assert not in_fine_steps(Paired(entry, frame, 300), "logits")


def test_a_method_of_another_target_whose_column_is_empty_here_was_not_run(copy):
    alter(copy, lambda f: f.assign(**{"method:logit lens": np.nan, "method:output confidence": np.nan}))
    conditions = compare_run(copy, n_resamples=200)[0]["conditions"]
    scope = [c for c in conditions if c["level"] == "scope"]
    assert [(c["held"], c["evidence"]) for c in scope] == [(None, "not run")] * 2


def test_counts_are_told_by_the_counts_that_there_are():
    frame = pd.DataFrame({"label": np.repeat([4.0, 5, 9, 12, 30], 4), "outcome": ["answered", "refused"] * 10})
    found = coverage_by_class({"kind": "count"}, frame)
    assert list(found) == ["4", "5", "9", "12", "30"]
    assert found["9"] == {"answered": 0.5, "refused": 0.5}


def test_a_model_that_says_the_same_of_everybody_does_not_speak_of_itself(copy):
    alter(copy, lambda f: with_typical(f, f["method:said"]))
    ((entry, frame),) = read_results(copy).parts()
    found = self_vs_typical(Paired(entry, frame, 300), [*entry["rungs"], "choice/typical/0"])
    assert (found["agreement"], found["difference"], found["about"]) == (1.0, 0.0, "not about itself")


def test_a_model_that_is_right_of_itself_alone_speaks_of_itself(copy):
    truth = np.random.default_rng(9).permutation(np.tile([1.0, -1.0], N // 2))
    alter(copy, lambda f: with_typical(f, truth).assign(**{"method:said": 2 * f["label"] - 1}))
    ((entry, frame),) = read_results(copy).parts()
    found = self_vs_typical(Paired(entry, frame, 300), [*entry["rungs"], "choice/typical/0"])
    assert found["about"] == "about itself"
    assert found["agreement"] == pytest.approx(0.5, abs=0.15)
    assert found["kappa"] == pytest.approx(0, abs=0.3)


def test_of_two_reports_worse_than_chance_the_better_is_not_about_the_self(copy):
    wrong = lambda f: 1 - 2 * f["label"]  # noqa: E731
    alter(copy, lambda f: with_typical(f, wrong(f)).assign(**{"method:said": np.where(f.index < 20, 1, wrong(f))}))
    results = read_results(copy)
    entry, frame = next(results.parts())
    found = self_vs_typical(Paired(entry, frame, 300), [*entry["rungs"], "choice/typical/0"])
    assert found["difference_lower"] > 0
    assert found["about"] != "about itself"


def test_without_a_second_framing_nothing_is_said_of_the_self(gap):
    assert compare_run(gap, n_resamples=100)[0]["framing"] is None


def test_answers_are_classes_or_whole_numbers_and_silence_is_none():
    y = np.zeros(3)
    assert answers(Scoring("count", y, y.astype(int)), np.array([2.4, 2.6, np.nan]))[:2].tolist() == [2, 3]
    shares = np.array([[0.1, 0.9], [0.8, 0.2], [np.nan, np.nan]])
    assert np.isnan(answers(Scoring("multiclass", y, y.astype(int), 2), shares)[2])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda f: f.iloc[:-3], "117 items, 120 were written"),
        (lambda f: f.assign(label=np.where(f.index == 4, np.nan, f["label"])), "1 items have no label"),
        (lambda f: f.assign(label=7.0), "labels that are none of the 2 classes"),
        (lambda f: f.assign(item_id=f["item_id"].iloc[0]), "item i0 stands there twice"),
        (lambda f: f.assign(outcome="perhaps"), "an outcome that is none of"),
        (lambda f: f.assign(group=0), "group 0 lies in 5 folds"),
        (lambda f: f.drop(columns="method:said"), "no column 'method:said'"),
        (lambda f: f.drop(columns="target"), "no column target"),
    ],
)
def test_results_that_were_tampered_with_are_refused_in_one_line(copy, change, message):
    alter(copy, change)
    with pytest.raises(ProbeError, match=message) as error:
        compare_run(copy, n_resamples=100)
    assert "Run: tacit probe" in str(error.value)
    assert "\n" not in str(error.value)


def test_a_file_that_differs_from_its_checksum_is_refused(copy):
    assert compare_run(copy, n_resamples=100)
    path = copy / "probes" / "items.parquet"
    pd.read_parquet(path).assign(probe=0.0).to_parquet(path)
    with pytest.raises(ProbeError, match=r"items.parquet is not as it was written"):
        compare_run(copy, n_resamples=100)


def test_half_a_file_is_refused(copy):
    path = copy / "probes" / "items.parquet"
    path.write_bytes(path.read_bytes()[:500])
    with pytest.raises(ProbeError, match="cannot be read"):
        compare_run(copy)


def test_a_probe_score_that_is_missing_decides_nothing(copy):
    heads = ("method:nested", "method:nested report")
    alter(copy, lambda f: f.assign(**{head: np.where(f.index < 3, np.nan, f[head]) for head in heads}))
    verdict = compare_run(copy, n_resamples=100)[0]
    assert verdict["verdict"] == "INCONCLUSIVE"
    assert verdict["reasons"] == ["the probe gave no score to 3 of 120 items"]
    assert "the evidence is inconclusive" in verdict["sentence"]


def test_a_verdict_about_the_report_prompt_has_the_tables_of_that_probe(gap):
    verdict = compare_run(gap, n_resamples=100)[0]
    items = pd.read_parquet(gap / "probes" / "items.parquet")
    right = items["right:nested report"]
    assert verdict["probe_method"] == "nested report"  # an act of which no lens was read
    assert verdict["table"]["both"] + verdict["table"]["probe_only"] == right.sum()
    assert verdict["calibration"]["probe"]["brier"] == pytest.approx(
        ((1 / (1 + np.exp(-items["method:nested report"])) - items["label"]) ** 2).mean()
    )


def test_a_target_with_three_items_is_inconclusive_with_the_reason(tmp_path):
    verdict = compare_run(finish(tmp_path, ["yes", "no", "yes"], said=["yes"] * 3))[0]
    assert (verdict["verdict"], verdict["gap"]) == ("INCONCLUSIVE", None)
    assert "3 usable items" in verdict["reasons"][0]


def test_no_report_at_all_is_inconclusive_with_the_reason(tmp_path):
    y = coin(60)
    store, target = make_world(y, said=y, n_layers=2)
    store.replies = store.replies[store.replies["prompt"] == "object"]
    probe_run(store, tmp_path, targets={target.name: target}, n_jobs=1, n_resamples=100)
    verdict = compare_run(tmp_path)[0]
    assert (verdict["verdict"], verdict["gap"]) == ("INCONCLUSIVE", None)
    assert "no reply to the report prompt" in verdict["reasons"][0]


@pytest.fixture(scope="module")
def two(tmp_path_factory):
    """Two models with truths of their own, their runs and their stores."""
    folder, mine = tmp_path_factory.mktemp("two"), coin(N)
    stores = {}
    for name, y in (("a", mine), ("b", flipped(mine, 0.3))):
        world = {"signal": along(y, 5, layers=(1,)), "surface": [f"fact {k}" for k in range(N)], "n_layers": 2}
        store, target = make_world(y, **graded(y, 0.95), **world)
        probe_run(store, folder / name, targets={target.name: target}, n_jobs=1, n_resamples=100)
        stores[name] = store
    return {name: folder / name for name in stores}, stores


def cell(table, **where):
    for column, value in where.items():
        table = table[table[column] == value]
    return table.iloc[0]


def test_the_diagonal_of_the_matrix_is_what_each_run_said_of_itself(two):
    runs, _ = two
    table = cross_matrix(runs, n_resamples=200)
    for name, run in runs.items():
        said = next(r for r in compare_run(run, n_resamples=200)[0]["rungs"] if r["rung"] == "said")
        own = cell(table, predictor=name, target_run=name, kind="report")
        assert own["value"] == pytest.approx(said["score"])
        assert np.isnan(own["behind"])


@pytest.mark.parametrize("kind", ["report", "probe"])
def test_a_peer_knows_less_where_the_truths_differ_and_as_much_where_they_do_not(two, kind):
    runs, stores = two
    table = cross_matrix(runs, stores=stores, n_resamples=200)
    differ = cell(table, predictor="b", target_run="a", kind=kind, subset="truths differ")
    agree = cell(table, predictor="b", target_run="a", kind=kind, subset="truths agree")
    assert differ["behind_lower"] > 0.5
    assert table[["lower", "upper"]].min().min() >= 0
    assert table[["lower", "upper"]].max().max() <= 1
    assert abs(agree["behind"]) < 0.15
    assert differ["n"] + agree["n"] == N


def test_models_whose_truths_differ_on_a_single_item_are_compared(tmp_path):
    """The items on which they differ then leave most folds empty."""
    mine = coin(N)
    runs, stores = {}, {}
    for name, changed in (("a", 0), ("b", 1)):
        y = [("yes" if v == "no" else "no") if k < changed else v for k, v in enumerate(mine)]
        world = {"signal": along(y, 3, layers=(1, 2)), "surface": [f"fact {k}" for k in range(N)], "n_layers": 3}
        stores[name], target = make_world(y, **graded(y, 0.95), **world)
        runs[name] = tmp_path / name
        probe_run(stores[name], runs[name], targets={target.name: target}, n_jobs=1, n_resamples=100)
    table = cross_matrix(runs, stores=stores, n_resamples=100)
    differ = table[(table["subset"] == "truths differ") & (table["kind"] == "probe")]
    assert (differ["n"] == 1).all()
    assert len(differ) == 2


def test_only_states_read_with_the_targets_own_labels_make_a_peer(two):
    runs, stores = two
    loose = cross_matrix(runs, n_resamples=100)
    assert set(loose["kind"]) == {"report", "own probe"}
    assert peers_of(loose, "a") == {}
    (peer,) = peers_of(cross_matrix(runs, stores=stores, n_resamples=100), "a")["behavior", "plain"]
    assert (peer.run, peer.lead.n, peer.effective) == ("b", N, N // 2)


def test_a_verdict_about_the_report_prompt_has_peers_that_were_read_there_alone(two):
    """Nothing shows that these acts are known ahead of the next token, so the verdict is about the report prompt."""
    runs, stores = two
    table = cross_matrix(runs, stores=stores, n_resamples=200)
    assert set(table.loc[table["kind"] == "probe", "sites"]) == {"report"}
    peers = peers_of(table, "a")
    ((peer,),) = peers.values()
    assert peer.at_report
    assert peer.adds.n == cell(table, predictor="b", target_run="a", kind="probe", subset="truths differ")["n"]
    assert peer.on_own.value == pytest.approx(1, abs=0.02)
    for known, held in ((peers, {True, None}), ({k: (replace(peer, at_report=False),) for k in peers}, {None})):
        verdict = compare_runs([runs["a"]], peers=[known], n_resamples=200)[0][0]
        (condition,) = [c for c in verdict["conditions"] if c["level"] == "P"]
        assert verdict["probe_method"] == "nested report"
        assert condition["held"] in held
        assert ("b: on 120 shared items" in condition["evidence"]) == (held != {None})


def test_peers_are_read_at_the_sites_that_both_have_and_named_with_their_condition(two, tmp_path):
    runs, stores = two
    y = coin(N)
    world = {"signal": along(y, 5, layers=(1,)), "surface": [f"fact {k}" for k in range(N)], "n_layers": 2}
    narrow, target = make_world(y, **graded(y, 0.95), **world, sites=("report",), condition="other")
    probe_run(narrow, tmp_path, targets={target.name: target}, n_jobs=1, n_resamples=100)
    narrow.load = functools.partial(_only_report, narrow.load)
    runs, stores = {"a": runs["a"], "c": tmp_path}, {"a": stores["a"], "c": narrow}
    (peer,) = peers_of(cross_matrix(runs, stores=stores, n_resamples=100), "a")["behavior", "plain"]
    assert peer.run == "c (other)"


def _only_report(load, target, condition, site, layer):
    assert site == "report"
    return load(target, condition, site, layer)


def test_runs_without_common_items_are_not_set_against_each_other_and_that_is_said(two, tmp_path):
    y = coin(60)
    store, target = make_world(y, said=y, n_layers=2)
    store.items["item_id"] = "other-" + store.items["item_id"]
    store.replies["item_id"] = "other-" + store.replies["item_id"]
    probe_run(store, tmp_path, targets={target.name: target}, n_jobs=1, n_resamples=100)
    said = []
    matrix = cross_matrix({"a": two[0]["a"], "c": tmp_path}, n_resamples=100, say=said.append)
    assert (matrix["predictor"] == matrix["target_run"]).all()
    assert said == ["a and c share no probed items: only their p-values are adjusted together"]
    assert peers_of(matrix, "a") == {}


def test_items_of_one_name_and_two_texts_are_not_taken_for_the_same(two, tmp_path):
    shutil.copytree(two[0]["b"] / "probes", tmp_path / "probes")
    alter(tmp_path, lambda f: f.assign(surface=f["surface"] + "!"))
    with pytest.raises(ProbeError, match="item i0 is not the same text"):
        cross_matrix({"a": two[0]["a"], "b": tmp_path})


def test_one_run_alone_has_no_peer(two):
    with pytest.raises(ProbeError, match="needs two"):
        cross_matrix({"a": two[0]["a"]})
