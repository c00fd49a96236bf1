"""The documentation's example runs, and what the documentation names is there."""

import re
import runpy
import sys
from importlib import import_module
from pathlib import Path

import matplotlib.pyplot as plt

DOCS = Path(__file__).parents[2] / "docs"


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
    for page in DOCS.glob("*.md"):
        for link in re.findall(r"\]\(([^)#:]+)\)", page.read_text(encoding="utf-8")):
            assert (DOCS / link).exists(), f"{page.name}: {link}"
