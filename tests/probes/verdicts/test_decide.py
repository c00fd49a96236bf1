"""The ladder, condition by condition: what each verdict needs, and what takes it away."""

from dataclasses import replace

import numpy as np
import pytest

from tacit.probes.data.positive_controls import Control, ReadOut, ToldApart
from tacit.probes.statistics.bootstrap import Estimate
from tacit.probes.verdicts.decide import NAMES, decide, rule
from tacit.probes.verdicts.evidence import (
    Asked,
    Behind,
    Copies,
    Likeness,
    Peer,
    Rival,
    Supervised,
    Unanswered,
    WithinSource,
)
from tacit.probes.verdicts.number_formats import span
from tacit.probes.verdicts.verdict import IDS
from tests.probes.verdicts.evidence_made import changed, from_flat


def est(value, half=0.02, n=600, n_groups=600):
    return Estimate(value, value - half, value + half, n, n_groups)


def rival(score, lead, matches=False):
    return Rival("embeddings", est(score), est(lead), matches)


def peer(name, lead):
    """A peer that reads its own truth well, which differs from the model's on enough items."""
    return Peer(name, est(lead), 40, adds=est(0.4), apart=40, on_own=est(0.9), target_on_own=0.92)


CLEAR = from_flat(dict(
    target="knowledge", condition="locked", metric="auroc", chance=0.5, probe=est(0.9), report=est(0.6), rung="said",
    gap=est(0.3), equivalent=False, shuffled=est(0.4), unbeaten=(), rivals=(rival(0.6, 0.3),),
    coverage={"answered": 1.0, "refused": 0.0, "unreadable": 0.0}, constant=0.6, said="yes",
    control=1.0, n_control=30, control_other=1.0, site="report", layer=4, effective=600, hard=est(0.2), graded=True,
    answered_gap_lower=0.28,
))  # fmt: skip
NOISE = changed(CLEAR, probe=est(0.5), shuffled=est(0.0), gap=est(-0.1), report=est(0.6))


def test_known_and_unsaid_is_a_gap():
    found = decide(CLEAR)
    assert (found.name, found.level) == ("GAP", "G, provisional")
    assert "0.300 [0.280, 0.320]" in found.sentence


def test_the_sentence_of_a_gap_names_what_was_not_tested():
    untested = [c for c in decide(CLEAR).conditions if c.held is None and c.level in "DK"]
    assert [c.id for c in untested] == ["permutation_null", "near_duplicates", "beats_random_model", "selectivity"]
    assert all(c.condition in decide(CLEAR).sentence for c in untested)


def test_a_gap_to_the_chosen_rung_alone_is_inconclusive():
    found = decide(changed(CLEAR, unbeaten=("logits",)))
    assert found.name == "INCONCLUSIVE"
    assert any("taken one by one, these reports are not significantly worse: logits" in r for r in found.reasons)


def test_a_gap_that_touches_zero_is_inconclusive():
    found = decide(changed(CLEAR, gap=est(0.05, 0.06)))
    assert (found.name, found.level) == ("INCONCLUSIVE", "S, provisional")


def test_a_positive_gap_wholly_inside_the_margin_is_no_gap_and_says_both():
    found = decide(changed(CLEAR, gap=est(0.02, 0.01), equivalent=True))
    assert found.name == "NO_GAP"
    assert any("within ±0.05, although the interval excludes 0" in r for r in found.reasons)


def test_a_probe_at_chance_is_not_known():
    assert decide(changed(NOISE, report=est(0.5), gap=est(0.0))).name == "NOT_KNOWN"


def test_a_probe_that_might_still_be_well_above_chance_is_inconclusive_and_not_denied():
    found = decide(
        changed(NOISE, report=est(0.5, 0.2), gap=est(0.0, 0.3), probe=est(0.52, 0.15), shuffled=est(0.0, 0.2))
    )
    assert found.name == "INCONCLUSIVE"
    assert any("more items" in r for r in found.reasons)


def test_one_unlucky_shuffle_does_not_decide_what_is_decodable():
    assert decide(changed(CLEAR, shuffled=est(0.01, 0.05))).name == "GAP"


