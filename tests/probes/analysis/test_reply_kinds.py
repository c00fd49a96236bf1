"""What the kind of a reply reveals, without and with an answer in it."""

import numpy as np
import pytest

from tacit.probes.analysis.by_category import Beside, Categorised, fit_filled, fit_offsets, fit_pooled
from tacit.probes.analysis.reply_kinds import reply_kinds, tells_more
from tacit.probes.data.examples import make_examples
from tacit.probes.statistics.metrics import Scoring, value
from tests.probes.analysis.test_report_scores import COUNTS, measured
from tests.probes.worlds import WorldTarget, coin, make_world


def kinds_of(said, *, target=None, **options):
    y = coin(len(said))
    examples = make_examples(*make_world(y, said=said, target=target, **options), "plain")
    return reply_kinds(examples.primary, examples), examples.report


def test_refusals_and_unreadable_replies_are_kinds_beside_the_classes():
    kinds, said = kinds_of(["yes", "no", "I cannot say", "hm, well", ""] * 4)
    assert len(np.unique(kinds)) == 5
    assert np.array_equal(kinds[:5], kinds[5:10])
    assert tells_more(kinds, said)


def test_answers_alone_tell_no_more_by_their_kind():
    kinds, said = kinds_of(["yes", "no"] * 10)
    assert not tells_more(kinds, said)
    kinds, said = kinds_of(["yes", "no"] * 8 + ["hm"] * 4)  # too few to learn from
    assert not tells_more(kinds, said)


def test_unreadable_replies_of_the_same_words_are_a_kind_of_their_own():
    kinds, said = kinds_of(["well"] * 10 + ["hm"] * 10)
    assert len(np.unique(kinds)) == 2
    assert tells_more(kinds, said)


def test_a_reply_that_gives_the_answer_itself_is_a_kind_where_there_is_one():
    said = [f"It is the city of {k}ville, surely" if k % 2 else f"Oh, {k}!" for k in range(20)]
    columns = {"answers": [(f"{k}ville",) for k in range(20)]}
    kinds, _ = kinds_of(said, target=WorldTarget(name="knowledge"), columns=columns)
    assert len(np.unique(kinds)) == 2
    assert (kinds[::2] != kinds[1::2]).all()
    kinds, _ = kinds_of(said, columns=columns)  # the reply to a choice is its label
    assert len(np.unique(kinds)) == 1


@pytest.mark.parametrize("reply", ["well, well", "I cannot say"])
def test_silence_about_one_class_is_a_report(reply):
    y = coin(100)
    scores, *_ = measured(y, [reply if v == "yes" else "no" for v in y])
    assert scores["said calibrated"] < 0.6
    assert scores["kind of reply"] == scores["best report"] == 1.0


def test_log_odds_are_read_together_with_the_kind_of_reply():
    rng, y = np.random.default_rng(0), coin(400)
    positive = np.array([v == "yes" for v in y])
    odds = 1.2 * positive + rng.normal(size=400)
    said = ["hm" if quiet else "no" for quiet in positive & (rng.random(400) < 0.5)]
    logp = np.stack([np.zeros(400), odds], axis=1)
    scores, *_ = measured(y, said, logprobs=(("no", "yes"), logp))
    assert scores["logits and kind of reply"] > max(scores["logits"], scores["kind of reply"]) + 0.05


def test_a_silent_count_is_read_by_the_median_of_its_kind():
    y = np.random.default_rng(0).integers(5, 40, size=120)
    said = [str(v) if v < 20 else "hm" if v < 30 else "I cannot say" for v in y]
    scores, *_ = measured(list(y), said, COUNTS)
    assert scores["kind of reply"] > scores["said calibrated"] + 0.2


def shifted(seed=0, n=300):
    rng = np.random.default_rng(seed)
    source, y = np.arange(n) % 3, rng.integers(2, size=n)
    return 1.5 * y + rng.normal(size=n) + 6 * (source - 1), source, y


def test_a_report_that_is_shifted_between_sources_is_read_within_them():
    odds, source, y = shifted()
    columns = {"source": [f"s{k}" for k in source]}
    logp = np.stack([np.zeros(len(y)), odds], axis=1)
    scores, *_ = measured(
        [("no", "yes")[k] for k in y], ["no"] * len(y), logprobs=(("no", "yes"), logp), columns=columns
    )
    within = value("auroc", Scoring("binary", y.astype(float), source, 2), odds)
    assert scores["logits calibrated"] < within - 0.1
    assert scores["logits calibrated by source"] == pytest.approx(within, abs=0.03)


def test_a_source_that_training_lacks_gets_the_common_map():
    odds, source, y = shifted()
    centred = odds - 6 * (source - 1)
    features = Categorised(np.r_[centred, 0.3, 0.3], np.r_[source, 7, 8], fill=False)
    x_train, x_test = features.split(np.arange(300), np.array([300, 301]))
    pred = fit_pooled(x_train, y.astype(float), x_test, n_classes=2)
    assert pred.shape == (3, 2)
    assert pred[:, 0] == pytest.approx(pred[:, 1])
    one, _ = Categorised(centred, np.zeros(300, int), fill=False).split(np.arange(300), np.arange(2))
    assert one.shape == (300, 3)


def test_items_without_an_answer_stay_so_unless_they_are_filled():
    odds, source, y = shifted()
    odds[:10] = np.nan
    for fill in (False, True):
        x_train, x_test = Categorised(odds, source, fill).split(np.arange(300), np.arange(10))
        assert np.isnan(fit_pooled(x_train, y.astype(float), x_test, n_classes=2)).all() != fill


def test_counts_that_are_off_by_a_constant_of_their_source_are_mended():
    rng = np.random.default_rng(0)
    source, y = np.arange(90) % 3, rng.integers(5, 40, size=90).astype(float)
    x_train, x_test = Beside(y + 5.0 * (source - 1), source).split(np.arange(60), np.arange(60, 90))
    found = fit_offsets(x_train, y[:60], x_test)[0]
    assert np.abs(found - y[60:]).mean() < 1.5
    x_test[0, 0] = np.nan
    assert np.isnan(fit_offsets(x_train, y[:60], x_test)[0][0])
    assert not np.isnan(fit_filled(x_train, y[:60], x_test)[0]).any()


def test_a_count_and_a_turned_report_are_read_within_sources_by_the_rungs():
    rng = np.random.default_rng(1)
    source = np.arange(200) % 4
    columns = {"source": [f"s{k}" for k in source]}
    y = rng.integers(20, 50, size=200)
    said = [str(v) for v in y + np.array([-15, -5, 0, 20])[source]]
    scores, *_ = measured(list(y), said, COUNTS, columns=columns)
    assert scores["said calibrated"] < 0.5
    assert scores["said calibrated by source"] > 0.9
    true = rng.integers(2, size=200)
    turned = [("no", "yes")[v ^ (k % 2)] for v, k in zip(true, source, strict=True)]
    scores, *_ = measured([("no", "yes")[v] for v in true], turned, columns=columns)
    assert scores["said calibrated"] < 0.6
    assert scores["said calibrated by source"] > 0.95
