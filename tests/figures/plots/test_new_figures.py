"""What each figure says: the numbers of its table, at their places, and what is undefined left out."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest

from tacit.figures.drawing import panels
from tacit.figures.inputs.count_rows import count_rows
from tacit.figures.inputs.elicitation_rows import form, rung_rows
from tacit.figures.inputs.verdict_rows import verdict_rows
from tacit.figures.plots import (
    agreement,
    count_errors,
    cross_model,
    decomposition,
    elicitations,
    learning_curve,
    positions,
    reliability,
    sparse_probing,
    transfer,
)
from tacit.figures.tables.run_tables import coverage_table, rung_table

PLACE = {"target": "knowledge", "condition": "plain", "metric": "auroc"}
LIMITS = {"lower": 0.4, "upper": 0.9}


@pytest.fixture(autouse=True)
def closed():
    """Figures that `draw` opened in pyplot are closed."""
    yield
    plt.close("all")


def _steps(*values):
    names = decomposition.STEPS
    steps = [{"step": name, "value": value} | LIMITS for name, value in zip(names, values, strict=True)]
    return decomposition.decomposition_rows([PLACE | {"chance": 0.5, "n": 40, "decomposition": steps}])


def _points(ax, label):
    return [float(line.get_xdata()[0]) for line in ax.lines if line.get_label() == label]


def test_each_step_of_a_decomposition_stands_at_its_score():
    ax = decomposition.draw(_steps(0.55, 0.6, 0.7, 0.9))
    assert [_points(ax, step) for step in decomposition.STEPS] == [[0.55], [0.6], [0.7], [0.9]]
    assert "0.90 (+0.20)" in [text.get_text() for text in ax.texts]


def test_an_undefined_step_is_said_and_the_next_goes_on_from_the_one_before():
    ax = decomposition.draw(_steps(0.55, None, 0.7, 0.9))
    texts = [text.get_text() for text in ax.texts]
    assert "undefined" in texts and "0.70 (+0.15)" in texts


def test_a_step_has_the_decimals_of_its_score():
    rows = _steps(0.55, 0.6, 0.7, 0.9974).assign(lower=lambda t: t["value"] - 0.002, upper=lambda t: t["value"] + 0.002)
    assert "0.997 (+0.297)" in [text.get_text() for text in decomposition.draw(rows).texts]


def test_steps_of_one_target_have_one_scale_and_say_what_the_bracket_is():
    low = _steps(-0.5, 0.6, 0.7, 0.9).assign(condition="other")
    fig = decomposition.page(pd.concat([_steps(0.55, 0.6, 0.7, 0.9), low], ignore_index=True))
    assert fig.axes[0].get_xlim() == fig.axes[1].get_xlim()
    assert any("in brackets: step from the row above or chance" in text.get_text() for text in fig.axes[0].texts)


def test_a_verdict_without_a_decomposition_has_no_rows():
    assert not len(decomposition.decomposition_rows([PLACE | {"chance": 0.5}]))


def _asked(**more):
    scores = [
        {"method": method, "kind": "report", "site": "", "layer": -1, "value": value, "n": 40, "n_groups": 40}
        | PLACE | LIMITS | {"note": ""}
        for method, value in (
            ("said", 0.5), ("choice/you/1", 0.6), ("choice/you/2", 0.7), ("choice/you/1 calibrated", 0.65),
            ("free/typical/after/0", 0.55), ("best report", 0.7),
        )
    ]  # fmt: skip
    told = [{"name": "choice/you/1", "coverage": {"answered": 30, "refused": 10, "unreadable": 0}, "control": 0.9}]
    entries = [{"target": "knowledge", "condition": "plain", "reports": told}]
    verdict = PLACE | {"coverage": {"answered": 1.0}, "chance": 0.5, "n": 40} | more
    return rung_rows(pd.DataFrame(scores), entries, verdict_rows([verdict]))


def test_paraphrases_are_rows_of_one_form_and_the_primary_report_is_among_them():
    rows = _asked()
    assert list(rows.loc[rows["form"] == "choice, you", "elicitation"]) == [
        "choice/you/0", "choice/you/1", "choice/you/2", "choice/you/1",
    ]  # fmt: skip
    assert "free text, typical, after" in set(rows["form"]) and rows["form"].iloc[-1] == "best of all"


def test_a_tuned_report_stands_after_the_best_that_it_is_none_of():
    rows = _asked(tuned=0.8, tuned_lower=0.7, tuned_upper=0.9)
    assert list(rows["form"])[-2:] == ["best of all", "tuned on labels"]
    last = rows.iloc[-1]
    assert (last["value"], last["n"], bool(last["fitted"])) == (0.8, 40, True)
    assert "0.80 [0.70, 0.90]" in [text.get_text() for text in elicitations.draw(rows).texts]


def test_counts_out_of_range_are_drawn_and_in_the_table_of_coverage_only_where_there_are_some():
    some = _asked(coverage={"answered": 0.75, "refused": 0.0, "unreadable": 0.0, "out of range": 0.25})
    for rows, shown in ((_asked(), False), (some, True)):
        labels = [text.get_text() for text in elicitations.draw(rows).get_legend().get_texts()]
        assert ("out of range" in rows) == ("out of range" in labels) == shown
        assert ("Out of range" in coverage_table(rows).titles) == shown
    assert some.set_index(["elicitation", "fitted"]).loc[("choice/you/0", False), "out of range"] == 0.25


def test_coverage_comes_as_shares_whether_it_was_counted_or_not():
    rows = _asked().set_index(["elicitation", "fitted"])
    assert rows.loc[("choice/you/1", False), "refused"] == 0.25
    assert rows.loc[("choice/you/0", False), "answered"] == 1.0


def test_paraphrases_are_summed_up_by_mean_lowest_and_highest():
    ax = elicitations.draw(_asked())
    assert "0.60 (0.50 to 0.70)" in [text.get_text() for text in ax.texts]
    assert _points(ax, "choice/you/2") == [0.7]


def test_paraphrases_that_agree_after_rounding_have_no_bracket():
    rows = _asked()
    rows.loc[rows["form"] == "choice, you", "value"] = [-0.221, -0.222, -0.223, -0.22]
    assert "−0.22" in [text.get_text() for text in elicitations.draw(rows).texts]


def test_the_mean_of_paraphrases_has_the_decimals_that_each_has_in_the_table():
    rows = _asked()
    mine = rows["form"] == "choice, you"
    rows.loc[mine, ["value", "lower", "upper"]] = [(v, v - 0.009, v + 0.009) for v in (0.9851, 0.985, 0.9868, 0.985)]
    assert "0.986 (0.985 to 0.987)" in [text.get_text() for text in elicitations.draw(rows).texts]
    assert rung_table(rows).cells[0][4] == "0.985 [0.976, 0.994]"


def test_each_paraphrase_has_a_mark_that_nothing_hides_and_the_heading_says_so():
    ax = elicitations.draw(_asked())
    heights = [line.get_ydata()[0] for line in ax.lines if line.get_label() in ("choice/you/0", "choice/you/1")]
    assert len(set(heights)) == len(heights) == 3
    assert "AUROC, n = 40; a mark for each wording" in [text.get_text() for text in ax.texts]


def test_ways_of_asking_have_chance_and_what_their_numbers_are():
    ax = elicitations.draw(_asked())
    assert _points(ax, "chance") == [0.5]
    assert "chance 0.50" in [text.get_text() for text in ax.get_legend().get_texts()]
    assert {"score [95 % interval]", "mean (lowest to highest)"} <= {text.get_text() for text in ax.texts}


def test_conditions_of_one_target_have_one_scale():
    rows = _asked()
    low = rows.assign(condition="other", value=rows["value"] - 0.6, lower=rows["lower"] - 0.6)
    fig = elicitations.page(pd.concat([rows, low], ignore_index=True))
    assert fig.axes[0].get_xlim() == fig.axes[1].get_xlim()


@pytest.mark.parametrize(
    ("name", "printed"),
    [
        ("shots4/you/0 logits", "4 examples, you, log-probabilities"),
        ("shots16/typical/after/2 logits", "16 examples, typical, after, log-probabilities"),
        ("logits", "log-probabilities"),
        ("choice/you/after/0", "choice, you, after"),
    ],
)
def test_a_form_is_named_in_words(name, printed):
    assert form(name) == printed


def test_reliability_puts_the_share_observed_above_the_confidence():
    bins = [
        PLACE | LIMITS | {"kind": "probe", "bin": i, "confidence": c, "outcome": c / 2, "n": 9}
        for i, c in enumerate((0.2, np.nan, 0.6))
    ]
    ax = reliability.draw(reliability.reliability_rows(pd.DataFrame(bins), []))
    line = next(line for line in ax.lines if line.get_label() == "probe")
    np.testing.assert_array_equal(line.get_xydata(), [[0.2, 0.1], [np.nan, np.nan], [0.6, 0.3]])
    assert "bars: 95 % intervals; dashed: calibrated" in [text.get_text() for text in ax.texts]


def test_the_report_drawn_is_the_one_whose_errors_the_verdict_has():
    bins = [
        PLACE | LIMITS | {"kind": kind, "method": method, "confidence": 0.5, "outcome": 0.4, "n": 9}
        for kind, method in (("probe", "probe"), ("report", "said"), ("report", "logits"))
    ]
    errors = {"probe": {"method": "nested", "brier": 0.1, "ece": 0.02}, "report": {"method": "logits", "brier": 0.25}}
    ax = reliability.draw(reliability.reliability_rows(pd.DataFrame(bins), [PLACE | {"calibration": errors}]))
    drawn = [line.get_label() for line in ax.lines if line.get_label() in ("probe", "said", "logits")]
    assert drawn == ["probe", "logits"]
    texts = [text.get_text() for text in ax.texts]
    assert texts[:6] == ["know (probe)", "n = 9", "Brier 0.100", "ECE 0.020", "say (logits)", "n = 9"]
    assert "Brier 0.250" in texts
    assert [line.get_marker() for line in ax.lines if line.get_label() == "_key"] == ["x", "x"]  # of one bin each


def _grid(ax):
    return ax.collections[0].get_array()


def test_a_transfer_matrix_has_training_in_rows_and_testing_in_columns():
    pairs = [("a", "a", 0.9), ("a", "b", 0.6), ("b", "b", 0.8)]
    rows = [PLACE | {"by": "source", "train": x, "test": y, "value": v, "n_train": 9, "n_test": 9} for x, y, v in pairs]
    ax = transfer.draw(pd.DataFrame([row | LIMITS for row in rows]))
    np.testing.assert_array_equal(_grid(ax).filled(np.nan), [[0.9, 0.6], [np.nan, 0.8]])
    assert [label.get_text() for label in ax.get_yticklabels()] == ["a", "b"]


def _transfer(by, condition, names="ab"):
    pairs = [(x, y) for x in names for y in names]
    rows = [
        PLACE | LIMITS | {"by": by, "train": x, "test": y, "value": 0.8, "n_train": 9, "n_test": 9} for x, y in pairs
    ]
    return pd.DataFrame(rows).assign(condition=condition)


@pytest.mark.parametrize(
    ("by", "condition", "said"),
    [
        ("site", "plain", "probe at layer 4"),
        ("source", "plain", "probe at layer 4, object site"),
        ("condition", "", "probe at layer 3, report site"),
    ],
)
def test_a_transfer_matrix_names_the_layer_that_its_probe_reads(by, condition, said):
    entries = [
        {"target": "knowledge", "condition": "first", "fixed_layer": 3, "fixed_site": "report"},
        {"target": "knowledge", "condition": "plain", "fixed_layer": 4, "fixed_site": "object"},
    ]
    texts = [text.get_text() for text in transfer.draw(transfer.transfer_rows(_transfer(by, condition), entries)).texts]
    assert said in texts and "trained on 9 items, tested on 9, by fold" in texts


def test_a_run_that_does_not_say_which_layer_is_drawn_without():
    texts = [text.get_text() for text in transfer.draw(transfer.transfer_rows(_transfer("site", "plain"), [])).texts]
    assert not any("layer" in text for text in texts)


@pytest.mark.parametrize(("names", "pages"), [("ab", 1), (("a name that is long", "another long name"), 2)])
def test_small_matrices_leave_no_page_half_empty(names, pages):
    table = pd.concat([_transfer("site", f"c{i}", names) for i in range(12)], ignore_index=True)
    assert len(list(panels.pages(table, transfer.BY, transfer.frame(table)))) == pages


def _shades(ax):
    return [tuple(color) for color in ax.collections[0].to_rgba(ax.collections[0].get_array()).reshape(-1, 4)]


@pytest.mark.parametrize("metric", ["spearman", "something_new"])
def test_equal_scores_have_equal_shades_whatever_the_lowest_is(metric):
    values = [[0.99, 0.992], [0.994, 0.999]]
    rows = [
        PLACE | LIMITS | {"by": "site", "train": x, "test": y, "metric": metric, "value": values[i][k]}
        for i, x in enumerate("ab") for k, y in enumerate("ab")
    ]  # fmt: skip
    shades = _shades(transfer.draw(pd.DataFrame(rows).assign(n_train=9, n_test=9)))
    assert np.ptp(shades, axis=0).max() < 0.02


def test_a_score_beneath_the_shades_and_an_undefined_one_are_marked():
    rows = [PLACE | LIMITS | {"by": "site", "train": "a", "test": y, "value": v} for y, v in (("a", 0.2), ("b", None))]
    ax = transfer.draw(pd.DataFrame(rows).assign(n_train=9, n_test=9))
    assert [patch.get_label() for patch in ax.patches] == ["undefined"]
    assert any("hatched: undefined" in text.get_text() for text in ax.texts)
    assert len(ax.child_axes[0].patches) == 1  # the end of the scale that says "and less"


def test_a_models_own_labels_are_framed_in_the_predictor_matrix():
    pairs = [("m", "m", 0.9), ("m", "o", 0.6), ("o", "m", 0.7), ("o", "o", 0.8)]
    rows = [
        PLACE | LIMITS | {"predictor": x, "target_run": y, "kind": "probe", "value": v, "n": 9} for x, y, v in pairs
    ]
    ax = cross_model.draw(pd.DataFrame(rows))
    assert [line.get_label() for line in ax.lines].count("self") == 2
    np.testing.assert_array_equal(_grid(ax), [[0.9, 0.6], [0.7, 0.8]])


def test_subsets_of_items_are_matrices_of_their_own():
    rows = [PLACE | LIMITS | {"predictor": "m", "target_run": "m", "kind": "probe", "value": 0.9, "n": 9}]
    rows += [rows[0] | {"subset": "truths differ"}]
    table = cross_model.predictor_rows(pd.DataFrame(rows))
    assert list(table["subset"]) == ["all", "truths differ"]
    figure = cross_model.page(table)
    texts = [text.get_text() for ax in figure.axes for text in ax.texts]
    assert texts.count("probe on its states") == 2
    assert {"n = 9", "where truths differ; n = 9"} <= set(texts)


def test_a_position_map_has_the_last_layer_above_and_the_last_position_at_the_right():
    rows = [
        PLACE | {"prompt": "object", "position": p, "layer": k, "value": k + p / 10} for k in (0, 1) for p in (-2, -1)
    ]
    np.testing.assert_allclose(_grid(positions.draw(pd.DataFrame(rows))), [[0.8, 0.9], [-0.2, -0.1]])


def _curve(verdict, crossing):
    rows = pd.DataFrame([PLACE | LIMITS | {"n_labels": n, "value": 0.6, "n_repeats": 3} for n in (25, 160)])
    report = {"report": 0.55, "report_lower": 0.5, "report_upper": 0.6, "chance": 0.5, "n": 40}
    entries = [{"target": "knowledge", "condition": "plain", "crossing": crossing}]
    return learning_curve.draw(
        learning_curve.curve_rows(rows, verdict_rows([PLACE | report | {"verdict": verdict}]), entries)
    )


@pytest.mark.parametrize(
    ("verdict", "said"), [("NO_GAP", "verdict: no gap"), ("INCONCLUSIVE", "verdict: inconclusive")]
)
def test_without_a_gap_no_crossing_is_drawn_or_said(verdict, said):
    ax = _curve(verdict, 90)
    texts = [text.get_text() for text in ax.texts]
    assert said in texts and not any("passes" in text for text in texts)
    assert "crossing" not in [line.get_label() for line in ax.lines]


def test_the_crossing_is_named_and_does_not_look_like_chance():
    ax = _curve("GAP", 90)
    lines = {line.get_label(): line for line in ax.lines}
    assert any(text.get_text().startswith("dashed line: passes the best report") for text in ax.texts)
    assert lines["crossing"]._dash_pattern != lines["chance"]._dash_pattern


def test_both_bands_of_a_learning_curve_are_named():
    texts = [text.get_text() for text in _curve("GAP", 90).texts]
    assert "bands: range of 3 draws (know), 95 % interval (say)" in texts


@pytest.mark.parametrize(
    ("crossing", "said"),
    [(90, "with 90 labels"), (25, "with 25 labels or fewer"), (None, "never passes the best report")],
)
def test_the_learning_curve_says_where_the_probe_passes_the_report(crossing, said):
    ax = _curve("GAP", crossing)
    assert any(text.get_text().endswith(said) for text in ax.texts)
    assert "tested on n = 40" in [text.get_text() for text in ax.texts]
    assert ("crossing" in [line.get_label() for line in ax.lines]) == (crossing is not None)


@pytest.mark.parametrize(("method", "label"), [("nested", "know 0.997"), ("nested report", "know 1.00")])
def test_the_curve_ends_in_the_verdicts_digits_where_both_are_about_one_probe(method, label):
    last = PLACE | {"n_labels": 480, "value": 0.9973, "lower": np.nan, "upper": np.nan, "n_repeats": 1}
    verdict = PLACE | {"probe": 0.9973, "probe_lower": 0.9951, "probe_upper": 0.9991, "probe_method": method}
    ax = learning_curve.draw(learning_curve.curve_rows(pd.DataFrame([last]), verdict_rows([verdict]), []))
    texts = [text.get_text() for text in ax.texts]
    assert label in texts
    assert any("over all sites, verdict: report" in text for text in texts) == (method != "nested")


def test_items_are_counted_by_source_after_all_together():
    cells = [(True, True, "x"), (True, False, "x"), (True, False, "y"), (False, True, "y"), (False, False, "")]
    items = pd.DataFrame(cells, columns=["probe_right", "report_right", "source"]).assign(**PLACE)
    rows = agreement.agreement_rows(items).set_index("source")
    assert list(rows.loc["all items", ["both", "probe_only", "report_only", "neither", "n"]]) == [1, 2, 1, 1, 5]
    assert list(rows.loc["y", ["both", "probe_only", "report_only", "neither", "n"]]) == [0, 1, 1, 0, 2]
    texts = [text.get_text() for text in agreement.draw(rows.reset_index()).texts]
    assert texts[:6] == ["both", "1", "1", "0", "know\nonly", "2"] and "n = 5" in texts


def test_the_counts_of_an_agreement_have_the_words_of_its_key_and_say_is_named():
    items = pd.DataFrame({"probe_right": [True, False], "report_right": False, "source": ""}).assign(**PLACE)
    ax = agreement.draw(agreement.agreement_rows(items))
    texts = [text.get_text().replace("\n", " ") for text in ax.texts]
    assert set(text.get_text() for text in ax.get_legend().get_texts()) <= set(texts)
    assert "say: first wording as said, not the best report" in texts


def test_that_only_the_largest_sources_are_drawn_is_said():
    items = pd.DataFrame({"probe_right": True, "report_right": False, "source": [f"s{i % 16}" for i in range(40)]})
    rows = agreement.agreement_rows(items.assign(**PLACE))
    assert len(rows) == 13
    assert "n = 40; the 12 largest of 16 sources" in [text.get_text() for text in agreement.draw(rows).texts]


def test_errors_by_size_are_the_quartiles_of_each_bin(a_run):
    run = a_run(targets=("token_count",), conditions=("plain",))
    counts = count_rows(run.scores, run.items, target="token_count")
    rows = count_errors.error_rows(counts)
    said = rows[rows["series"] == "report"]
    assert said["n"].sum() + said["missing"].sum() == 400 and said["missing"].sum() == run.items["report"].isna().sum()
    first = rows.iloc[0]
    mine = counts[(counts["series"] == "probe") & (counts["label"] >= first["from"]) & (counts["label"] < first["to"])]
    ax = count_errors.draw(rows)
    assert ax.get_ylabel() == "absolute error"
    assert "line: median; band: middle half of the items" in [text.get_text() for text in ax.texts]
    assert first["median"] == np.median((mine["predicted"] - mine["label"]).abs())


def _units(metric="auroc", **change):
    rows = [
        {"layer": layer, "feature": feature, "k": k, "value": value + layer / 10, "characters": 0.55, "words": None,
         "position": 0.6 + layer / 10}
        for layer in (0, 1)
        for feature, k, value in (("unit", 1, 0.7), ("top-k", 2, 0.75), ("top-k", 8, 0.8), ("component", 1, 0.65))
    ]  # fmt: skip
    return pd.DataFrame(rows).assign(**PLACE | {"site": "object", "metric": metric} | change)


def test_a_sparse_reading_shows_the_best_unit_the_best_few_and_what_else_that_unit_reads():
    ax = sparse_probing.draw(_units())
    lines = {line.get_label(): [float(v) for v in line.get_ydata()] for line in ax.lines}
    assert lines["best unit"] == pytest.approx([0.7, 0.8])
    assert lines["8 units"] == pytest.approx([0.8, 0.9])
    assert lines["best PC"] == pytest.approx([0.65, 0.75])
    assert lines["its surface"] == pytest.approx([0.6, 0.7])
    assert len(sparse_probing.page(pd.concat([_units(), _units(site="report")])).axes) == 2


def test_a_sparse_reading_names_the_highest_score_with_its_layer_and_chance():
    table = _units()
    table.loc[(table["feature"] == "unit") & (table["layer"] == 0), "value"] = 0.98
    ax = sparse_probing.draw(table.assign(n=40))
    texts = [text.get_text() for text in ax.texts]
    assert "best unit max 0.98 at 0" in texts and "best PC max 0.75 at 1" in texts and "chance 0.50" in texts
    assert "object prompt; n = 40; held-out scores" in texts
    assert any("ring: the highest" in text for text in texts) and any(
        "its surface: same unit" in text for text in texts
    )


def test_the_highest_score_of_every_sparse_line_is_ringed():
    table = _units()
    table.loc[(table["feature"] == "unit") & (table["layer"] == 0), "value"] = 0.98
    rings = [line.get_xydata()[0] for line in sparse_probing.draw(table).lines if line.get_label() == "_highest"]
    np.testing.assert_allclose(rings, [[1, 0.9], [0, 0.98], [1, 0.75], [1, 0.7]])


def test_a_sparse_reading_stays_on_the_page_whatever_a_unit_does_on_other_folds():
    table = _units(metric="r2")
    table.loc[0, "value"] = -40.0
    table.loc[4, "value"] = np.nan
    assert sparse_probing.draw(table).get_ylim()[0] > -0.3


def test_the_name_of_a_report_without_numbers_stays_on_the_paper(a_run):
    run = a_run(targets=("token_count",), conditions=("plain",))
    rows = count_errors.error_rows(count_rows(run.scores, run.items, target="token_count"))
    rows.loc[rows["series"] == "report", ["quarter", "median", "three_quarters"]] = np.nan
    fig = count_errors.page(rows)
    fig.canvas.draw()
    label = next(t for t in fig.axes[0].texts if t.get_text().startswith("say"))
    assert label.get_window_extent().x1 <= fig.bbox.x1
    plt.close(fig)


def test_where_truths_differ_the_diagonal_is_on_the_same_items_and_rows_keep_their_order():
    base = {"target": "behavior", "condition": "plain", "kind": "probe", "metric": "auroc", "n": 34, "lower": 0.0,
            "upper": 1.0, "subset": "truths differ"}  # fmt: skip
    rows = [base | {"predictor": "second", "target_run": "first", "value": 0.1, "behind": 0.8},
            base | {"predictor": "first", "target_run": "second", "value": 0.2, "behind": 0.5}]  # fmt: skip
    ax = cross_model.draw(pd.DataFrame(rows))
    assert [t.get_text() for t in ax.get_yticklabels()] == [t.get_text() for t in ax.get_xticklabels()]
    assert [t.get_text() for t in ax.get_yticklabels()] == ["first", "second"]
    written = {t.get_text() for t in ax.texts}
    assert {"0.90", "0.20", "0.10", "0.70"} <= written
    assert "where truths differ; n = 34" in written