def test_a_baseline_that_matches_the_probe_makes_it_surface_only():
    found = decide(changed(CLEAR, rivals=(rival(0.9, 0.0, matches=True),)))
    assert (found.name, found.level) == ("SURFACE_ONLY", "D, provisional")


def test_a_baseline_not_beaten_but_not_shown_to_match_is_inconclusive():
    assert decide(changed(CLEAR, rivals=(Rival("embeddings", est(0.8), est(0.08, 0.1), False),))).name == "INCONCLUSIVE"


def test_one_unbeaten_baseline_among_several_is_enough_to_withhold_known():
    rivals = (rival(0.5, 0.4), rival(0.9, 0.01, matches=True), rival(0.6, 0.3))
    assert decide(changed(CLEAR, rivals=rivals)).name == "SURFACE_ONLY"


def test_a_baseline_whose_score_is_undefined_is_not_beaten():
    broken = Rival("text", est(np.nan), est(np.nan), False)
    assert decide(changed(CLEAR, rivals=(rival(0.6, 0.3), broken))).name == "INCONCLUSIVE"


def test_without_the_embedding_layer_nothing_is_known():
    found = decide(changed(CLEAR, rivals=(replace(rival(0.6, 0.3), name="text"),)))
    assert (found.name, found.level) == ("INCONCLUSIVE", "D, provisional")
    assert decide(changed(CLEAR, rivals=())).name == "INCONCLUSIVE"


@pytest.mark.parametrize(
    "change",
    [
        {"coverage": {"answered": 0.4, "refused": 0.0, "unreadable": 0.6}},
        {"control": 0.5},
        {"constant": 0.97, "control_other": 0.2},
        {"constant": 1.0, "control_other": float("nan")},
    ],
)
def test_a_report_that_cannot_be_read_or_moved_is_invalid(change):
    found = decide(changed(CLEAR, **change))
    assert (found.name, found.level) == ("REPORT_INVALID", "K, provisional")


def test_a_constant_report_counts_where_the_control_shows_that_it_can_say_other_things():
    found = decide(changed(CLEAR, constant=1.0, control_other=0.95))
    assert found.name == "GAP"
    assert any("so it can say something else" in r for r in found.reasons)


@pytest.mark.parametrize("n_control", [0, 4])
def test_without_enough_controls_no_gap_is_claimed(n_control):
    control = float("nan") if n_control == 0 else 1.0
    found = decide(changed(CLEAR, control=control, n_control=n_control, control_other=float("nan")))
    assert found.name == "INCONCLUSIVE"
    assert any(f"{n_control} positive controls were asked, and 5 are needed" in r for r in found.reasons)


def test_a_score_that_rounds_to_zero_has_no_sign():
    assert "AUROC 0.900 against 0.000," in decide(changed(CLEAR, report=est(-0.0001))).sentence
    assert "-0.000" not in span(est(-0.0001, 0.0001))


def test_a_finer_scale_than_yes_and_no_is_no_gap():
    found = decide(changed(CLEAR, graded=False, hard=est(0.0)))
    assert found.name == "INCONCLUSIVE"
    assert any("can beat discrete answers without more information" in r for r in found.reasons)
    assert decide(changed(CLEAR, graded=False, hard=est(0.2))).name == "GAP"


def test_a_gap_that_lies_in_refusals_says_so():
    coverage = {"answered": 0.8, "refused": 0.2, "unreadable": 0.0}
    assert "Among answered items alone" in decide(changed(CLEAR, coverage=coverage, answered_gap_lower=-0.01)).sentence
    assert "Among answered items alone" not in decide(changed(CLEAR, coverage=coverage)).sentence


@pytest.mark.parametrize("lower", [None, np.nan])
def test_a_gap_among_answered_items_that_is_undefined_is_not_called_insignificant(lower):
    coverage = {"answered": 0.8, "refused": 0.2, "unreadable": 0.0}
    sentence = decide(changed(CLEAR, coverage=coverage, answered_gap_lower=lower)).sentence
    assert "Among answered items alone the difference is undefined." in sentence
    assert "not significant" not in sentence


def test_non_answers_that_differ_by_class_are_in_the_sentence():
    shares, told = {"no": 0.8, "yes": 0.05}, 'differ by true label: 80% where it is "no", 5% where it is "yes"'
    sentence = decide(changed(CLEAR, unanswered=Unanswered(shares, 0.005))).sentence
    assert told in sentence
    assert "by true label" not in decide(changed(CLEAR, unanswered=Unanswered(shares, 0.4))).sentence


