"""The front door: every verb explains itself, the default runs end to end, bad input is one line and exit code 2."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path

import pandas as pd
import pytest
from click.testing import CliRunner

from tacit.activations.run_settings import DEFAULT_MODEL, chosen_settings
from tacit.cli import main as cli
from tacit.settings import Settings, write_settings
from tacit.targets import load_items

ON = "--keep-one-class"  # a random model answers nothing right, so all labels are equal
QUICK = ("--reports", "choice", "--twins", 0, "--samples", 0, "--paraphrases", 1)
"""For runs that are about something else than the forms; the default run has them all."""
ROWS = "question,answer\n" + "".join(f"Where was Ada {i} born?,London\n" for i in range(12))


@pytest.fixture
def here(tmp_path, monkeypatch):
    """An empty working folder."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(*args):
    return CliRunner().invoke(cli.main, [str(arg) for arg in args])


def refused(*args) -> str:
    """The one line that a refused command prints; asserts exit code 2 and no traceback."""
    result = run(*args)
    assert result.exit_code == 2, result.output
    assert "Traceback" not in result.output
    lines = result.stderr.strip().splitlines()
    assert len(lines) == 1, lines
    return lines[0]


@pytest.mark.parametrize("verb", [None, *cli.main.commands])
def test_every_verb_has_a_help_that_a_stranger_can_use(verb):
    result = run(*filter(None, [verb]), "--help")
    assert result.exit_code == 0
    if verb:
        options = [line for line in result.output.splitlines() if line.startswith("  -")]
        assert all(len(line.split()) > 1 for line in options)
        assert len(cli.main.commands[verb].help) > 30


def test_the_default_runs_end_to_end_and_a_second_run_reuses_it(here):
    probe = ("probe", "--permutations", 40)
    first = [run("cache", "--n", 90), run(*probe), run("ablate", "--items", 20, "--random", 19)]
    first += [run("tune", "--epochs", 1), run("compare")]
    assert [result.exit_code for result in first] == [0] * 5, "\n".join(result.output for result in first)
    folder = here / "runs" / "default"
    verdicts = {
        (v["target"], v["condition"]): v
        for v in json.loads((folder / "verdicts" / "verdicts.json").read_text())["verdicts"]
    }
    asked = set(pd.read_parquet(folder / "activations" / "replies.parquet")["elicitation"]) - {""}
    assert {name.split("/")[0] for name in asked} == {"choice", "logits", "shots4"}, "more than the default was asked"
    assert set(verdicts) == {(t, c) for t in ("token_count", "knowledge", "behavior") for c in ("locked", "unlocked")}
    assert all(verdicts[t, "unlocked"]["verdict"] != "GAP" for t in ("token_count", "knowledge", "behavior"))
    assert verdicts["token_count", "locked"]["gap_lower"] > 0
    ablated = {place: next(c for c in v["conditions"] if c["level"] == "U") for place, v in verdicts.items()}
    assert "ablating it at the" in ablated["knowledge", "unlocked"]["evidence"]
    assert verdicts["token_count", "locked"]["tuning"]["epochs"] == [1] * 5
    assert verdicts["token_count", "unlocked"]["tuning"] is None
    assert "or all were tuned before" in run("tune", "--epochs", 1).output
    assert {"target", "condition", "site", "layer", "metric", "value", "lower", "upper", "n"} <= set(
        pd.read_csv(folder / "probes" / "scores.csv").columns
    )
    assert {"item_id", "group", "fold", "label", "probe", "report", "outcome", "reply"} <= set(
        pd.read_parquet(folder / "probes" / "items.parquet").columns
    )
    for stem in ("know-and-say", "layers-knowledge", "counts-token_count"):
        assert all((folder / "figures" / f"{stem}.{ending}").stat().st_size for ending in ("pdf", "png", "csv"))
    assert "reused" in run("cache").output
    assert "reused" in run(*probe).output


def test_a_run_made_with_other_settings_is_left_alone(here, tiny):
    table = here / "t.csv"
    table.write_text(ROWS)
    assert run("cache", "r", "--model", tiny("llama"), "--data", table, "--n", 10, *QUICK, ON).exit_code == 0
    before = (here / "runs" / "r" / "activations" / "manifest.json").read_bytes()
    line = refused("cache", "r", "--model", tiny("llama"), "--data", table, "--n", 12, *QUICK)
    assert "n: 10 -> 12" in line
    assert "RUN=r-2" in line
    assert (here / "runs" / "r" / "activations" / "manifest.json").read_bytes() == before


