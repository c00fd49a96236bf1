"""All pages of a run, written into its folder."""

import json
from pathlib import Path

import pandas as pd
from matplotlib.figure import Figure

from tacit.figures import draw_models, draw_run
from tacit.figures.pages import Page
from tacit.figures.publish import PAGES, _draw_all


def test_a_run_is_published_whole(drawn):
    names = {path.name for path in (drawn / "figures").iterdir()}
    assert {
        "know-and-say.pdf", "verdicts.tex", "layer-scores.md", "rungs-table.csv", "baselines.tex", "coverage.md",
        "numbers.tex", "methods.tex", "methods.md", "references.bib", "report.html", "reproducibility.json",
    } < names  # fmt: skip
    assert all(path.stat().st_size for path in (drawn / "figures").iterdir())
    assert not [name for name in names if name.startswith(".")]


def test_every_latex_file_says_which_run_it_came_from(drawn):
    for path in (drawn / "figures").glob("*.tex"):
        first = path.read_text(encoding="utf-8").split("\n")[0]
        assert first == "% tacit: run a-run, model made-up, made from 01234567", path.name


def test_a_page_whose_numbers_are_gone_is_removed_and_other_files_stay(a_run, on_disk, tmp_path):
    folder = on_disk(a_run(targets=("knowledge", "token_count"), conditions=("plain",), n_layers=3), tmp_path / "a-run")
    draw_run(folder)
    (folder / "figures/mine.txt").write_text("keep")
    on_disk(a_run(targets=("knowledge",), conditions=("plain",), n_layers=3), folder)
    draw_run(folder)
    names = {path.name for path in (folder / "figures").iterdir()}
    assert not [name for name in names if "token_count" in name]
    assert {"mine.txt", "layers-knowledge.pdf"} <= names
    assert not any(
        "token_count" in name for name in json.loads((folder / "figures/reproducibility.json").read_text())["sha256"]
    )


def test_verdicts_that_an_older_version_wrote_among_the_figures_are_removed(a_run, on_disk, tmp_path):
    folder = on_disk(a_run(targets=("knowledge",), conditions=("plain",), n_layers=3), tmp_path / "a-run")
    record = {"sha256": {"figures/verdicts.json": ""}, "sha256_measured": {"figures/reliability.csv": ""}}
    for name, text in (("reproducibility.json", json.dumps(record)), ("verdicts.json", "[]"), ("reliability.csv", "")):
        (folder / "figures" / name).write_text(text)
    draw_run(folder)
    assert not {"verdicts.json", "reliability.csv"} & {path.name for path in (folder / "figures").iterdir()}


def test_several_models_stand_on_one_figure_target_by_target(a_run, tmp_path):
    runs = {name: a_run(conditions=("plain",)).verdicts for name in ("first", "second")}
    paths = draw_models(runs, tmp_path)
    assert [path.name for path in paths] == ["know-and-say.pdf", "know-and-say.png", "know-and-say.csv"]
    table = pd.read_csv(paths[2])
    assert list(table["target"]) == ["token_count"] * 2 + ["knowledge"] * 2 + ["behavior"] * 2
    assert list(table["run"]) == ["first", "second"] * 3


def test_pages_are_drawn_where_the_call_is_made(tmp_path, monkeypatch):
    table = pd.DataFrame({"x": [1.0]})
    pages = [Page(f"p{i}", "", table, _empty_figure) for i in range(PAGES)]
    for name in ("a", "b"):  # the processes of the first call are used again by the second
        (tmp_path / name).mkdir()
        monkeypatch.chdir(tmp_path / name)
        drawn = [path for paths in _draw_all(pages, Path("runs/r/figures")) for path in paths]
        assert drawn and not any(path.is_absolute() for path in drawn) and all(path.is_file() for path in drawn)


def _empty_figure(_table):
    return Figure()