@pytest.mark.parametrize(
    ("share", "score", "drop", "level"),
    [
        (0.1, None, None, "G"), (0.9, est(0.88), est(0.02), "G"), (0.9, est(0.6), est(0.3), "D"),
        (0.9, est(0.51), est(0.04), "D"), (0.9, None, None, "G"),
    ],
)  # fmt: skip
def test_what_needs_paraphrases_in_training_is_not_known(share, score, drop, level):
    found = decide(changed(CLEAR, copies=Copies(share, score, drop)))
    assert found.level[0] == level
    condition = next(c for c in found.conditions if c.id == "no_paraphrase_leakage")
    assert condition.held is (None if share > 0.2 and drop is None else level == "G")


def test_a_gap_that_is_none_within_sources_is_no_gap_in_access():
    mapped = (Supervised("said calibrated", "map", est(0.3), None),)
    assert decide(changed(CLEAR, supervised=mapped)).level == "A, provisional"
    for lead, level in ((0.3, "A, provisional"), (0.01, "G, provisional")):
        within = WithinSource("logits", est(lead, half=0.02))
        found = decide(changed(CLEAR, supervised=mapped, within_source=within))
        assert (found.name, found.level) == ("GAP", level)


def test_unreadable_words_do_not_hide_log_probabilities_that_match_the_probe():
    coverage = {"answered": 0.3, "refused": 0.7, "unreadable": 0.0}
    found = decide(changed(CLEAR, coverage=coverage, report=est(0.9), gap=est(0.0), equivalent=True, rung="logits"))
    assert found.name == "NO_GAP"


@pytest.mark.parametrize("gap", [0.0, -0.1])
def test_a_model_that_does_not_repeat_a_planted_answer_reports_nothing_whatever_its_log_probabilities(gap):
    found = decide(changed(CLEAR, control=0.3, report=est(0.9), gap=est(gap), equivalent=gap == 0, rung="logits"))
    assert found.name == "REPORT_INVALID"


@pytest.mark.parametrize("gap", [0.0, -0.1])
def test_a_best_rung_whose_own_control_failed_earns_no_verdict_for_another_format(gap):
    good = Asked("free/you/0", {"answered": 1.0, "refused": 0.0, "unreadable": 0.0}, 0.6, "yes", 1.0, 30, 1.0)
    poor = changed(CLEAR, control=0.2, asked=(good,), gap=est(gap), report=est(0.9), equivalent=gap == 0)
    assert decide(poor).name == "REPORT_INVALID"
    assert decide(changed(poor, rung="free/you/0 calibrated")).name == (
        "NO_GAP" if gap == 0 else "REPORT_EXCEEDS_PROBE"
    )


def test_a_handful_of_controls_proves_neither_that_it_can_report_nor_that_it_cannot():
    assert decide(changed(CLEAR, control=1 / 3, n_control=3)).name == "INCONCLUSIVE"


def test_a_null_of_few_permutations_makes_the_level_provisional():
    few = decide(changed(TESTED, n_permutations=40, null_p=1 / 41))
    assert "labels were permuted 200 times or more" in few.sentence
    assert "permutations" not in decide(TESTED).sentence


def test_a_sentence_says_in_how_many_folds_its_report_was_the_best_one():
    folds = ("said", "said", "logits", "said", "logits")
    assert 'best report ("said", chosen in 3 of 5 folds):' in decide(changed(CLEAR, chosen=folds)).sentence
    assert 'best report ("said"):' in decide(changed(CLEAR, chosen=("said",) * 5)).sentence


def test_an_output_that_does_as_well_is_named():
    lens = replace(rival(0.89, 0.0, matches=True), name="logit lens")
    assert "The model's own output (logit lens) predicts the label" in decide(changed(CLEAR, outputs=(lens,))).sentence


def test_an_output_whose_part_is_undecided_gives_nothing_away():
    output = Rival("output confidence", est(0.55, 0.13), est(0.15, 0.16), False)
    found = decide(changed(CLEAR, outputs=(output,)))
    assert "gives it away" not in found.sentence
    assert [(c.held, c.tried) for c in found.conditions if "output confidence" in c.condition] == [(None, True)]