def test_a_target_with_one_class_ends_in_a_verdict_with_its_reason(here, tiny):
    (here / "t.csv").write_text(ROWS)
    cached = run("cache", "r", "--model", tiny("llama"), "--data", here / "t.csv", *QUICK, ON)
    assert cached.exit_code == 0
    assert "knowledge: too few for a verdict, which needs 40 usable items and 10 independent groups" in cached.output
    assert run("probe", "r").exit_code == 0
    result = run("compare", "r")
    assert result.exit_code == 0
    verdict = json.loads((here / "runs" / "r" / "verdicts" / "verdicts.json").read_text())["verdicts"][0]
    assert verdict["verdict"] == "REPORT_INVALID"  # a random model cannot repeat a planted answer either
    assert verdict["gap"] is None
    assert "same label" in " ".join(verdict["reasons"])


def kept(run_folder) -> pd.DataFrame:
    """All replies in the shards of a run."""
    return pd.concat(map(pd.read_parquet, (run_folder / "activations").glob("*/*.replies.parquet")))


def stopped(*args) -> str:
    """The line that a command ends with, after the progress of a slow run; asserts exit code 2 and no traceback."""
    result = run(*args)
    assert result.exit_code == 2 and "Traceback" not in result.output, result.output
    return result.stderr.strip().splitlines()[-1]


def test_one_class_stops_before_the_reports_and_what_was_asked_is_kept(here, tiny):
    (here / "t.csv").write_text(ROWS)
    args = ("cache", "r", "--model", tiny("llama"), "--data", here / "t.csv", *QUICK, "--samples", 2)
    line = stopped(*args)
    assert "knowledge, plain: all items have the same label" in line and line.endswith("add --keep-one-class.")
    assert set(kept(here / "runs" / "r")["prompt"]) == {"object"} and len(kept(here / "runs" / "r")) == 36
    assert stopped(*args) == line
    goes_on = run(*args, ON)
    assert goes_on.exit_code == 0 and set(kept(here / "runs" / "r")["prompt"]) >= {"object", "report", "control"}
    assert run(*args, ON).output.count("tokens to compute") == 0, "nothing is asked twice"


def test_a_target_with_one_class_is_left_out_and_the_others_go_on(here, tiny):
    (here / "t.csv").write_text(ROWS)
    rows = [f"City {i} is in land {i}.,{i % 2},{i}\n" for i in range(14)]
    (here / "s.csv").write_text("statement,label,city\n" + "".join(rows))
    data = ("--data", f"knowledge={here / 't.csv'}", "--data", f"truth={here / 's.csv'}")
    args = ("cache", "r", "--model", tiny("llama"), *data, "--paraphrases", 1, "--twins", 1, "--samples", 0)
    result = run(*args)
    assert result.exit_code == 0, result.output
    assert "left out, because all their items have the same label (the other targets go on): knowledge, plain" in (
        result.output
    )
    replies = pd.read_parquet(here / "runs/r/activations/replies.parquet")
    assert set(replies.loc[replies["target"] == "knowledge", "prompt"]) == {"object"}
    probed = run("probe", "r", "--permutations", 20)
    assert probed.exit_code == 0 and "knowledge, plain: left out by tacit cache" in probed.output
    assert run("compare", "r").exit_code == 0 and run("verify", "r").exit_code == 0
    assert run(*args, ON).exit_code == 0, "told to go on, it adds the target"
    assert set(pd.read_parquet(here / "runs/r/activations/replies.parquet")["prompt"]) >= {"report"}


def test_a_table_of_prompts_longer_than_the_context_stops_before_anything_is_written(here, tiny):
    (here / "t.csv").write_text("item_id,question,answer\n" + f"far,{'long ' * 400}?,London\n")
    line = refused("cache", "r", "--model", tiny("llama"), "--data", here / "t.csv")
    assert "longer than the model's context" in line and "item 'far'" in line
    assert not (here / "runs").exists()


def test_a_row_longer_than_the_context_is_left_out_named_and_counted(here, tiny):
    rows = [f"i{i},Where was Ada {i} born?,London\n" for i in range(12)]
    (here / "t.csv").write_text("item_id,question,answer\n" + "".join(rows) + f"far,{'long ' * 400}?,London\n")
    args = ("--data", here / "t.csv", "--reports", "choice", "--twins", 0, "--samples", 0, "--paraphrases", 1, ON)
    result = run("cache", "r", "--model", tiny("llama"), *args)
    assert result.exit_code == 0, result.output
    assert "12 rows used, 1 rows left out: longer than the model's context" in result.output
    assert re.search(r"the longest prompt has \d{3,}: item far", result.output)
    assert "far" not in set(pd.read_parquet(here / "runs/r/activations/items.parquet")["item_id"])


