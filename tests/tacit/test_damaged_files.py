"""Every verb on a finished run in which one file is damaged: one line, or it goes on, and all else stays as it was."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from tacit.activations import open_store
from tacit.errors import TacitError
from tacit.figures.inputs.run_files import read_verdicts
from tacit.probes.ablate import read_usage
from tacit.probes.data.results import read_results
from tacit.probes.tune import read_tuned
from tacit.settings import read_settings_file
from tests.tacit.finished_run import MADE, N_WHOLE, again, damages, invoke

UNSEALED = ("settings.json", "activations/manifest.json")
"""They have no checksum of their own, so each value in them is given a wrong type; in others any change is the same."""
READS = {
    "show": ("settings.json", "verdicts", "figures"), "info": UNSEALED, "clean": UNSEALED,
    "verify": ("settings.json", "activations"), "cache": ("settings.json", "activations"),
    "probe": ("settings.json", "activations"), "tune": (*UNSEALED, "probes"), "ablate": (*UNSEALED, "probes"),
    "compare": ("settings.json", "probes"), "compare, drawing": (*UNSEALED, "activations/items", "verdicts"),
}  # fmt: skip
"""Verb -> how the names of files that it reads begin; of all others one in seven is damaged, and is not noticed."""
SHARDS = (".safetensors", ".replies.parquet")
"""Of these there are enough for slow verbs to meet a kind of damage in each."""
STEP = {"cache": 16, "probe": 12, "tune": 12, "ablate": 12, "compare": 12, "compare, drawing": 24}
"""Verbs that take a tenth of a second or more meet one in so many wrong values of each of the `N_TYPES` types. The
readers that they call meet all of them."""
N_TYPES = 6
READERS = {
    "settings.json": lambda run: read_settings_file(run / "settings.json"),
    "activations/twins": lambda run: [store.layers for store in open_store(run / "activations").twins],
    "activations/": lambda run: (open_store(run / "activations").items, open_store(run / "activations").replies),
    "probes/": lambda run: (read_results(run), read_tuned(run), read_usage(run)),
    "verdicts/": read_verdicts,
}
"""How the names of files begin -> how all verbs read those that are JSON or tables."""


class Began(Exception):
    """All files were accepted, and the verb began to work."""


def _begins(*_, **__):
    raise Began


def _reads_states(store, _run, target, condition, *_):
    """What the analysis of a target and condition reads, without the analysis."""
    assert len(store.items) and len(store.replies)
    for each in (store, *store.twins):
        each.lens_and_embeddings(target.name, condition)
        for site in each.sites(target.name, condition):
            for layer in each.layers:
                each.load(target.name, condition, site, layer)
    raise Began


WORK = {
    "tacit.activations.planning.run_plan.load_subject": _begins,
    "tacit.activations.random_models.random_subject": _begins,
    "tacit.activations.model.load.load_subject": _begins,
    "tacit.probes.probe._part": _reads_states,
    "tacit.probes.compare._compare": _begins,
    "tacit.activations.store.other_runs.clean": _begins,
}
"""Where each verb begins to work, after it has read its files."""


def _draws(folder: Path) -> dict:
    """The same of the second half of `compare`, which draws the verdicts that it has found."""
    verdicts = json.loads((folder / "verdicts/verdicts.json").read_text())["verdicts"]

    def compared(folders, **_):
        for each in folders:
            read_results(each)
        return [verdicts]

    return {"tacit.probes.compare_runs": compared, "tacit.figures.publish._draw_all": _begins}


def _content(name: str, data: bytes) -> object:
    """A manifest that is written again may have its fields in another order."""
    return json.loads(data) if name == "manifest.json" and data else data


class Files:
    """All files of a run, and which of them have changed."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.sound = {path: path.read_bytes() for path in self._there()}
        self.marks = self._marks()

    def _there(self) -> list[Path]:
        return [p for p in self.folder.rglob("*") if p.is_file() and not p.name.startswith(".")]

    def _marks(self) -> dict[Path, tuple[int, int, int]]:
        return {p: (s.st_ino, s.st_size, s.st_mtime_ns) for p in self._there() for s in [p.stat()]}

    def changed(self, damaged: Path) -> set[str]:
        """Names of all files, but for the damaged one, that are not as they were: changed, missing or new."""
        now = self._marks()
        differ = {p for p in now.keys() | self.marks.keys() if now.get(p) != self.marks.get(p)} - {damaged}
        return {
            p.relative_to(self.folder).as_posix()
            for p in differ
            if not p.is_file() or _content(p.name, p.read_bytes()) != _content(p.name, self.sound.get(p, b""))
        }

    def restore(self, damaged: Path) -> None:
        """Put the damaged file back."""
        if damaged.is_dir():
            shutil.rmtree(damaged)
        damaged.write_bytes(self.sound[damaged])
        self.marks = self._marks()