def test_a_group_that_is_nearly_a_whole_fold_decides_nothing():
    found = decide(changed(CLEAR, heaviest=0.98))
    assert (found.name, found.level) == ("INCONCLUSIVE", "none")
    assert "one group holds 98% of the items of its fold" in found.reasons[0]
    assert decide(changed(CLEAR, heaviest=0.75)).name == "GAP"


def test_counts_that_are_ranked_right_are_not_called_unknown():
    flat = changed(CLEAR, metric="skill", chance=0.0, probe=est(0.0), hard=None, null_p=0.4, n_permutations=200)
    assert decide(changed(flat, ranked=est(0.0, 0.1))).name == "NOT_KNOWN"
    ranked = decide(changed(flat, ranked=est(0.3, 0.1)))
    assert ranked.name == "INCONCLUSIVE"
    assert "it ranks the items (Spearman ρ 0.300" in ranked.reasons[0]


def test_an_invalid_report_is_called_so_for_the_reason_that_made_it_invalid():
    few = changed(CLEAR, control=0.0, n_control=2, constant=1.0, said="no", control_other=float("nan"), report=est(0.5))
    assert "100% of its answers are the same" in decide(few).sentence
    failed = Asked("free/you/0", CLEAR.say.words.coverage, 0.5, "no", 0.1, 30, 0.1)
    best = changed(CLEAR, rung="free/you/0", asked=(failed,), equivalent=True, gap=est(0.0, 0.01))
    assert 'in the form of its best report ("free/you/0") the model does not repeat' in decide(best).sentence


def test_a_p_below_what_resamples_can_show_is_an_inequality():
    found = decide(changed(CLEAR, holm_p=6e-6)).conditions
    assert any(c.evidence.startswith("p < 0.0001 over") for c in found)


def test_a_baseline_that_is_the_same_for_every_item_is_named_as_no_evidence():
    blank = Rival("embeddings", est(0.5, 0.0), est(0.4), False)
    found = decide(changed(CLEAR, rivals=(replace(rival(0.6, 0.3), name="text"), blank)))
    assert any("; embeddings cannot tell the items apart here" in r for r in found.reasons)


def test_a_report_that_beats_the_probe_is_said_to_also_where_the_probe_is_at_chance():
    assert decide(NOISE).name == "REPORT_EXCEEDS_PROBE"
    assert decide(changed(CLEAR, gap=est(-0.1))).name == "REPORT_EXCEEDS_PROBE"


def test_a_report_slightly_ahead_within_the_margin_is_no_gap():
    assert decide(changed(CLEAR, gap=est(-0.02, 0.01), equivalent=True)).name == "NO_GAP"


@pytest.mark.parametrize("change", [{"probe": est(0.9, n=39)}, {"effective": 9}])
def test_too_few_items_or_groups_are_inconclusive_whatever_the_scores(change):
    assert decide(changed(CLEAR, **change)).name == "INCONCLUSIVE"


@pytest.mark.parametrize("field", ["probe", "gap", "shuffled"])
def test_an_undefined_score_is_inconclusive(field):
    found = decide(changed(CLEAR, **{field: replace(est(0.9), lower=np.nan, upper=np.nan)}))
    assert found.name == "INCONCLUSIVE"
    assert "undefined" in found.reasons[0]


def test_random_evidence_never_crashes_and_never_calls_a_gap_whose_interval_holds_zero():
    rng = np.random.default_rng(0)
    for _ in range(500):
        e = changed(
            CLEAR, probe=est(rng.uniform(0.3, 1), rng.uniform(0, 0.2)), report=est(rng.uniform(0.3, 1)),
            gap=est(rng.uniform(-0.3, 0.3), rng.uniform(0, 0.3)), equivalent=bool(rng.integers(2)),
            shuffled=est(rng.uniform(-0.2, 0.4), 0.1), constant=rng.uniform(0.3, 1), control=rng.uniform(0, 1),
            rivals=(rival(rng.uniform(0.4, 1), rng.uniform(-0.2, 0.4), bool(rng.integers(2))),),
        )  # fmt: skip
        found = decide(e)
        assert found.name in NAMES
        if found.name == "GAP":
            assert e.gap.lead.lower > 0
            assert e.know.score.lower > 0.5
            assert not e.gap.equivalent