def test_what_a_reply_is_matched_against_is_shown_first_and_that_none_is_right_is_said(here, tiny):
    (here / "t.csv").write_text(ROWS.replace("London\n", '"[""Lon\u202edon"", ""Ldn""]"\n'))
    args = ("--data", here / "t.csv", "--reports", "choice", "--twins", 0, "--samples", 0, "--paraphrases", 1, ON)
    result = run("cache", "r", "--model", tiny("llama"), *args)
    assert result.exit_code == 0, result.output
    shown = 'Where was Ada 0 born? Answer in a few words." is answered right by "Lon�don" or "Ldn"'
    assert shown in result.output and result.output.count("is answered right by") == 3
    assert "none of the 12 replies is right" in result.output and "\u202e" not in result.output


def test_statements_of_a_table_end_in_a_verdict_of_the_target_truth(here, tiny):
    rows = [f"City {i} is in land {i}.,{i % 2},{i}\n" for i in range(60)]
    (here / "t.csv").write_text("statement,label,city\n" + "".join(rows))
    args = ("--data", here / "t.csv", "--reports", "choice,logits", "--twins", 0, "--paraphrases", 1)
    cached = ("cache", "r", "--model", tiny("llama"), *args)
    for step in (cached, ("probe", "r", "--permutations", 20), ("compare", "r")):
        result = run(*step)
        assert result.exit_code == 0, result.output
    (verdict,) = json.loads((here / "runs/r/verdicts/verdicts.json").read_text())["verdicts"]
    assert verdict["target"] == "truth"
    labels = pd.read_parquet(here / "runs/r/probes/items.parquet").set_index("item_id")["label"]
    assert sorted(labels.value_counts()) == [30, 30]


@pytest.mark.parametrize(
    ("variable", "named"), [("TARGET=knowledge", "TARGET"), ("n=5", "n"), ("MODEl=x", "MODEl"), ("DATAS=t", "DATAS")]
)
def test_make_names_a_variable_that_it_does_not_know(variable, named):
    makefile = Path(__file__).parents[2] / "Makefile"
    found = subprocess.run(["make", "-n", "-f", makefile, "cache", variable], capture_output=True, text=True)
    assert found.returncode == 2 and len(found.stderr.strip().splitlines()) == 1
    assert f"{named} is not a variable of this Makefile. It knows MODEL TARGETS N" in found.stderr


def test_a_base_model_without_a_chat_template_is_asked_in_plain_words(here, tiny):
    model = shutil.copytree(tiny("llama"), here / "base")
    (model / "chat_template.jinja").unlink()
    (here / "t.csv").write_text(ROWS)
    result = run("cache", "r", "--model", model, "--data", here / "t.csv", *QUICK, ON)
    assert result.exit_code == 0
    assert "no chat template" in result.output


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (["cache", "--model", "./nowhere"], "there is no folder ./nowhere"),
        (["cache", "--targets", "happiness"], "no target is called 'happiness'"),
        (["cache", "--data", "nothing.csv"], "there is no file nothing.csv"),
        (["cache", "--sites", "subject"], "--sites object,report:-3"),
        (["cache", "--sites", "object:end"], "knowledge: its prompts have no marked span"),
        (["cache", "--layers", "0-40"], "the model has 0-6"),
        (["cache", "--condition", "honest"], "See: tacit cache --help"),
        (["cache", "--condition", "a=x", "--condition", "a=y"], "a is given twice"),
        (["cache", "--n", "3"], "See: tacit cache --help"),
        (["cache", "--seed", "-1"], "See: tacit cache --help"),
        (["cache", "--framings", "nope"], "'nope': choose from you, typical"),
        (["cache", "--framings", ","], "has an empty name"),
        (["cache", "--reports", "choice,shouting"], "'shouting': choose from"),
        (["cache", "../x"], "is not a run's name"),
        (["cache", "x" * 300], "a run's name may have 100"),
        (["cache", "--condition", f"{'c' * 300}=Be brief."], "its name may have 100"),
        (["cache", "--data", "x" * 300], "is not a path that can be opened"),
        (["cache", "--data", f"knowledge={'x' * 300}.csv"], "is not a path that can be opened"),
        (["cache", "--data", f"behavior={'x' * 300}.csv"], "is not a path that can be opened"),
        (["cache", "--data", "knowledge=."], ". is a folder, expected a file"),
        (["cache", "--reports", "chioce,logit"], "'chioce', 'logit': choose from"),
        (["cache", "--contexts", "nope"], "'nope': choose from before, after"),
        (["cache", "--code", "."], "is a directory"),
        (["probe", "x" * 300], "a run's name may have 100"),
        (["probe", "nosuch"], "there is no run 'nosuch'"),
        (["compare", "nosuch"], "nosuch"),
        (["compare", "a", "b", "a"], "a run is given twice"),
        (["ablate", "nosuch"], "there is no run 'nosuch'"),
        (["tune", "nosuch"], "there is no run 'nosuch'"),
    ],
)
def test_bad_input_is_one_line_that_says_what_to_do(here, args, message):
    assert message in refused(*args)
    assert not (here / "runs").exists(), "a slip must not bind the run to its settings"


