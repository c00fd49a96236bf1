"""The record from which a run can be made again."""

import dataclasses
import hashlib
import json
import shlex
import shutil

import pytest

from tacit.activations import Settings
from tacit.figures import draw_run, read_run
from tacit.figures.paper.reproducibility import _DEFAULTS, _OPTIONS, commands


def test_the_record_holds_the_checksum_of_every_file_that_was_drawn(drawn):
    record = json.loads((drawn / "figures/reproducibility.json").read_text())
    written = {path.relative_to(drawn).as_posix() for path in (drawn / "figures").iterdir()}
    assert written - set(record["sha256"]) == {"figures/reproducibility.json"}
    for name, digest in (record["sha256"] | record["sha256_measured"]).items():
        assert hashlib.sha256((drawn / name).read_bytes()).hexdigest() == digest


MADE = (
    "activations/manifest.json",
    "activations/twins/0/manifest.json",
    "probes/directions/knowledge-plain.safetensors",
    "probes/null.csv",
    "probes/positions.csv",
    "probes/used.json",
    "settings.json",
)
MEASURED = ("verdicts/disagreements.csv", "verdicts/reliability.csv")
PASSING = ("probe.log", "probes/.scores.csv.41.tmp", "probes/half.tmp", ".cache/x.json", "activations/.lock")
ELSEWHERE = ("activations/a-shard/00000.safetensors", "figures/mine.txt", "figures/models/know-and-say.png")


@pytest.fixture
def full(drawn_full, tmp_path):
    """A drawn run whose folder also holds what probes, comparisons, other programs and interrupted verbs left there."""
    return shutil.copytree(drawn_full, tmp_path / "a-run")


@pytest.fixture(scope="module")
def drawn_full(a_run, on_disk, tmp_path_factory):
    """`full`, drawn once for all tests, each of which has a copy."""
    folder = tmp_path_factory.mktemp("full") / "a-run"
    on_disk(a_run(targets=("knowledge",), conditions=("plain",), n_layers=3), folder)
    for name in (*MADE[1:], *MEASURED, *PASSING, *ELSEWHERE):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text("" if name.endswith(".csv") else "{}", encoding="utf-8")
    draw_run(folder)
    return folder


def _record(folder):
    return json.loads((folder / "figures/reproducibility.json").read_text())


def test_every_file_of_the_run_has_its_checksum_but_those_that_pass(full):
    record = _record(full)
    drawn = {name for name in record["sha256"] if name.startswith("figures/")}
    made = {"probes/scores.csv", "probes/items.parquet", "probes/probes.json", "verdicts/verdicts.json", *MADE}
    assert set(record["sha256"]) - drawn == made
    assert set(record["sha256_measured"]) == set(MEASURED)
    assert not drawn & {*PASSING, *ELSEWHERE, "figures/reproducibility.json"}


def test_drawing_again_leaves_what_was_measured_and_the_record_as_they_are(full):
    before = (full / "figures/reproducibility.json").read_bytes()
    draw_run(full)
    assert (full / "figures/reproducibility.json").read_bytes() == before
    assert all((full / name).is_file() for name in (*MADE, *MEASURED, *PASSING, *ELSEWHERE))


def test_a_file_that_changes_changes_its_checksum_alone(full):
    before = _record(full)["sha256"]
    (full / "probes/directions/knowledge-plain.safetensors").write_text("[]", encoding="utf-8")
    draw_run(full)
    after = _record(full)["sha256"]
    assert [name for name in before if after[name] != before[name]] == ["probes/directions/knowledge-plain.safetensors"]


def test_the_same_run_gives_the_same_bytes(drawn):
    before = {path.name: path.read_bytes() for path in (drawn / "figures").iterdir()}
    draw_run(drawn)
    assert {path.name: path.read_bytes() for path in (drawn / "figures").iterdir()} == before


def test_the_commands_carry_every_setting_that_is_not_the_default(a_run, on_disk, tmp_path):
    folder = on_disk(a_run(targets=("knowledge",), conditions=("plain",), n_layers=3), tmp_path / "a-run")
    settings = {
        "model": "some/model", "targets": ["knowledge"], "data": {"knowledge": "my items.csv"}, "n": 400, "seed": 0,
        "conditions": {"honest": 'Be "honest".'}, "sites": ["object:mean"], "layers": "every:4",
        "reports": ["all"], "paraphrases": 3, "framings": ["you"], "contexts": ["before", "after"], "samples": 0,
        "twins": 1, "revision": "", "trust_remote_code": True, "template": "rag", "date": "2026-02-01",
        "template_args": {"enable_thinking": False, "style": "two words"},
    }  # fmt: skip
    (folder / "settings.json").write_text(json.dumps(settings))
    assert shlex.split(commands(read_run(folder))[0]) == [
        "tacit", "cache", "a-run", "--model", "some/model", "--targets", "knowledge", "--data",
        "knowledge=my items.csv",
        "--condition", 'honest=Be "honest".', "--n", "400", "--layers", "every:4", "--sites", "object:mean",
        "--reports", "all", "--framings", "you", "--contexts", "before,after", "--samples", "0", "--twins", "1",
        "--template", "rag", "--date", "2026-02-01", "--template-arg", "enable_thinking=false", "--template-arg",
        'style="two words"', "--trust-remote-code",
    ]  # fmt: skip


def test_a_setting_that_is_left_out_of_the_command_is_what_caching_would_take():
    taken = {field.name: field.default for field in dataclasses.fields(Settings)}
    left_out = {name: tuple(value) if isinstance(value, list) else value for name, value in _DEFAULTS.items()}
    assert left_out == {name: taken[name] for name in left_out}
    in_parts = {"model", "targets", "conditions", "data", "template_args", "trust_remote_code"}
    assert set(_OPTIONS) | in_parts == set(taken)


@pytest.mark.parametrize(("number", "command"), [(200, "tacit probe a-run"), (0, "tacit probe a-run --permutations 0")])
def test_the_commands_carry_the_number_of_permutations(a_run, on_disk, tmp_path, number, command):
    facts = {"made_from": {"n_permutations": number}, "entries": []}
    folder = on_disk(a_run(targets=("knowledge",), conditions=("plain",), n_layers=3), tmp_path / "a-run", facts=facts)
    assert commands(read_run(folder))[1] == command


def test_the_commands_name_the_python_file_of_a_target_to_each_verb_that_runs_it(a_run, on_disk, tmp_path):
    folder = on_disk(a_run(targets=("knowledge",), conditions=("plain",), n_layers=3), tmp_path / "a-run")
    (folder / "settings.json").write_text(json.dumps({"targets": ["haiku"], "data": {"haiku": "my haiku.py"}}))
    cache, probe, *_ = commands(read_run(folder))
    assert cache == "tacit cache a-run --targets haiku --data 'my haiku.py'"
    assert probe == "tacit probe a-run --code 'my haiku.py'"
