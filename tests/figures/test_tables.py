"""The verdicts as LaTeX, Markdown and CSV."""

import re

import pandas as pd
import pytest

from figures import as_latex, as_markdown, save_verdicts, verdict_rows
from figures.tables import latex, markdown

NASTY = r"50% of $x_1$ & #2 {a} ~^ \input{/etc/passwd} <b> | `c` [d] *e* --"


def test_latex_escapes_every_special_character():
    text = latex(NASTY)
    commands = re.findall(r"\\[A-Za-z]+", text)
    assert "\\input" not in commands
    assert set(commands) == {
        r"\textasciitilde", r"\textasciicircum", r"\textbackslash", r"\textless", r"\textgreater", r"\textbar",
        r"\textasciigrave",
    }  # fmt: skip
    assert not re.search(r"(?<!\\)[%&#_$]", text)


@pytest.mark.parametrize("start", ["*", "[2in]"])
def test_a_cell_cannot_become_an_argument_of_the_line_break_before_it(a_run, start):
    run = a_run(targets=("knowledge",), conditions=("plain",))
    text = as_latex(verdict_rows([one | {"target": start} for one in run.verdicts]))
    assert not re.search(r"(\\\\|\\midrule|\\addlinespace)\s*[\[*]", text)


def test_every_latex_row_has_the_same_number_of_columns(a_run):
    text = as_latex(verdict_rows(a_run(conditions=("a & b", "c")).verdicts))
    rows = [line for line in text.split("\n") if line.endswith(r" \\")]
    columns = re.search(r"\\begin\{tabular\}\{(\w+)\}", text)[1]
    assert len(rows) == 7
    assert {len(re.findall(r"(?<!\\)&", row)) + 1 for row in rows} == {len(columns)}


def test_markdown_escapes_pipes_links_and_html():
    assert markdown("a|b [c](d) <script> *e*") == r"a\|b \[c\](d) &lt;script&gt; \*e\*"


def test_every_markdown_row_has_the_same_number_of_cells(a_run):
    lines = as_markdown(verdict_rows(a_run(conditions=("a | b", "c\nd")).verdicts)).strip().split("\n")
    assert len(lines) == 8
    assert {len(re.findall(r"(?<!\\)\|", line)) for line in lines} == {10}


def test_the_csv_has_the_numbers_in_full(a_run, tmp_path):
    verdicts = a_run(targets=("knowledge",), conditions=("plain",)).verdicts
    csv = save_verdicts(verdict_rows([verdicts[0] | {"gap": 0.123456789012345}]), tmp_path)[0]
    assert pd.read_csv(csv, float_precision="round_trip")["gap"][0] == 0.123456789012345


def test_a_missing_gap_is_a_dash_in_latex(a_run):
    verdict = a_run(targets=("knowledge",), conditions=("plain",)).verdicts[0] | {"gap": None}
    assert as_latex(verdict_rows([verdict])).split("\n")[5].split(" & ")[6] == "--"