def _damages(verb: str, number: int, name: str, path: Path):
    """Those of a file that a verb meets: of the file as a whole all or, where it takes long, some; then wrong types."""
    every, slow = list(damages(path)), STEP.get(verb, 0)
    whole, types = every[:N_WHOLE], every[N_WHOLE:]
    some = [whole[number % len(whole)]]
    if not name.startswith(READS[verb]):
        return some if number % 7 == 0 else []
    if name.startswith("figures") or (slow and name.endswith(SHARDS)):
        return some
    if name in UNSEALED:
        return [*whole, *(each for kind in range(N_TYPES) for each in types[kind::N_TYPES][number % 2 :: slow or 1])]
    return [*whole[number % 2 :: 2], *types[:: len(types) // 2 + 1]] if slow else [*whole, *types[::9]]


@pytest.mark.parametrize("verb", READS)
def test_a_damaged_file_is_one_line_and_nothing_else_is_changed(finished, tmp_path, monkeypatch, verb):
    folder = shutil.copytree(finished, tmp_path / "w")
    monkeypatch.chdir(folder)
    for name, stand_in in (WORK | (_draws(folder / "runs/r") if "drawing" in verb else {})).items():
        monkeypatch.setattr(name, stand_in)
    files = Files(folder / "runs/r")
    seen, kinds, met = set(), set(), set()
    for number, path in enumerate(sorted(files.sound)):
        name = path.relative_to(files.folder).as_posix()
        if name.startswith(READS[verb]):
            kinds |= {_kind(name, damage) for damage, _ in damages(path)}
        for damage, do in _damages(verb, number, name, path):
            do()
            result = invoke(*MADE[0]) if verb == "cache" else again(verb.partition(",")[0])
            where = (name, damage, result.output[-300:])
            assert isinstance(result.exception, SystemExit | Began | None), (*where, repr(result.exception))
            began = isinstance(result.exception, Began)
            assert result.exit_code in ((1,) if began else (0, 2, *[1] * (verb == "verify"))), where
            assert result.exit_code != 2 or (result.stderr.count("\n") == 1 and "Error: " in result.stderr), where
            assert files.changed(path) == set(), where
            files.restore(path)
            seen.add(result.exit_code)
            met.add(_kind(name, damage))
    assert 2 in seen and kinds <= met


def _kind(name: str, damage: str) -> tuple[bool, str]:
    """Whether it is done to JSON, and what is done, wherever in the file."""
    return name.endswith(".json"), damage.rpartition(" = ")[2]


@pytest.mark.parametrize("begins", READERS)
def test_every_damage_is_one_line_to_the_reader_of_the_file(finished, tmp_path, begins):
    run = shutil.copytree(finished / "runs/r", tmp_path / "r")
    refused = 0
    for path in sorted(run.rglob("*.*")):
        name = path.relative_to(run).as_posix()
        reader = next(prefix for prefix in (*READERS, name) if name.startswith(prefix))
        if reader != begins or path.suffix not in (".json", ".csv", ".parquet") or name.endswith(SHARDS):
            continue
        sound = path.read_bytes()
        for damage, do in damages(path):
            do()
            try:
                READERS[begins](run)
            except TacitError as error:
                assert "\n" not in str(error), (name, damage)
                refused += 1
            if path.is_dir():
                path.rmdir()
            path.write_bytes(sound)
    assert refused > 9
