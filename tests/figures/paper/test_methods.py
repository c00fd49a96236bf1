"""The methods paragraph and its references."""

import dataclasses
import hashlib
import json
import re

import pandas as pd
import pytest

from tacit.figures import read_run
from tacit.figures.paper import methods, references
from tacit.figures.paper.methods import Sentence, as_latex, as_markdown, bibliography
from tacit.figures.paper.reproducibility import commands

ENTRY = {"target": "knowledge", "condition": "plain", "status": "probed", "n": 400, "n_groups": 372, "n_folds": 5,
         "dropped": {"unusable": 7}}  # fmt: skip


@pytest.fixture
def paragraphs(a_run, on_disk, tmp_path):
    run = a_run(targets=("knowledge",), conditions=("plain",))
    run.verdicts[0] |= {"margin": 0.05, "holm_p": 0.01}
    return methods.methods(read_run(on_disk(run, tmp_path, facts={"entries": [ENTRY]})))


def test_the_words_follow_from_the_runs_files(paragraphs):
    text = as_markdown(paragraphs)
    for said in (
        "The model was made-up (weights abababababab).", "6 blocks and a residual stream of width 64",
        "“unlocked” (system prompt “Speak plainly.”)",
        "Knowledge (plain) had 400 items in 372 groups; 7 were left out as unusable.",
        "Cross-validation used 5 folds", "a margin of 0.05", "the seed of items, samples and folds was 3",
    ):  # fmt: skip
        assert said in text


def test_the_bibliography_holds_what_is_cited_and_nothing_else(paragraphs):
    cited = set(re.findall(r"@(\w+)", as_markdown(paragraphs)))
    assert set(re.findall(r"^@\w+\{(\w+),", bibliography(paragraphs), flags=re.MULTILINE)) == cited
    assert {"holm1979", "schuirmann1987"} <= cited


def _told(run, on_disk, folder, **more) -> str:
    return as_markdown(methods.methods(read_run(on_disk(run, folder, **more))))


def _with_rows(run, *rows):
    """`run` with rows of scores more, (kind, method, layer), that are else like its first."""
    first = run.scores.iloc[0].to_dict()
    more = [first | {"kind": kind, "method": method, "layer": layer} for kind, method, layer in rows]
    return dataclasses.replace(run, scores=pd.concat([run.scores, pd.DataFrame(more)], ignore_index=True))


@pytest.fixture
def simple(a_run):
    """A run of one target and condition, seven layers."""
    return a_run(targets=("knowledge",), conditions=("plain",))


def test_conditions_with_the_same_numbers_share_a_sentence_and_others_have_their_own(a_run, on_disk, tmp_path):
    entries = [
        ENTRY | {"condition": "a"},
        ENTRY | {"condition": "b"},
        ENTRY | {"condition": "c", "n": 90, "dropped": {}},
    ]
    entries += [{"target": "behavior", "condition": "a", "status": "left out", "reason": "all one label."}]
    text = _told(a_run(targets=("knowledge",)), on_disk, tmp_path, facts={"entries": entries})
    assert "Knowledge (a and b each) had 400 items in 372 groups; 7 were left out as unusable." in text
    assert "Knowledge (c) had 90 items in 372 groups." in text
    assert "Behavior (a) was not analysed (all one label)." in text
    assert text.count("400 items") == 1


def _asked(**columns):
    return pd.DataFrame({"item_id": ["1", "2"], "label": "", "property": ""} | columns)


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        (_asked(target="token_count"), "is the number of tokens of the text by the model's own tokenizer."),
        (_asked(target="word_count"), "is the number of words of the text."),
        (
            _asked(target="knowledge"),
            "is whether the model's greedy reply to the object prompt matches one of",
        ),
        (_asked(target="behavior"), "is the option that the model's greedy reply to the object prompt chooses."),
        (
            _asked(target="behavior", property="is_even"),
            "is a property of the model's greedy reply to the object prompt",
        ),
        (_asked(target="knowledge", label="yes"), "The label of knowledge was read from the item table."),
        (
            _asked(target="knowledge", label=["yes", ""]),
            "; for 1 of 2 items it was read from the item table.",
        ),
        (_asked(target="haiku", property="python:haiku.py"), None),
    ],
)
def test_how_labels_arise_is_told_as_far_as_the_items_say_it(simple, on_disk, tmp_path, asked, told):
    text = _told(simple, on_disk, tmp_path, activations__items=asked)
    assert (told in text) if told else ("The label of" not in text)
    assert text.count("The label of") == bool(told)


def test_where_the_items_are_not_there_nothing_is_said_of_labels(simple, on_disk, tmp_path):
    assert "The label of" not in _told(simple, on_disk, tmp_path)


def test_the_control_task_is_named_and_cited_where_it_was_scored(simple, on_disk, tmp_path):
    with_it = _with_rows(simple, ("control", "control task", -1), ("control", "confounds regressed out", -1),
                         ("control", "positive control", -1))  # fmt: skip
    text = _told(with_it, on_disk, tmp_path / "with")
    assert "drawn from the true ones by a hash of the group [@hewitt2019]" in text
    assert "Further controls were: confounds regressed out." in text
    assert "hewitt2019" not in _told(simple, on_disk, tmp_path / "without")


