"""A run on a read-only disk: the verbs that read work, and those that write say so before they start."""

from __future__ import annotations

import errno
import shutil

import pytest

from tacit.files import PARTIAL
from tacit.writing import check_writable, writing
from tests.tacit.finished_run import WRITERS, again, contents, damages, invoke, make_run, refuse_writes

WORK = (
    "tacit.activations.model.load.load_subject", "tacit.activations.cache.load_tokenizer", "tacit.probes.probe_run",
    "tacit.probes.compare_runs", "tacit.activations.store.other_runs.clean",
)  # fmt: skip
"""Where each verb begins to work."""


@pytest.fixture(scope="module")
def finished(tmp_path_factory, tiny):
    """The working folder of a finished run."""
    folder = tmp_path_factory.mktemp("finished")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        shutil.copytree(tiny("llama"), folder / "m")
        make_run(folder)
        yield folder


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


class Began(Exception):
    """The files were accepted, and the verb began to work."""


READ = ("settings.json", "verdicts/verdicts.json", "probes/probes.json", "probes/used.json", "probes/tuned.json",
        "probes/scores.csv", "probes/items.parquet", "activations/manifest.json", "activations/items.parquet",
        "activations/replies.parquet")  # fmt: skip
"""Files of a run that verbs read."""


@pytest.mark.parametrize("name", READ)
@pytest.mark.parametrize("verb", ["show", "info", "verify", "tune", "ablate"])
def test_a_damaged_file_is_one_line_and_nothing_else_is_changed(finished, tmp_path, monkeypatch, verb, name):
    def begins(*_, **__):
        raise Began

    folder = shutil.copytree(finished, tmp_path / "w")
    monkeypatch.chdir(folder)
    for work in WORK:
        monkeypatch.setattr(work, begins)
    path, data = folder / "runs/r" / name, (folder / "runs/r" / name).read_bytes()
    every = list(damages(path))
    # Reading takes tune and ablate a tenth of a second, and they read a manifest as the others do.
    for damage, do in every if verb in ("show", "info", "verify") else every[:5] + every[5::8]:
        do()
        before = contents(folder)
        result = again(verb)
        assert isinstance(result.exception, SystemExit | Began | None), (damage, result.exception)
        assert result.exit_code in (0, 1 if verb == "verify" or result.exception else 0, 2), damage
        assert result.exit_code != 2 or result.stderr.count("\n") == 1, (damage, result.stderr)
        assert contents(folder) == before, damage
        path.rmdir() if path.is_dir() else None
        path.write_bytes(data)
