"""The documentation's example runs, and what the documentation names is there."""

import json
import re
import runpy
import sys
from importlib import import_module
from pathlib import Path

import matplotlib.pyplot as plt
import pytest

DOCS = Path(__file__).parents[2] / "docs"
DECISIONS = sorted((DOCS / "decisions").glob("0*.md"))


def test_the_notebook_runs_on_a_run(a_run, on_disk, tmp_path, monkeypatch, capsys):
    run = a_run(targets=("knowledge",), conditions=("plain",), n_layers=4)
    folder = on_disk(run, tmp_path / "a-run")
    monkeypatch.setattr(sys, "argv", ["example.py", str(folder)])
    runpy.run_path(str(DOCS / "example.py"))
    plt.close("all")
    assert (folder / "figures/example.pdf").stat().st_size > 1000
    known = run.items["probe_right"] & ~run.items["report_right"]
    assert f"{known.sum()} of 400 items are known and not said" in capsys.readouterr().out


def test_every_figure_and_file_that_a_run_draws_is_in_the_table_of_outputs(drawn):
    text = (DOCS / "outputs.md").read_text(encoding="utf-8")
    stems = {re.sub(r"-(token_count|knowledge|\d+)$", "", path.stem) for path in (drawn / "figures").iterdir()}
    assert not [stem for stem in stems if stem not in text]


def test_the_figures_that_the_documentation_offers_can_be_drawn():
    text = (DOCS / "outputs.md").read_text(encoding="utf-8")
    offered = re.search(r"(?s)\n(`agreement`.*?) each have `draw", text)[1]
    assert all(callable(import_module(f"tacit.figures.plots.{name}").draw) for name in re.findall(r"`(\w+)`", offered))


def test_links_between_the_documents_lead_somewhere():
    for page in DOCS.rglob("*.md"):
        for link in re.findall(r"\]\(([^)#:]+)[^):]*\)", page.read_text(encoding="utf-8")):
            assert (page.parent / link).exists(), f"{page.name}: {link}"


@pytest.mark.parametrize("page", ["architecture.md", *(f"decisions/{path.name}" for path in DECISIONS)])
def test_files_and_functions_that_the_documentation_names_exist(page):
    text = re.sub(r"\s+", " ", (DOCS / page).read_text(encoding="utf-8"))
    for path in re.findall(r"`((?:\w+/)+\w+\.py)`", text):
        assert (DOCS.parent / path).is_file(), path
    for names, path in re.findall(r"`([\w.]+)` in `((?:\w+/)+\w+\.py)`", text):
        source = (DOCS.parent / path).read_text(encoding="utf-8")
        assert all(re.search(rf"\b{name}\b", source) for name in names.split(".")), f"{names} in {path}"


@pytest.mark.parametrize("name", ["default-run", "own-table", "into-a-paper"])
def test_a_notebook_is_committed_as_it_ran_from_top_to_bottom(name):
    cells = json.loads((DOCS / "notebooks" / f"{name}.ipynb").read_text(encoding="utf-8"))["cells"]
    code = [cell for cell in cells if cell["cell_type"] == "code"]
    assert [cell["execution_count"] for cell in code] == list(range(1, len(code) + 1))
    assert not [out for cell in code for out in cell["outputs"] if out["output_type"] == "error"]