def test_other_probes_are_told_of_where_they_were_fitted(simple, on_disk, tmp_path):
    more = _with_rows(simple, ("probe", "fixed layer, mlp", 4), ("probe", "fixed layer, difference of means", 4))
    text = _told(more, on_disk, tmp_path / "with")
    assert "layer 4 was fixed in advance" in text
    assert "MLP and difference of means were also scored separately" in text
    assert "also scored" not in _told(simple, on_disk, tmp_path / "without")


def test_a_run_in_which_nothing_could_be_probed_has_methods_too(simple, on_disk, tmp_path):
    entries = [{"target": "knowledge", "condition": "plain", "status": "left out", "reason": "all one label"}]
    text = _told(
        dataclasses.replace(simple, scores=simple.scores.iloc[:0]), on_disk, tmp_path, facts={"entries": entries}
    )
    assert "Knowledge (plain) was not analysed (all one label)." in text
    assert "fixed in advance" not in text


@pytest.mark.parametrize(("twins", "told"), [([["k"], ["l"]], "is the mean prediction of 2 random-"), ([], None)])
def test_the_number_of_random_models_is_told_where_the_files_hold_it(simple, on_disk, tmp_path, twins, told):
    run = _with_rows(simple, ("baseline", "random model", -1), ("baseline", "embeddings, mean", 0))
    text = _told(run, on_disk, tmp_path, facts={"entries": [ENTRY], "made_from": {"keys": [], "twins": twins}})
    assert "; random model; embeddings, mean (layer 0, averaged over the prompt)." in text
    assert ("random-initialised" in text) == bool(told)
    assert not told or told in text


@pytest.mark.parametrize(
    ("target", "metric", "told"),
    [
        ("token_count", "skill", {"Skill is 1"}),
        ("knowledge", "auroc", {"AUROC is computed within folds"}),
        ("behavior", "macro_auroc", {"Macro AUROC is the mean", "AUROC is computed within folds"}),
    ],
)
def test_metrics_are_defined_where_they_are_used(a_run, on_disk, tmp_path, target, metric, told):
    run = a_run(targets=(target,), conditions=("plain",))
    run.verdicts[0]["metric"] = metric
    text = _told(run, on_disk, tmp_path)
    defined = {"Skill is 1", "AUROC is computed within folds", "Macro AUROC is the mean"}
    assert {name for name in defined if f" {name}" in text} == told


def test_mcnemars_test_is_told_of_with_what_it_takes_for_granted(simple, on_disk, tmp_path):
    simple.verdicts[0]["mcnemar_midp"] = 0.2
    assert "McNemar's mid-p test, which treats items as independent" in _told(simple, on_disk, tmp_path)


def test_every_reference_can_be_cited_and_its_braces_match():
    for key in references.KEYS:
        entry = references.bibliography([key])
        assert entry.startswith("@") and f"{{{key}," in entry and entry.count("{") == entry.count("}")


def test_a_condition_cannot_put_commands_or_links_into_the_words():
    paragraphs = [[Sentence(r"said \input{x} and [a](b)", ("holm1979",))]]
    assert as_latex(paragraphs, origin="o") == (
        "% o\nsaid \\textbackslash{}input\\{x\\} and {[}a{]}(b)~\\cite{holm1979}.\n"
    )
    assert as_markdown(paragraphs) == "said \\\\input{x} and \\[a\\](b) [@holm1979].\n"


def test_what_the_files_do_not_say_is_left_out(a_run, on_disk, tmp_path):
    folder = on_disk(a_run(targets=("knowledge",), conditions=("plain",)), tmp_path)
    for name in ("settings.json", "activations/manifest.json", "probes/probes.json"):
        (folder / name).write_text(json.dumps({}))
    text = as_markdown(methods.methods(read_run(folder)))
    assert not re.search("None|nan|unknown|seed|revision", text)


def test_ablations_are_told_of_where_they_belong_to_these_probes(a_run, on_disk, tmp_path):
    folder = on_disk(a_run(targets=("knowledge",), conditions=("plain",)), tmp_path / "run", facts={"entries": [ENTRY]})
    digest = hashlib.sha256((folder / "probes/probes.json").read_bytes()).hexdigest()
    used = {"probes": digest, "used": [{"n": 64, "n_random": 99}]}
    (folder / "probes/used.json").write_text(json.dumps(used))
    text = as_markdown(methods.methods(read_run(folder)))
    assert "state of 64 items" in text and "controls were 99 label-shuffled probes" in text
    (folder / "probes/used.json").write_text(json.dumps(used | {"probes": "of others"}))
    assert "controls were 99" not in as_markdown(methods.methods(read_run(folder)))


def test_a_tuned_report_is_told_of_and_is_none_of_the_ways_of_asking(a_run, on_disk, tmp_path):
    run = a_run(targets=("knowledge",), conditions=("plain",))
    run.verdicts[0] |= {"tuned": 0.8, "tuned_lower": 0.7, "tuned_upper": 0.9} | {
        "tuning": {"took": True, "how": {"embeddings": 8, "epochs": 30}}
    }
    found = read_run(on_disk(run, tmp_path / "run"))
    text = as_markdown(methods.methods(found))
    assert "For knowledge (plain), a soft prompt of 8 embeddings was trained" in text
    assert "lester2021" in text
    assert "tuned on labels" not in text
    assert "tacit tune run --epochs 30" in commands(found)
    assert "control task, it was trained" not in text
    run.verdicts[0]["tuning"]["control"] = {"score": 0.5, "learned": 0.6, "selectivity": 0.3}
    assert "As its control task, it was trained in the same way" in as_markdown(
        methods.methods(read_run(on_disk(run, tmp_path / "with")))
    )
