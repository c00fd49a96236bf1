"""Papers that take a run's pages as documented, compiled with the LaTeX that is installed."""

import re
import shutil
import subprocess

import pytest

from tacit.figures import as_latex
from tacit.figures.inputs.verdict_rows import verdict_rows
from tacit.figures.tables.latex import pages
from tacit.figures.tables.run_tables import verdict_table

PAPER = r"""\documentclass[twocolumn,letterpaper]{article}
\usepackage[margin=0.75in]{geometry}
\usepackage{graphicx,booktabs}
\input{numbers}
\begin{document}
\title{What it knows}\author{}\date{}\maketitle
Locked, the gap was \tacitKnowledgeLockedGap\ \tacitKnowledgeLockedGapCI\ on \tacitKnowledgeLockedN\ items.
\begin{figure*}[t]\includegraphics[width=\linewidth]{know-and-say}\caption{Dumbbell.}\end{figure*}
\begin{figure*}[t]\includegraphics[width=\linewidth]{layers-knowledge}\caption{Layers.}\end{figure*}
\section{Methods}{\small\input{methods}}
\begin{table*}\centering\caption{Verdicts.}\input{verdicts}\end{table*}
\begin{table*}\centering\caption{Rungs.}\input{rungs-table}\end{table*}
\bibliographystyle{plain}\bibliography{references}
\end{document}
"""
ALL_TABLES = r"""\documentclass[%s]{article}
\usepackage{graphicx,booktabs}
\begin{document}
Text.
%s
\end{document}
"""
PLACES = [("onecolumn", "table"), ("twocolumn", "table*"), ("twocolumn", "table")]
CAPTION = "What stands in it, in a sentence that is long enough to be broken into a second line of its caption."


def _compile(folder, name, text, *commands):
    (folder / f"{name}.tex").write_text(text, encoding="utf-8")
    for command in commands:
        options = ["-interaction=nonstopmode", "-halt-on-error"] if command == "pdflatex" else []
        done = subprocess.run([command, *options, name], cwd=folder, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout[-2000:]
    return (folder / f"{name}.log").read_text(encoding="utf-8", errors="replace")


@pytest.fixture(scope="module")
def folder(drawn, tmp_path_factory):
    """A folder with what a paper takes."""
    if not (shutil.which("pdflatex") and shutil.which("bibtex")):
        pytest.skip("no LaTeX here (Debian: texlive-latex-recommended, texlive-fonts-recommended)")
    folder = tmp_path_factory.mktemp("paper")
    for path in (drawn / "figures").iterdir():
        if path.suffix in (".tex", ".pdf", ".bib"):
            shutil.copy(path, folder)
    return folder


@pytest.fixture(scope="module")
def log(folder):
    """What LaTeX said of the three-page paper."""
    return _compile(folder, "paper", PAPER, "pdflatex", "bibtex", "pdflatex", "pdflatex")


def test_the_paper_compiles_to_three_pages_without_undefined_references(log):
    assert "Output written on paper.pdf (3 pages" in log
    assert not any(warning in log for warning in ("undefined", "Missing character", "multiply defined"))


def test_every_work_that_the_methods_cite_is_in_the_bibliography(folder, log):
    blg = (folder / "paper.blg").read_text(encoding="utf-8")
    assert "I didn't find a database entry" not in blg and "Warning" not in blg


@pytest.fixture
def tables(folder):
    """The tables of the run, as a paper names them."""
    known = ("verdicts", "layer-scores", "rungs-table", "baselines", "coverage")
    found = sorted(path.stem for path in folder.glob("*.tex") if path.stem.startswith(known))
    assert {name.partition("-page")[0] for name in found} == set(known)
    return found


@pytest.mark.parametrize(
    ("columns", "float_"), [("onecolumn", "table"), ("twocolumn", "table*"), ("twocolumn", "table")]
)
def test_every_table_fits_the_text_of_one_and_of_two_columns(folder, tables, columns, float_):
    each = [
        rf"\begin{{{float_}}}[p]\centering\caption{{{CAPTION}}}\input{{{name}}}\end{{{float_}}}\clearpage"
        for name in tables
    ]
    said = _compile(folder, f"all-{columns}-{len(float_)}", ALL_TABLES % (columns, "\n".join(each)), "pdflatex")
    too_wide = [float(points) for points in re.findall(r"Overfull \\[hv]box \(([\d.]+)pt", said)]
    assert not [points for points in too_wide if points > 2]
    assert "Float too large" not in said


@pytest.mark.parametrize("conditions", [17, 49])
def test_the_fullest_page_of_a_long_table_fits_the_page(folder, a_run, conditions):
    run = a_run(conditions=tuple(f"c{i}" for i in range(conditions)), n_layers=3)
    parts = list(pages(verdict_table(verdict_rows(run.verdicts))))
    assert len(parts) == {17: 2, 49: 3}[conditions]
    each = [rf"\begin{{table}}[p]\caption{{{CAPTION}}}{as_latex(part)}\end{{table}}\clearpage" for part in parts]
    assert "Float too large" not in _compile(folder, "long", ALL_TABLES % ("", "\n".join(each)), "pdflatex")


def test_a_table_is_not_narrowed_until_it_cannot_be_read(folder, tables):
    measure = r"\begingroup\renewcommand\resizebox[3]{\sbox0{#3}\typeout{wide \the\wd0 of %s}}\input{%s}\endgroup"
    measured = [measure % (name, name) for name in tables]
    said = _compile(folder, "measured", ALL_TABLES % ("onecolumn", "\n".join(measured)), "pdflatex")
    wide = {name: float(points) for points, name in re.findall(r"wide ([\d.]+)pt ?of ([\w-]+)", said)}
    assert set(wide) == set(tables)
    assert max(wide.values()) < 345 * 8 / 7, wide