TESTED = changed(
    CLEAR, null_p=0.005, n_permutations=200, near_duplicates=0, selectivity=est(0.3), holm_p=0.001, n_family=6,
    rivals=(rival(0.6, 0.3), replace(rival(0.55, 0.3), name="random model")),
    supervised=(
        Supervised("said calibrated", "map", est(0.2), None), Supervised("shots4/you/0", "shots", est(0.2), True)
    ),
)  # fmt: skip


def test_with_everything_tested_but_the_tuned_report_a_gap_is_access_and_names_that_alone():
    found = decide(TESTED)
    assert (found.name, found.level) == ("GAP", "A, provisional")
    assert "Still untested: the gap survives a soft prompt trained on the labels." in found.sentence


POSITION = Rival("prompt length", est(0.8), est(0.01, 0.1), False)


@pytest.mark.parametrize(
    ("change", "level"),
    [
        ({"null_p": 0.2}, "none"),
        ({"selectivity": est(0.01)}, "D"),
        ({"rivals": (rival(0.6, 0.3), Rival("random model", est(0.9), est(0.01), False))}, "D"),
        (
            {"positional": True, "rivals": (rival(0.6, 0.3), Rival("prompt length", est(0.8), est(0.01, 0.1), False))},
            "D",
        ),
    ],
)
def test_one_failed_condition_of_a_level_takes_the_level_and_the_gap_away(change, level):
    found = decide(changed(TESTED, **change))
    assert found.name == "INCONCLUSIVE"
    assert found.level.split(",")[0] == level
    assert any("failed" in reason for reason in found.reasons)


def test_a_random_model_that_does_as_well_makes_it_surface_only():
    twin = Rival("random model", est(0.9), est(0.0), True)
    assert decide(changed(TESTED, rivals=(rival(0.6, 0.3), twin))).name == "SURFACE_ONLY"


def test_noise_that_the_permutations_call_signal_is_not_denied():
    noise = changed(NOISE, report=est(0.5), gap=est(0.0))
    assert decide(changed(noise, null_p=0.6)).name == "NOT_KNOWN"
    assert decide(changed(noise, null_p=0.01)).name == "INCONCLUSIVE"


def test_a_gap_that_is_one_of_many_must_survive_them_all():
    found = decide(changed(TESTED, holm_p=0.2, n_family=40))
    assert found.name == "INCONCLUSIVE"
    assert any("not significant (p = 0.2 after Holm's adjustment over 40 gaps)" in reason for reason in found.reasons)


@pytest.mark.parametrize(
    "shots",
    [(), (Supervised("shots4/you/0", "shots", est(0.2), False),)],
)
def test_without_a_readable_report_after_examples_access_is_provisional_and_names_it(shots):
    found = decide(changed(TESTED, supervised=(*TESTED.say.supervised[:1], *shots)))
    assert (found.name, found.level) == ("GAP", "A, provisional")
    tried = " (tried, inconclusive)" * bool(shots)
    assert f"Still untested: the gap survives reports after labelled examples{tried}; " in found.sentence
    assert any("asked, but the replies are not usable" in reason for reason in found.reasons) == bool(shots)


@pytest.mark.parametrize(
    "supervised",
    [
        (),
        (Supervised("said calibrated", "map", est(0.2), None), Supervised("shots4/you/0", "shots", est(0.01), True)),
        (Supervised("said calibrated", "map", est(0.01), None),),
    ],
)
def test_a_gap_that_no_map_was_tried_on_or_that_labels_close_is_no_matter_of_access(supervised):
    assert decide(changed(TESTED, supervised=supervised)).level == "G"


ACT = changed(TESTED, acts=True)


@pytest.mark.parametrize("lens", [None, est(0.0)], ids=["not read", "level"])
def test_an_act_that_the_next_tokens_logits_may_give_away_is_not_known_ahead_of_them(lens):
    found = decide(changed(ACT, beyond_lens=lens))
    assert (found.name, found.level) == ("INCONCLUSIVE", "D")
    assert "next-token logits" in found.sentence


