"""Every form of question is read by itself, and no reply to one stands for another."""

import numpy as np
import pandas as pd
import pytest

from tacit.errors import ProbeError
from tacit.names import BEST
from tacit.probes.analysis.report_scores import read_outs, rungs
from tacit.probes.data.examples import items_of, make_examples
from tacit.probes.data.folds import make_folds
from tacit.probes.data.read_outs import CERTAIN, averaged
from tacit.probes.data.reports import _favoured_class, facts
from tacit.probes.data.transcript import marked_out_of_range, transcript
from tacit.probes.statistics.metrics import Scoring, value
from tacit.targets.base import Report
from tacit.targets.elicitations import PRIMARY, Elicitation
from tests.probes.worlds import WorldTarget, coin, make_world, reply_row

COUNTS = WorldTarget(name="token_count", kind="count", classes=())


def _ask(store, target, elicitation: Elicitation, texts, *, prompt="report", answers=(), logprobs=None):
    """The store with one more form of question, answered by `texts` in the order of its items."""
    items = list(store.items.itertuples())
    logprobs = [()] * len(items) if logprobs is None else logprobs
    rows = [
        reply_row(target, "plain", item, prompt, text, answers, p, elicitation.name)
        for item, text, p in zip(items, texts, logprobs, strict=False)
    ]
    store.replies = pd.concat([store.replies, pd.DataFrame(rows)], ignore_index=True)


def _stick(examples):
    folds = make_folds(examples.y, examples.groups, kind=examples.kind, seed=0)
    return Scoring(examples.kind, examples.y, folds.fold, len(examples.classes)), folds


def test_a_further_form_is_read_beside_the_primary_one_and_can_become_the_best_report():
    y = coin(80)
    store, target = make_world(y, said=["no"] * 80)
    _ask(store, target, Elicitation("free"), y)
    examples = make_examples(store, target, "plain")
    assert (examples.heard["free/you/0"].value == examples.y).all()
    assert np.isnan(examples.report).sum() == 0 and (examples.report == 0).all()
    found = rungs(examples, *_stick(examples))
    assert set(found[BEST].chosen) <= {"free/you/0", "free/you/0 calibrated"}


def test_what_a_typical_model_would_say_is_scored_and_never_the_best_report_about_this_one():
    y = coin(80)
    store, target = make_world(y, said=["no"] * 80)
    _ask(store, target, Elicitation(framing="typical"), y)
    found = rungs(make_examples(store, target, "plain"), *_stick(make_examples(store, target, "plain")))
    assert "choice/typical/0" in found
    assert not any("typical" in name for name in found[BEST].chosen)


def test_a_confidence_in_per_cent_is_graded_and_its_middle_is_no_class():
    class Confident(WorldTarget):
        def read(self, item, reply, *, ended=True, elicitation=PRIMARY):
            return Report("answered", float(reply)) if elicitation.rung == "number" else super().read(item, reply)

    y = coin(40)
    store, target = make_world(y, said=y, target=Confident())
    _ask(store, target, Elicitation("number"), ["90", "50", "0", "100"] * 10)
    heard = make_examples(store, target, "plain").heard["number/you/0"]
    assert heard.value[:4].tolist() == [1, -1, 0, 1]
    assert heard.graded[:3] == pytest.approx([np.log(9), 0, np.log(0.005 / 0.995)])


def test_a_form_read_for_its_distribution_alone_names_its_likeliest_answer_and_so_does_its_control():
    y = coin(40)
    logp = np.log(np.where((np.array(y) == "yes")[:, None], [0.2, 0.6], [0.7, 0.1]))
    store, target = make_world(y, said=y)
    elicitation = Elicitation("logits", variant="swapped")
    _ask(store, target, elicitation, [None] * 40, answers=("no", "yes"), logprobs=logp)
    _ask(store, target, elicitation, [None] * 40, prompt="control", answers=("no", "yes"), logprobs=logp)
    heard = make_examples(store, target, "plain").heard[elicitation.name]
    assert (heard.value == [v == "yes" for v in y]).all()
    planted = [planted for planted, _ in zip(heard.control_planted, y, strict=True)]
    assert heard.control_right.tolist() == [p == v for p, v in zip(planted, y, strict=True)]


def test_read_outs_are_averaged_over_orders_in_log_odds():
    y = coin(40)
    one, two = np.log([[0.5, 0.25]] * 40), np.log([[0.1, 0.4]] * 40)
    store, target = make_world(y, said=y, logprobs=(("no", "yes"), one))
    _ask(store, target, Elicitation("logits", variant="swapped"), [None] * 40, answers=("no", "yes"), logprobs=two)
    odds = read_outs(make_examples(store, target, "plain"))["logits"]
    assert odds == pytest.approx(np.full(40, (np.log(0.5) + np.log(4)) / 2))


def test_shares_are_averaged_as_logarithms_and_add_up_to_one():
    a, b = np.log([[0.5, 0.3, 0.2]]), np.log([[0.1, 0.8, 0.1]])
    mean = np.sqrt(np.exp(a) * np.exp(b))
    assert averaged([a, b], shares=True) == pytest.approx(mean / mean.sum())


def test_a_form_that_misses_an_item_is_refused_with_its_name():
    store, target = make_world(coin(40), said=coin(40))
    _ask(store, target, Elicitation("free"), ["yes"] * 39)
    with pytest.raises(ProbeError, match=r"1 items, such as i39, have no reply to free/you/0\. Run: make cache"):
        make_examples(store, target, "plain")