@pytest.mark.parametrize(
    ("args", "line"),
    [
        (["shwo"], "Error: No such command 'shwo'. Did you mean 'show'? See: tacit --help"),
        (["shpprt"], "Error: No such command 'shpprt'. See: tacit --help"),
    ],
)
def test_a_slip_on_the_command_line_is_one_sentence_with_one_full_stop(here, args, line):
    assert refused(*args) == line


@pytest.mark.parametrize(
    ("text", "message"),
    [("question\nWhy?\n", "answer"), ("question,answer\n", "no rows|empty"), ("", "empty|columns")],
)
def test_a_table_that_lacks_something_is_one_line(here, text, message, tiny):
    (here / "t.csv").write_text(text)
    line = refused("cache", "--model", tiny("llama"), "--targets", "knowledge", "--data", here / "t.csv")
    assert re.search(message, line), line


@pytest.mark.parametrize(("n", "n_groups", "few"), [(1, 1, True), (39, 39, True), (40, 9, True), (40, 10, False)])
def test_items_that_are_too_few_for_a_verdict_are_told_of(here, n, n_groups, few):
    rows = (f"Where was Ada {i} born?,London {i % n_groups}\n" for i in range(n))
    (here / "t.csv").write_text("question,answer\n" + "".join(rows))
    from tacit.activations.planning.subjects import too_few

    items, _ = load_items("knowledge", "t.csv", n=600, seed=0, count_tokens=len)
    told = "".join(too_few("knowledge", items))
    assert told.endswith(f"(here: {n} and at most {n_groups})") == few
    assert bool(told) == few


