"""The tables of a run as LaTeX, Markdown and CSV."""

import re

import pandas as pd
import pytest

from tacit.figures import as_latex, as_markdown, read_run, save_table
from tacit.figures.drawing.latex_escape import latex
from tacit.figures.inputs.verdict_rows import verdict_rows
from tacit.figures.tables.baselines import baseline_table
from tacit.figures.tables.latex import MOST_LINES, pages
from tacit.figures.tables.run_tables import layer_table, run_tables, verdict_table
from tacit.figures.tables.table import markdown

NASTY = r"50% of $x_1$ & #2 {a} ~^ \input{/etc/passwd} <b> | `c` [d] *e* --"


def _verdicts(run):
    return verdict_table(verdict_rows(run.verdicts))


def test_latex_escapes_every_special_character():
    text = latex(NASTY)
    commands = re.findall(r"\\[A-Za-z]+", text)
    assert "\\input" not in commands
    assert set(commands) == {
        r"\textasciitilde", r"\textasciicircum", r"\textbackslash", r"\textless", r"\textgreater", r"\textbar",
        r"\textasciigrave",
    }  # fmt: skip
    assert not re.search(r"(?<!\\)[%&#_$]", text)


def test_a_character_that_latex_cannot_print_becomes_its_code_point():
    assert latex("né 中") == "né U+4E2D"


@pytest.mark.parametrize("start", ["*", "[2in]"])
def test_a_cell_cannot_become_an_argument_of_the_line_break_before_it(a_run, start):
    run = a_run(targets=("knowledge",), conditions=("plain",))
    run.verdicts[0] |= {"target": start, "condition": start}
    assert not re.search(r"(\\\\|\\midrule|\\addlinespace)\s*[\[*]", as_latex(_verdicts(run)))


def test_every_latex_row_has_the_same_number_of_columns(a_run):
    text = as_latex(_verdicts(a_run(conditions=("a & b", "c"))))
    rows = [line for line in text.split("\n") if line.endswith(r" \\")]
    blocks = [row for row in rows if row.startswith(r"\multicolumn")]
    columns = re.search(r"\\begin\{tabular\}\{@\{\}(\w+)@\{\}\}", text)[1]
    assert (len(rows), len(blocks)) == (10, 3)
    assert {len(re.findall(r"(?<!\\)&", row)) + 1 for row in rows if row not in blocks} == {len(columns)}
    assert all(row.startswith(rf"\multicolumn{{{len(columns)}}}") for row in blocks)


def test_what_all_rows_of_a_block_share_stands_once_above_it(a_run):
    text = as_latex(_verdicts(a_run(targets=("knowledge",))))
    assert r"{\textit{knowledge} (AUROC, chance 0.50, $n$ = 400)} \\" in text
    assert "Condition & Know & Say & Gap & Verdict" in text and text.count("AUROC") == 1


def test_what_differs_inside_a_block_stays_a_column(a_run):
    run = a_run(targets=("knowledge",))
    run.verdicts[0]["n"] = 399
    text = as_latex(_verdicts(run))
    assert "Condition & Know & Say & Gap & $n$ & Verdict" in text
    assert " & 399 & " in text and " & 400 & " in text


def test_a_table_longer_than_a_page_comes_as_several_files_and_none_is_a_longtable(a_run, tmp_path):
    run = a_run(conditions=tuple(f"c{i}" for i in range(20)), n_layers=3)
    paths = save_table(_verdicts(run), tmp_path, origin="run x\nof model y")
    assert [path.name for path in paths[2:]] == ["verdicts.tex", "verdicts-page2.tex"]
    texts = [path.read_text() for path in paths[2:]]
    assert all(text.startswith("% run x of model y\n") and "longtable" not in text for text in texts)
    assert [re.findall(r"textit\{(\w+ ?\w*)\}", text) for text in texts] == [["token count", "knowledge"], ["behavior"]]


