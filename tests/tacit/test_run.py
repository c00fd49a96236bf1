"""The Python API: a run is opened, read and made by functions that do what the verbs do."""

import subprocess
import sys

import pytest

import tacit
from tacit.errors import ActivationError, ProbeError

ROWS = "question,answer\n" + "".join(f"Where was Ada {i} born?,London\n" for i in range(12))


@pytest.fixture
def cached(tmp_path, monkeypatch, tiny):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "t.csv").write_text(ROWS)
    lines = []
    run = tacit.cache(
        "r",
        model=tiny("llama"),
        data=(str(tmp_path / "t.csv"),),
        twins=0,
        samples=0,
        keep_one_class=True,
        say=lines.append,
    )
    return run, lines


def test_a_run_is_cached_and_opened_by_path_or_name(cached):
    run, lines = cached
    assert any("too few for a verdict" in line for line in lines)
    for same in (tacit.open_run("r"), tacit.open_run("runs/r"), run):
        assert same.settings.targets == ("knowledge",)
        assert len(same.items) == 12
        assert same.store.load("knowledge", "plain", site="object", layer=1).shape == (12, 32)


def test_what_is_not_there_yet_says_which_verb_makes_it(cached):
    run, _ = cached
    with pytest.raises(ProbeError, match="Run: tacit probe r"):
        _ = run.scores
    with pytest.raises(ProbeError, match="Run: tacit compare r"):
        _ = run.verdicts
    with pytest.raises(ActivationError, match=r"there is no run 'x' .*existing runs: r"):
        tacit.open_run("x")


def test_the_verbs_return_the_run_and_its_tables_can_be_read(cached):
    run, _ = cached
    tacit.probe(run, permutations=0)
    (compared,) = tacit.compare(run)
    assert list(compared.verdicts["target"]) == ["knowledge"]
    assert {"text", "outcome"} <= set(compared.replies.columns)
    assert "value" in compared.scores


def test_a_run_given_twice_is_refused(cached):
    with pytest.raises(tacit.TacitError, match="given twice"):
        tacit.compare("r", "r")


def test_importing_tacit_is_quick_and_brings_in_neither_torch_nor_pandas():
    code = "import sys, tacit; sys.exit('torch' in sys.modules or 'pandas' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
    assert set(tacit.__all__) <= set(dir(tacit))