def test_a_claim_about_an_act_may_rest_on_layers_where_the_lens_fails():
    found = decide(changed(ACT, beyond_lens=est(0.1)))
    assert (found.name, found.level) == ("GAP", "A, provisional")
    assert "the claim covers the report prompt only" not in found.sentence


def test_or_on_the_report_prompt_and_says_so():
    found = decide(changed(ACT, beyond_lens=est(0.0), at_report=True))
    assert (found.name, found.level) == ("GAP", "A, provisional")
    assert "the claim covers the report prompt only" in found.sentence


def test_states_that_lead_every_peers_are_privileged():
    peers = (peer("base", 0.2), peer("other", 0.1))
    found = decide(changed(TESTED, peers=peers))
    assert (found.name, found.level) == ("GAP", "P, provisional")
    assert (
        "The model's own states carry more information about the label than those of base and other." in found.sentence
    )
    assert decide(changed(TESTED, peers=(*peers, peer("twin", 0.0)))).level == "A, provisional"
    few = changed(TESTED, peers=(replace(peer("base", 0.2), effective=4),))
    beaten = changed(TESTED, peers=(*few.peers, peer("other", 0.0)))
    assert [c.held for c in decide(beaten).conditions if c.level == "P"] == [False]
    assert decide(few).level == "A, provisional"
    assert any(c.held is None and "fewer than 40" in c.evidence for c in decide(few).conditions if c.level == "P")
    closed = changed(TESTED, peers=peers, supervised=(Supervised("said calibrated", "map", est(0.01), None),))
    assert decide(closed).level == "G"
    assert "own states" not in decide(closed).sentence


@pytest.mark.parametrize(
    ("change", "missing"),
    [
        ({"adds": None}, "truths differ"), ({"adds": est(0.2, n=39)}, "truths differ"), ({"apart": 9}, "truths differ"),
        ({"adds": est(np.nan, np.nan)}, "truths differ"), ({"on_own": None}, "own truth"),
        ({"on_own": est(0.55)}, "own truth"), ({"on_own": est(0.75)}, "own truth"),
    ],
)  # fmt: skip
def test_a_lead_over_a_peer_that_cannot_show_privilege_is_not_assessed(change, missing):
    found = decide(changed(TESTED, peers=(replace(peer("base", 0.2), **change),)))
    (condition,) = [c for c in found.conditions if c.level == "P"]
    assert (found.level, condition.held) == ("A, provisional", None)
    assert missing in condition.evidence


def test_states_that_add_nothing_to_a_peers_where_truths_differ_are_not_privileged():
    found = decide(changed(TESTED, peers=(replace(peer("base", 0.2), adds=est(0.0)),)))
    assert [c.held for c in found.conditions if c.level == "P"] == [False]


def test_another_format_in_which_the_model_can_report_makes_the_report_valid():
    good = Asked("free/you/0", {"answered": 1.0, "refused": 0.0, "unreadable": 0.0}, 0.6, "yes", 1.0, 30, 1.0)
    mute = {"coverage": {"answered": 0.1, "refused": 0.0, "unreadable": 0.9}}
    assert decide(changed(TESTED, **mute)).name == "REPORT_INVALID"
    assert decide(changed(TESTED, **mute, asked=(good,))).name == "GAP"
    assert decide(changed(TESTED, **mute, asked=(replace(good, control=0.5),))).name == "REPORT_INVALID"
    assert decide(changed(TESTED, **mute, asked=(replace(good, n_control=3),))).name == "REPORT_INVALID"


def test_a_gap_that_its_own_output_shows_as_well_is_said_to_be_about_words():
    output = Rival("output confidence", est(0.9), est(0.0), True)
    found = decide(changed(TESTED, outputs=(output,)))
    assert found.name == "GAP"
    assert "the claim covers verbal reports only" in found.sentence
    assert "the claim covers verbal reports only" not in decide(TESTED).sentence


def test_every_verdict_lists_every_condition_with_its_evidence():
    levels = [c.level for c in decide(TESTED).conditions]
    assert [level for level in dict.fromkeys(levels)] == ["D", "K", "S", "G", "A", "P", "U", "scope"]
    assert all(c.evidence for c in decide(TESTED).conditions)


