"""A run on a read-only disk: the verbs that read work, and those that write say so before they start."""

from __future__ import annotations

import errno

import pytest

from tacit.files import PARTIAL
from tacit.writing import check_writable, writing
from tests.tacit.finished_run import WRITERS, again, contents, invoke, refuse_writes

WORK = (
    "tacit.activations.model.load.load_subject", "tacit.activations.planning.run_plan.load_tokenizer",
    "tacit.probes.probe_run", "tacit.probes.compare_runs", "tacit.activations.store.other_runs.clean",
)  # fmt: skip
"""Where each verb begins to work."""


@pytest.fixture(autouse=True)
def in_its_folder(finished, monkeypatch):
    """Work where the finished run is."""
    monkeypatch.chdir(finished)


@pytest.mark.parametrize("verb", ["show", "info", "verify"])
def test_a_run_can_be_read_where_nothing_can_be_written(finished, monkeypatch, verb):
    refuse_writes(monkeypatch, finished)
    result = invoke(verb, "r")
    assert result.exit_code == 0, result.output


@pytest.mark.parametrize("code", [errno.EROFS, errno.ENOSPC, errno.EACCES])
@pytest.mark.parametrize("verb", WRITERS)
def test_a_verb_that_cannot_write_says_so_before_it_works(finished, monkeypatch, verb, code):
    before = contents(finished)
    for name in WORK:
        monkeypatch.setattr(name, lambda *_, name=name, **__: pytest.fail(f"{name} was called"))
    refuse_writes(monkeypatch, finished / "runs", code)
    result = again(verb)
    assert result.exit_code == 2, result.output
    assert result.stderr.count("\n") == 1 and result.stderr.startswith("Error: cannot write in runs/r")
    monkeypatch.undo()
    assert contents(finished) == before


def test_results_that_are_up_to_date_can_be_used_where_nothing_can_be_written(finished, monkeypatch):
    refuse_writes(monkeypatch, finished)
    result = invoke("probe", "r", "--permutations", 0)
    assert result.exit_code == 0 and "reused" in result.output


def test_a_file_in_the_place_of_a_folder_is_named(tmp_path):
    (tmp_path / "probes").write_text("")
    with pytest.raises(ValueError, match=r"cannot write in .*probes .*directory"):
        check_writable(tmp_path / "probes")


def test_what_a_killed_process_left_is_removed_by_the_next_writer_if_it_is_alone(tmp_path):
    stale = tmp_path / f".scores.csv.abc{PARTIAL}"
    stale.touch()
    (tmp_path / "mine.tmp").touch()
    with writing(tmp_path):
        assert not stale.exists() and (tmp_path / "mine.tmp").exists()
        stale.touch()  # now this verb is writing it
        with writing(tmp_path):
            assert stale.exists()
    with writing(tmp_path):
        assert not stale.exists()