def test_the_facts_of_a_form_are_its_coverage_its_constancy_and_its_control():
    store, target = make_world(coin(40), said=["yes"] * 30 + ["hm"] * 5 + ["I cannot say"] * 5)
    found = facts(make_examples(store, target, "plain").primary)
    assert found["coverage"] == {"answered": 0.75, "refused": 0.125, "unreadable": 0.125}
    assert (found["constant"], found["said"], found["control"], found["n_control"]) == (1.0, "yes", 1.0, 30)
    assert found["control_other"] == 1.0


def test_a_count_that_no_prompt_could_hold_is_out_of_range_and_earns_no_skill():
    y = np.random.default_rng(0).integers(5, 40, size=60)
    said = [str(v) for v in y]
    said[:3] = ["1234567", str(100 * y.max() + 1), str(100 * y.max())]
    store, target = make_world(list(y), said=said, target=COUNTS)
    examples = make_examples(store, target, "plain")
    assert examples.outcome[:4] == ("out of range", "out of range", "answered", "answered")
    assert np.isnan(examples.report[:2]).all() and examples.report[2] == 100 * y.max()
    assert facts(examples.primary)["coverage"] == pytest.approx(
        {"answered": 58 / 60, "refused": 0.0, "unreadable": 0.0, "out of range": 2 / 60}
    )
    table = transcript(store, target, dict(zip(examples.item_ids, items_of(store, target.name), strict=True)), "plain")
    marked = marked_out_of_range(table, examples.kind, examples.y)
    assert marked.loc[marked["outcome"] == "out of range", "text"].tolist() == said[:2]
    assert marked.loc[marked["outcome"] == "out of range", "value"].isna().all()


def test_one_reply_of_seven_digits_does_not_set_the_skill_of_the_words():
    y = np.random.default_rng(0).integers(5, 40, size=60)
    scores = {}
    for odd in ("1234567", "hm"):
        examples = make_examples(*make_world(list(y), said=[odd, *map(str, y[1:])], target=COUNTS), "plain")
        folds = _stick(examples)[1]
        scoring = Scoring.of("count", examples.y, folds.fold)
        scores[odd] = value("skill", scoring, rungs(examples, scoring, folds)["said"].pred)
    assert scores["1234567"] == scores["hm"] > 0.9


def test_a_number_is_out_of_range_only_where_counts_are_asked_for():
    y = coin(40)
    store, target = make_world(y, said=y)
    examples = make_examples(store, target, "plain")
    table = transcript(store, target, dict(zip(examples.item_ids, items_of(store, target.name), strict=True)), "plain")
    assert marked_out_of_range(table, examples.kind, examples.y) is table
    assert set(facts(examples.primary)["coverage"]) == {"answered", "refused", "unreadable"}


def test_samples_and_candidates_never_count_as_the_act():
    y = coin(40)
    store, target = make_world(y, said=y)
    drawn = store.replies[store.replies["prompt"] == "object"].assign(sample=1, text=y)
    wrong = drawn.assign(sample=2, text="neither")
    store.replies = pd.concat([store.replies, drawn, wrong], ignore_index=True)
    examples = make_examples(store, target, "plain")
    assert (examples.frame["object_reply"] == "done").all()
    assert (examples.frame["share_right"] == 0.5).all()
    assert examples.frame["ranking"].isna().all()


def test_a_property_of_a_reply_that_stands_in_the_prompt_is_scored_and_never_the_best_report():
    y = coin(80)
    store, target = make_world(y, said=["no"] * 80)
    _ask(store, target, Elicitation(context="after"), y)
    plain = make_examples(store, target, "plain")
    assert "choice/you/after/0" in rungs(plain, *_stick(plain))[BEST].chosen  # of knowledge it is a report: P(True)
    store.items["property"] = "option"
    examples = make_examples(store, target, "plain")
    found = rungs(examples, *_stick(examples))
    assert "choice/you/after/0" in found
    assert not any("after" in name for name in found[BEST].chosen)


def test_an_answer_of_probability_nought_is_certainty_and_not_silence():
    y = coin(40)
    certain = np.where(np.array(y)[:, None] == ("no", "yes"), 0.0, -np.inf)
    store, target = make_world(y, said=y, logprobs=(("no", "yes"), certain))
    found = make_examples(store, target, "plain").heard["choice/you/0"].readouts["odds"]
    assert (found == np.where(np.array(y) == "yes", CERTAIN, -CERTAIN)).all()


def test_an_answer_that_was_not_offered_leaves_no_odds():
    store, target = make_world(coin(40), said=["no"] * 40, logprobs=(("no",), np.zeros((40, 1))))
    assert "odds" not in make_examples(store, target, "plain").heard["choice/you/0"].readouts


def test_a_confidence_above_half_favours_class_1_below_class_0_and_half_neither():
    assert _favoured_class(np.array([2.0, -2.0, 0.0])).tolist() == [1.0, 0.0, -1.0]
    assert np.isnan(_favoured_class(np.array([np.nan]))).all()


def test_reports_with_thoughts_and_those_cut_off_within_them_are_counted():
    y = coin(80)
    after, cut = "<think>\nyes? no?\n</think>\n\n", "<think>\nIt must be "
    store, target = make_world(y, said=[(after if i < 60 else cut) + name for i, name in enumerate(y)])
    assert facts(make_examples(store, target, "plain").primary).items() >= {"thought": 1.0, "cut": 0.25}.items()
    assert make_examples(*make_world(y, said=list(y)), "plain").primary.thoughts() == {}