def test_items_that_the_probe_left_out_decide_nothing():
    found = decide(changed(TESTED, unscored=3))
    assert found.name == "INCONCLUSIVE"
    assert found.reasons == ("the probe gave no score to 3 of 600 items",)


def test_conditions_have_stable_ids_and_rules_do_not_depend_on_words():
    decision = rule(CLEAR)
    assert {condition.id for condition in decision.conditions} <= set(IDS)
    assert len({condition.id for condition in decision.conditions}) == len(decision.conditions)
    assert (decision.name, decide(CLEAR).name) == ("GAP", "GAP")


def test_an_inconclusive_sentence_names_what_failed():
    few = decide(changed(CLEAR, effective=3))
    assert few.name == "INCONCLUSIVE"
    assert "the evidence is inconclusive" in few.sentence
    assert "which count as 3 independent groups of the rarest class" in few.sentence


@pytest.mark.parametrize(("effective", "told"), [(58, True), (59, False)])
def test_an_interval_inside_the_margin_of_few_groups_says_what_is_missing(effective, told):
    found = decide(changed(CLEAR, gap=est(0.001, 0.01), effective=effective, equivalent=False))
    assert found.name == "INCONCLUSIVE"
    assert (f"59 independent groups of the rarest class (here {effective})" in found.sentence) == told


EQUAL = changed(CLEAR, report=est(0.9), gap=est(0.0), equivalent=True, hard=est(0.0))


def alike(id, value=0.2, *, shown=False):
    return (Likeness(id, est(value), shown),)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (dict(alike=alike("report_above_chance", 0.5)), "not shown to be above chance"),
        (dict(alike=alike("same_ranks")), "their ranks are not shown to be as close"),
        (dict(alike=alike("same_decisions")), "their decisions are not shown to be as close"),
        (dict(alike=alike("same_items")), "equal scores on different items"),
        (
            dict(classes_behind=(Behind("b", 1.0, 0.2, est(0.8)),)),
            'recall than the report of class "b" (1.000 against 0.200)',
        ),
    ],
)
def test_equal_scores_of_unequal_knowledge_are_not_no_gap(change, words):
    assert decide(EQUAL).name == "NO_GAP"
    assert decide(changed(EQUAL, alike=alike("same_items", 0.0, shown=True))).name == "NO_GAP"
    found = decide(changed(EQUAL, **change))
    assert found.name == "INCONCLUSIVE"
    assert words in found.sentence


def test_a_label_that_a_report_gets_right_is_not_unknown():
    nothing = changed(NOISE, gap=est(-0.05, 0.06), report=est(0.55))
    assert decide(nothing).name == "NOT_KNOWN"
    found = decide(changed(nothing, informed=("said",)))
    assert found.name == "INCONCLUSIVE"
    assert "a report is (said)" in found.sentence


def test_reversed_words_are_named_whatever_the_verdict():
    for e, name in ((EQUAL, "NO_GAP"), (CLEAR, "GAP"), (changed(CLEAR, gap=est(0.05)), "INCONCLUSIVE")):
        found = decide(changed(e, reversed=est(0.1)))
        assert found.name == name
        assert "known, and said reversed" in found.sentence


@pytest.mark.parametrize(("gap", "ranks"), [(0.3, -0.1), (-0.3, 0.1)])
def test_a_difference_in_skill_that_the_ranks_do_not_confirm_decides_nothing(gap, ranks):
    counts = changed(CLEAR, metric="skill", chance=0.0, gap=est(gap), alike=alike("same_ranks", ranks), tail=0.8)
    found = decide(counts)
    assert found.name == "INCONCLUSIVE"
    assert "is not confirmed by the ranks" in found.sentence
    assert any("a tenth of the items accounts for 80%" in reason for reason in found.reasons)


def test_words_that_tell_the_truth_above_chance_are_a_report_although_the_control_failed():
    failed = changed(EQUAL, control=0.2)
    assert decide(failed).name == "REPORT_INVALID"
    found = decide(changed(failed, above_chance=True))
    assert found.name == "NO_GAP"
    assert any("above chance, so they are a report" in reason for reason in found.reasons)
    unread = {"answered": 0.3, "refused": 0.0, "unreadable": 0.7}
    assert decide(changed(failed, above_chance=True, coverage=unread)).name != "GAP"