def test_an_interrupted_run_says_that_nothing_is_lost_and_goes_on(here, tiny, monkeypatch):
    from tacit.activations.trees.ask import Asking

    (here / "t.csv").write_text(ROWS)
    args = ("cache", "r", "--model", tiny("llama"), "--data", here / "t.csv", *QUICK, ON)
    real = Asking.shards

    def interrupted(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(Asking, "shards", interrupted)
    result = run(*args)
    assert result.exit_code == 130
    assert "run the same command again to continue" in result.output
    assert "Nothing was finished yet, so nothing is kept" in result.output
    monkeypatch.setattr(Asking, "shards", real)
    assert run(*args).exit_code == 0


def test_rungs_may_be_left_out_and_asked_for_again_within_a_run(here, tiny):
    (here / "t.csv").write_text(ROWS)
    fewer = ("--twins", 0, "--samples", 0, "--paraphrases", 1, "--framings", "you")
    args = ("cache", "r", "--model", tiny("llama"), "--data", here / "t.csv", *fewer, ON)
    assert run(*args).exit_code == 0
    assert run(*args, "--reports", "choice").exit_code == 0
    assert "set aside" in run("info", "r").output
    again = run(*args, "--reports", "choice,logits,shots4")
    assert again.exit_code == 0 and "tokens to compute" not in again.output
    assert run(*args, "--reports", "choice").exit_code == 0
    assert re.search(r"[1-9]\d* sets of prompts removed", run("clean", "r").output)
    assert run("verify", "r").exit_code == 0
    assert "made with other settings" in refused(*args, "--seed", 5)


def test_verify_says_what_is_damaged_and_cache_mends_it(here, tiny):
    (here / "t.csv").write_text(ROWS)
    args = ("cache", "r", "--model", tiny("llama"), "--data", here / "t.csv", *QUICK, "--twins", 1, ON)
    run(*args)
    shard = next((here / "runs" / "r" / "activations").glob("*/*.safetensors"))
    shard.write_bytes(shard.read_bytes()[:-1])
    result = run("verify", "r")
    assert result.exit_code == 1
    assert shard.name in result.output
    assert "caching it again" in run(*args).output
    assert run("verify", "r").exit_code == 0
    assert "llama" in run("info", "r").output


@pytest.mark.parametrize("model", ["tinytalk-3m-chat", "stories260K"])
def test_real_checkpoints_that_cannot_follow_a_format_are_reported_honestly(here, shared, model):
    for args in (
        ["cache", model, "--model", shared / "models" / model, "--n", 45],
        ["probe", model, "--permutations", 20],
        ["compare", model],
    ):
        result = run(*args)
        assert result.exit_code == 0, result.output
    verdicts = json.loads((here / "runs" / model / "verdicts" / "verdicts.json").read_text())["verdicts"]
    assert not {verdict["verdict"] for verdict in verdicts} & {"GAP", "NO_GAP"}
    replies = pd.read_parquet(here / "runs" / model / "probes" / "items.parquet")
    assert (replies["outcome"] != "answered").mean() > 0.5


def test_a_form_that_the_users_table_words_is_asked_without_being_asked_for(here):
    rows = [f"g{k},Would you like tea or coffee with meal {k}?,tea|coffee,What would you drink {k}?" for k in range(12)]
    table = here / "drinks.csv"
    table.write_text("group,question,options,report_prompt:free/you/0\n" + "\n".join(rows))
    found = run("cache", "drinks", "--data", table, "--n", 12, "--twins", 0, "--samples", 0, "--reports", "choice")
    assert found.exit_code == 0, found.output
    asked = set(pd.read_parquet(here / "runs/drinks/activations/replies.parquet")["elicitation"])
    assert "free/you/0" in asked


@pytest.mark.parametrize("verb", ["probe", "ablate", "tune", "compare", "show", "info", "verify"])
def test_a_run_that_is_not_there_is_named_with_those_that_are(here, verb):
    (here / "runs/good").mkdir(parents=True)
    (here / "runs/good/settings.json").write_text("{}")
    assert "there is no run 'nosuch' (runs/nosuch/settings.json; existing runs: good)" in refused(verb, "nosuch")


@pytest.mark.parametrize("verb", ["info", "verify"])
def test_a_run_that_holds_no_activations_yet_is_told_from_one_that_is_not_there(here, verb):
    (here / "runs/good").mkdir(parents=True)
    (here / "runs/good/settings.json").write_text('{"model": "m", "targets": [], "conditions": {}, "data": {}}')
    assert "holds no activations. Run: make cache RUN=good" in refused(verb, "good")


def test_the_embedded_models_tables_are_taken_however_it_is_named_and_kept(here):
    named = chosen_settings("x", {"model": str(DEFAULT_MODEL)})
    assert named == chosen_settings("x", {})
    assert set(named.data) == {"token_count", "knowledge", "behavior"}
    write_settings("x", named)
    assert chosen_settings("x", {"targets": ("knowledge",)}).data == {"knowledge": named.data["knowledge"]}


@pytest.mark.parametrize(("verb", "heavy"), [("--help", "pandas numpy matplotlib torch"), ("info", "matplotlib torch")])
def test_the_command_line_answers_without_libraries_that_it_does_not_need(verb, heavy):
    code = f"import sys; from tacit.cli.main import main; main([{verb!r}, 'none'], standalone_mode=False)"
    code = f"import contextlib\ntry:\n    {code}\nfinally:\n    assert not set({heavy.split()}) & set(sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert "AssertionError" not in done.stderr, done.stderr


@pytest.mark.parametrize("verb", ["cache", "probe", "ablate", "tune", "compare"])
def test_a_verb_says_what_it_does_before_it_imports_a_large_library(here, verb):
    (here / "runs" / "r").mkdir(parents=True)
    (here / "runs" / "r" / "settings.json").write_text(json.dumps(asdict(Settings("m", ("truth",), {"plain": ""}, {}))))
    code = (
        "import sys, tacit\n"
        "class Said(Exception): pass\n"
        "def say(line): raise Said(set(sys.modules) & {'torch', 'sklearn', 'matplotlib', 'pandas'})\n"
        f"try: tacit.{verb}('r', say=say)\n"
        "except Said as said: print(said)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, cwd=here)
    assert done.stdout.strip() == "set()", done.stderr