@pytest.mark.parametrize("conditions", [20, 130])
def test_no_row_is_lost_between_pages_and_none_is_longer_than_a_page(a_run, conditions):
    table = _verdicts(a_run(targets=("knowledge",), conditions=tuple(f"c{i}" for i in range(conditions)), n_layers=3))
    parts = list(pages(table))
    assert [row for part in parts for row in part.cells] == table.cells
    assert max(as_latex(part).count(r" \\") for part in parts) <= MOST_LINES + 1
    assert len(parts) == -(-conditions // (MOST_LINES - 2))


def test_markdown_escapes_pipes_links_and_html():
    assert markdown("a|b [c](d) <script> *e*") == r"a\|b \[c\](d) &lt;script&gt; \*e\*"


def test_every_markdown_row_has_the_same_number_of_cells(a_run):
    lines = as_markdown(_verdicts(a_run(conditions=("a | b", "c\nd")))).strip().split("\n")
    assert len(lines) == 8
    assert {len(re.findall(r"(?<!\\)\|", line)) for line in lines} == {10}


def test_the_csv_has_the_numbers_in_full(a_run, tmp_path):
    run = a_run(targets=("knowledge",), conditions=("plain",))
    run.verdicts[0]["gap"] = 0.123456789012345
    csv = save_table(_verdicts(run), tmp_path)[0]
    assert pd.read_csv(csv, float_precision="round_trip")["gap"][0] == 0.123456789012345


def test_a_missing_gap_is_a_dash_in_latex(a_run):
    run = a_run(targets=("knowledge",), conditions=("plain",))
    run.verdicts[0]["gap"] = None
    line = next(line for line in as_latex(_verdicts(run)).split("\n") if line.startswith("plain"))
    assert line.split(" & ")[3] == "--"


@pytest.fixture
def tables(a_run, on_disk, tmp_path):
    run = a_run(targets=("token_count", "knowledge"), conditions=("plain",), n_layers=4)
    return {table.name: table for table in run_tables(read_run(on_disk(run, tmp_path)))}


def test_a_run_has_its_five_tables_each_with_as_many_cells_as_heads(tables):
    assert list(tables) == ["verdicts", "layer-scores", "rungs-table", "baselines", "coverage"]
    for table in tables.values():
        assert {len(row) for row in table.cells} == {len(table.heads)}


def test_every_layer_is_a_row_with_a_column_for_each_site(tables):
    scores = tables["layer-scores"].data
    table = layer_table(scores[scores["target"] == "knowledge"])
    assert [row[2] for row in table.cells] == ["0", "1", "2", "3"]
    heads = ["Layer", "Know, object site", "Know, report site", "Metric", "Chance", "n"]
    assert table.titles == ["Target", "Condition", *heads]


def test_several_probes_at_each_layer_are_named(tables):
    table = tables["layer-scores"]
    assert table.titles[2:4] == ["Probe", "Layer"]
    assert {row[2] for row in table.cells if row[0] == "token count"} == {"ridge", "classifier"}


@pytest.mark.parametrize("name", ["verdicts", "layer-scores", "rungs-table", "baselines"])
def test_every_table_of_scores_says_metric_chance_and_n(tables, name):
    assert re.search(r"knowledge(, plain)?\} \(AUROC, chance 0\.50, \$n\$ = 400\)", as_latex(tables[name]))


def test_coverage_has_n_and_says_what_its_columns_are(tables):
    text = as_latex(tables["coverage"])
    assert "($n$ = 400)" in text and "most frequent answer" in text and "when the prompt states the answer" in text
    assert as_markdown(tables["coverage"]).rstrip().endswith(tables["coverage"].note)


def _baselines():
    same = {"target": "knowledge", "condition": "plain", "site": "", "layer": -1.0, "n": 600, "chance": 0.5}
    rows = [
        {"kind": "probe", "method": "nested", "metric": "auroc", "value": 0.9947, "lower": 0.986, "upper": 1.0},
        {"kind": "control", "method": "control task", "metric": "auroc", "value": 0.5, "lower": 0.4, "upper": 0.6},
        {"kind": "probe", "method": "naive maximum", "metric": "auroc", "value": 0.9947, "lower": None, "upper": None},
        {"kind": "control", "method": "positive control", "metric": "accuracy", "value": 0.9, "lower": 0.8, "upper": 1,
         "n": 100, "chance": None},
    ]  # fmt: skip
    return baseline_table(pd.DataFrame([same | row for row in rows]))


def test_a_score_without_an_interval_is_rounded_as_finely_as_those_around_it():
    scores = {row[3]: row[4] for row in _baselines().cells}
    assert scores["nested"] == "0.995 [0.986, 1.000]" and scores["naive maximum"] == "0.995"


def test_probes_stand_together_and_a_control_in_another_metric_names_it():
    cells = _baselines().cells
    assert [row[3] for row in cells] == [
        "nested", "naive maximum", "control task", "positive control (accuracy, n = 100)",
    ]  # fmt: skip
    assert r"\textit{knowledge, plain} (AUROC, chance 0.50, $n$ = 600)" in as_latex(_baselines())


def test_controls_stand_in_the_verdicts_metric_alone_where_they_have_it(a_run, on_disk, tmp_path):
    run = a_run(targets=("knowledge",), conditions=("plain",), n_layers=3)
    first = run.scores.iloc[0].to_dict() | {"kind": "control", "method": "control task"}
    more = [first | {"metric": metric} for metric in ("auroc", "accuracy", "balanced_accuracy")]
    more += [first | {"method": "positive control", "metric": "accuracy"}]
    run = type(run)(pd.concat([run.scores, pd.DataFrame(more)], ignore_index=True), run.items, run.verdicts)
    table = next(table for table in run_tables(read_run(on_disk(run, tmp_path))) if table.name == "baselines")
    assert [row[3] for row in table.cells if row[2] == "control"] == [
        "control task", "positive control (accuracy, n = 400)",
    ]  # fmt: skip


def test_a_report_and_its_fitted_twin_stand_in_one_row(tables):
    said = next(
        row for row in tables["rungs-table"].cells if row[0] == "knowledge" and row[2:4] == ["choice, you", "0"]
    )
    assert re.match(r"0\.44 \[.*\]", said[4]) and re.match(r"0\.46 \[.*\]", said[5])


def test_no_number_is_bold(tables):
    assert not any(r"\textbf" in as_latex(table) or "**" in as_markdown(table) for table in tables.values())