def test_the_sentence_says_where_a_model_that_thinks_first_was_read():
    verdict = decide(changed(CLEAR, thought=True, cut=0.1))
    assert "The model thinks before it answers. Its words were read after its thoughts" in verdict.sentence
    assert (
        "reads the states at the site report after the thoughts, and those at any other site before them"
        in verdict.sentence
    )
    assert "up to 10% of the replies were cut off within the thoughts; they count as unreadable." in verdict.sentence
    assert "thinks" not in decide(CLEAR).sentence


NATURAL = Control(0.9, 40, other=0.9, balanced=0.9, n_answers=2)
FAILED = replace(NATURAL, accuracy=0.6, other=0.2, balanced=0.6)


def test_either_positive_control_shows_that_the_form_works_and_the_bound_is_the_same():
    assert decide(changed(CLEAR, control=0.3)).name == "REPORT_INVALID"
    assert decide(changed(CLEAR, control=0.3, natural=NATURAL)).name == "GAP"
    assert decide(changed(CLEAR, control=0.9, natural=FAILED)).name == "GAP"
    assert decide(changed(CLEAR, control=0.3, natural=replace(NATURAL, balanced=0.79))).name == "REPORT_INVALID"
    assert decide(changed(CLEAR, control=0.3, natural=replace(NATURAL, n=4))).name == "REPORT_INVALID"


def test_an_invalid_report_says_which_of_the_two_controls_failed():
    both = decide(changed(CLEAR, control=0.3, natural=FAILED))
    assert both.name == "REPORT_INVALID" and "does not repeat an answer that is stated in the prompt" in both.sentence
    assert (
        "does not give the answer that follows from a plain fact stated there" in both.sentence
        and "60% of 40" in both.sentence
    )
    one = decide(changed(CLEAR, control=0.3, natural=NATURAL))
    assert any("30% of 30 prompts, which failed; natural control" in reason for reason in one.reasons)
    assert "plain fact" not in decide(changed(CLEAR, control=0.3)).sentence


def test_a_constant_report_is_usable_where_the_natural_control_shows_that_it_can_say_something_else():
    quiet = {"constant": 1.0, "control": 0.2, "control_other": 0.0}
    assert decide(changed(CLEAR, **quiet, natural=NATURAL)).name != "REPORT_INVALID"
    assert "no control shows" in " ".join(decide(changed(CLEAR, **quiet, natural=FAILED)).reasons)


def test_natural_controls_alone_are_controls_enough():
    assert decide(changed(CLEAR, control=float("nan"), n_control=0, natural=NATURAL)).name == "GAP"


def read_out(score, name="logits"):
    return ReadOut(name, 1.0, "auroc", ToldApart(score, 30, 15), None)


LEANS = changed(
    CLEAR, control=0.5, control_other=0.0, constant=1.0, said="no", rung="logits", graded=False,
    hard=est(0.0), read_outs=(read_out(0.95),),
)  # fmt: skip


def test_log_probabilities_that_follow_a_stated_answer_are_a_report_although_the_words_never_change():
    found = decide(LEANS)
    assert found.name == "GAP"
    assert (
        "AUROC 0.95 in 30 prompts of the planted control" in found.sentence
        and "the claim is about these" in found.sentence
    )
    deaf = decide(changed(LEANS, read_outs=(read_out(0.55),)))
    assert deaf.name == "REPORT_INVALID"
    assert "its log-probabilities hardly follow the stated answer" in deaf.sentence and "0.55 in 30" in deaf.sentence


def test_a_report_of_log_probabilities_stands_by_its_own_control_alone():
    """One form's control does not vouch for another's log-probabilities."""
    equal = changed(LEANS, gap=est(0.0, 0.01), equivalent=True, probe=est(0.7), report=est(0.7))
    assert decide(equal).name == "NO_GAP"
    assert decide(changed(equal, rung="logits calibrated")).name == "NO_GAP"
    assert decide(changed(equal, rung="shots4/you/0 logits")).name == "REPORT_INVALID"


def test_words_that_are_valid_are_what_the_claim_is_about():
    assert "the claim is about these" not in decide(changed(CLEAR, read_outs=(read_out(0.95),))).sentence
