"""Baselines: each reads what it is named after, and no more."""

import numpy as np
import pandas as pd
import pytest
from sklearn.feature_extraction.text import TfidfVectorizer

from tacit.probes.controls import surface
from tacit.probes.data.examples import make_examples
from tacit.probes.data.folds import make_folds
from tacit.probes.statistics.metrics import Scoring, training_median, value
from tacit.targets.elicitations import PRIMARY
from tacit.validation.worlds import letters
from tests.probes.worlds import WorldTarget, coin, make_world


def scores(y, target=None, said=None, **world):
    said = [str(v) for v in y] if said is None else said
    return _read(*make_world(y, said=said, target=target, **world))


def _read(store, target):
    examples = make_examples(store, target, "plain")
    folds = make_folds(examples.y, examples.groups, kind=examples.kind, seed=0)
    reference = training_median(examples.y, folds.fold) if examples.kind == "count" else None
    scoring = Scoring(examples.kind, examples.y, folds.fold, len(examples.classes), reference)
    found = surface.baselines(examples, scoring, folds)
    return {name: value(scoring.primary, scoring, b.held.pred) for name, b in found.items()}


def test_surface_numbers_are_counted_as_by_hand():
    assert surface.surface_numbers(["Ab 12, ab ab", ""])[0].tolist() == [12, 4, 2, 1, 1, 3, 2.25, 3]
    assert surface.surface_numbers([""])[0].tolist() == [0] * 8


def test_a_label_that_is_the_length_is_read_by_the_numbers():
    y = coin(120)
    found = scores(y, surface=letters([8 if v == "yes" else 4 for v in y]))
    assert found["surface numbers"] == 1.0
    assert found["surface boosted"] == 1.0
    assert found["majority"] == 0.5


def test_a_label_that_is_a_keyword_is_read_by_the_words():
    y = coin(120)
    rng = np.random.default_rng(0)
    texts = [
        f"{rng.choice(['red', 'sun', 'sea'])} {'cat' if v == 'yes' else 'dog'} {rng.choice(['is', 'at'])}" for v in y
    ]
    assert scores(y, surface=texts)["words and characters"] == 1.0


def test_what_the_thoughts_before_a_report_say_is_read_from_their_words_and_not_from_the_answer():
    y = coin(120)
    told = [f"<think>It is {'red' if v == 'yes' else 'blue'}.</think>no" for v in y]
    assert scores(y, said=told)["words of the thoughts"] == 1.0
    answered = scores(y, said=[f"<think>Hm.</think>{v}" for v in y])["words of the thoughts"]
    assert answered == pytest.approx(0.5, abs=0.15)
    assert "words of the thoughts" not in scores(y)


def test_a_label_that_bends_with_length_is_read_by_the_boosted_trees():
    y = coin(160)
    lengths = [20 if v == "yes" else (5, 40)[k % 2] for k, v in enumerate(y)]
    found = scores(y, surface=letters(lengths))
    assert found["surface boosted"] > 0.95


def test_a_count_that_is_the_number_of_characters_is_read_by_the_numbers():
    y = [int(v) for v in np.random.default_rng(0).integers(5, 30, size=120)]
    target = WorldTarget(name="token_count", kind="count", classes=())
    found = scores(y, target, surface=letters(y))
    assert found["surface numbers"] > 0.95
    assert found["median"] == 0.0


def test_the_source_is_a_baseline_only_where_there_are_several():
    y = coin(80)
    store, target = make_world(y, said=y)
    examples = make_examples(store, target, "plain")
    folds = make_folds(examples.y, examples.groups, kind="binary", seed=0)
    scoring = Scoring("binary", examples.y, folds.fold, 2)
    assert "source" not in surface.baselines(examples, scoring, folds)
    examples.frame["source"] = y
    assert value("auroc", scoring, surface.baselines(examples, scoring, folds)["source"].held.pred) == 1.0


def test_texts_without_a_repeated_term_teach_nothing():
    train, test = surface.Text.of(["aa", "bb", "cc", ""]).split(np.array([0, 1]), np.array([2, 3]))
    assert (train.shape, train.nnz, test.shape) == ((2, 1), 0, (2, 1))


def test_tf_idf_equals_scikit_learns_fitted_on_the_training_texts_alone():
    texts = ["a cat sat", "a dog sat", "the cat ran", "a new dog ran", "cat cat new"]
    train, test = np.array([0, 1, 2]), np.array([3, 4])
    model = TfidfVectorizer(token_pattern=r"\S+", min_df=2, sublinear_tf=True).fit([texts[k] for k in train])
    words = surface.Text(surface.Text.of(texts).counts[:1]).split(train, test)
    for rows, found in zip((train, test), words, strict=True):
        assert found.toarray() == pytest.approx(model.transform([texts[k] for k in rows]).toarray())


def test_shuffled_labels_are_measured_against_themselves_and_score_chance():
    y = coin(160)
    strong = np.array([3.0 if v == "yes" else 0.0 for v in y])[:, None]
    store, target = make_world(y, said=y, signal=lambda site, layer: strong)
    examples = make_examples(store, target, "plain")
    folds = make_folds(examples.y, examples.groups, kind="binary", seed=0)
    scoring = Scoring("binary", examples.y, folds.fold, 2)
    found = surface.shuffled(examples, scoring, folds, sites=["object"], layer=2, rng=np.random.default_rng(0))
    own = Scoring("binary", found.y, folds.fold, 2)
    assert value("auroc", own, found.held.pred) == pytest.approx(0.5, abs=0.13)


def test_a_label_that_needs_two_surfaces_at_once_is_read_by_all_of_them_together():
    rng = np.random.default_rng(3)
    lengths, source = rng.integers(1, 12, 240), rng.integers(0, 2, 240)
    y = np.where(lengths + 6 * source > 9, "yes", "no")
    store, target = make_world(y, said=y, surface=letters(lengths))
    examples = make_examples(store, target, "plain")
    examples.frame["source"] = source.astype(str)
    folds = make_folds(examples.y, examples.groups, kind="binary", seed=0)
    scoring = Scoring("binary", examples.y, folds.fold, 2)
    found = {
        name: value("auroc", scoring, b.held.pred) for name, b in surface.baselines(examples, scoring, folds).items()
    }
    assert min(found["surface together"], found["surface boosted"]) > 0.98
    assert max(found["surface numbers"], found["source"]) < 0.95


def test_which_option_a_prompt_names_first_is_a_surface():
    prompts = ["red or blue?", "Blue or red?", "blue, red", "neither"]
    frame = pd.DataFrame({"object_prompt": prompts, "answers": [["red", "blue"]] * 4, "property": "option"})
    assert surface.option_order(frame).argmax(1).tolist() == [0, 1, 1, 0]
    assert surface.option_order(frame.assign(property="length")) is None


class Worded(WorldTarget):
    """A target whose questions are the table's own."""

    def forms(self, items):
        return (PRIMARY,)


def test_a_label_in_the_wording_of_the_tables_own_question_is_read_by_the_words():
    """The order of two words gives it away: neither their number nor which they are does."""
    y = coin(120)
    store, target = make_world(y, target=Worded(), said=y)
    asked = [f"Do you know {k}? Answer {'yes or no' if v == 'yes' else 'no or yes'}." for k, v in enumerate(y)]
    store.items["report_prompt"] = asked
    assert _read(store, target)["words and characters"] == 1.0
    assert _read(store, WorldTarget())["words and characters"] < 0.7
