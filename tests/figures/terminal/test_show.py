"""What the terminal shows of a finished verb."""

import json
import math

import pytest

from tacit.figures import FigureError, as_json, cached_summary, files, probed_summary, shown
from tacit.files import sealed


@pytest.fixture
def folder(a_run, on_disk, tmp_path):
    return on_disk(a_run(targets=("knowledge",), conditions=("plain",), n_layers=3), tmp_path / "a-run")


def test_a_run_is_shown_with_its_verdicts_its_files_and_what_to_type(drawn):
    text = shown(drawn)
    assert "knowledge" in text and "GAP" in text
    assert f"{drawn / 'figures'}/: report.html, numbers.tex, methods.tex, " in text
    assert f"Verdicts: {drawn / 'verdicts/verdicts.json'}." in text
    assert text.endswith("Reasons: tacit show a-run --why")


def test_a_program_gets_the_verdicts_and_the_files(drawn):
    found = json.loads(as_json(drawn), parse_constant=lambda name: pytest.fail(name))
    assert found["run"] == "a-run" and len(found["verdicts"]) == 4
    assert "figures/report.html" in found["files"] and "probes/scores.csv" in found["files"]


def test_a_run_of_which_nothing_could_be_probed_has_no_empty_table_and_counts_its_pages(folder):
    path = folder / "probes/scores.csv"
    path.write_text(path.read_text().splitlines()[0] + "\n")
    assert probed_summary(folder).startswith("Nothing could be probed; the lines above say why.")
    for name in ("verdicts.md", "methods.md", "one.pdf"):
        (folder / "figures" / name).touch()
    assert "1 figure, 1 table." in files(folder)


def test_probing_ends_in_the_nested_scores_and_the_next_command(folder):
    lines = probed_summary(folder).split("\n")
    assert lines[2].split() == ["knowledge", "plain", "AUROC", "0.90", "[0.86,", "0.94]", "0.52", "–"]
    assert lines[-1] == f"{folder / 'probes'}/. Next: tacit compare a-run"


def test_caching_ends_in_what_was_cached(folder):
    path = folder / "activations/manifest.json"
    entry = {"target": "knowledge", "condition": "a\x1b[2Jb", "n_items": 12, "sites": ["object", "report"]}
    path.write_text(json.dumps({"entries": [entry]}))
    lines = cached_summary(folder).split("\n")
    assert lines[2].split() == ["knowledge", "ab", "12", "object,", "report"]
    assert lines[-1].endswith("Next: tacit probe a-run")


@pytest.mark.parametrize(
    ("show", "file", "command"),
    [(shown, "verdicts/verdicts.json", "compare"), (as_json, "verdicts/verdicts.json", "compare"),
     (probed_summary, "probes/scores.csv", "probe"), (cached_summary, "activations/manifest.json", "cache")],
)  # fmt: skip
def test_a_verb_that_was_not_run_is_named(folder, show, file, command):
    (folder / file).unlink()
    with pytest.raises(FigureError, match=f"Run: tacit {command} a-run"):
        show(folder)


def test_undefined_numbers_are_strict_json(folder):
    path = folder / "verdicts/verdicts.json"
    verdict = {"target": "t", "condition": "c", "gap": math.nan}
    path.write_text(json.dumps(sealed({"schema": "tacit-verdicts/1", "verdicts": [verdict]})))
    with pytest.raises(FigureError, match="not strict JSON"):
        as_json(folder)
