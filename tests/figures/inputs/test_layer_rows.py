"""The rows that a figure by layer draws."""

import numpy as np
import pandas as pd
import pytest

from tacit.figures.inputs.layer_rows import layer_rows
from tacit.figures.inputs.verdict_rows import verdict_rows

OTHER_CHOICES = ("fixed layer", "naive maximum")


def test_one_metric_is_kept_per_condition(a_run):
    run = a_run(targets=("token_count",))
    assert set(run.scores["metric"]) == {"skill", "exact", "within_1"}
    assert set(layer_rows(run.scores, verdict_rows(run.verdicts), target="token_count")["metric"]) == {"skill"}


def test_the_nested_choice_takes_its_layer_and_site_from_the_verdict(a_run):
    run = a_run(targets=("knowledge",), conditions=("plain",), n_layers=9)
    rows = layer_rows(run.scores, verdict_rows(run.verdicts), target="knowledge")
    nested = rows[rows["method"] == "nested"].iloc[0]
    assert (nested["layer"], nested["site"]) == (7, "object")


def test_headlines_that_scores_lack_come_from_the_verdict(a_run):
    run = a_run(targets=("knowledge",), conditions=("plain",))
    scores = run.scores[~run.scores["method"].isin(["nested", "best report"])]
    rows = layer_rows(scores, verdict_rows(run.verdicts), target="knowledge").set_index("method")
    assert rows.loc["nested", "value"] == run.verdicts[0]["probe"]
    assert rows.loc["best report", "lower"] == run.verdicts[0]["report_lower"]


def test_the_logit_lens_is_drawn_whether_or_not_it_is_a_rival(a_run):
    run = a_run(targets=("knowledge",), conditions=("plain",))
    scores = run.scores[run.scores["metric"] == "auroc"]
    lens = scores.iloc[:1].assign(method="logit lens", kind="control", value=0.9, layer=-1)
    rows = layer_rows(pd.concat([scores, lens], ignore_index=True), verdict_rows(run.verdicts), target="knowledge")
    assert rows.loc[rows["method"] == "logit lens", ["kind", "value"]].to_numpy().tolist() == [["baseline", 0.9]]


def test_chance_is_a_row_of_its_own(a_run):
    run = a_run(targets=("knowledge",), conditions=("plain",))
    rows = layer_rows(run.scores, verdict_rows(run.verdicts), target="knowledge")
    assert list(rows.loc[rows["kind"] == "chance", "value"]) == [0.5]


def test_no_other_number_is_added_or_changed(a_run):
    run = a_run(targets=("knowledge",))
    rows = layer_rows(run.scores, verdict_rows(run.verdicts), target="knowledge")
    kept = rows[rows["kind"] != "chance"].reset_index(drop=True)
    expected = run.scores[~run.scores["method"].isin(OTHER_CHOICES)].reset_index(drop=True)
    pd.testing.assert_series_equal(kept["value"], expected["value"])


def test_without_verdicts_the_scores_are_drawn_as_they_are(a_run):
    run = a_run(targets=("knowledge",))
    rows = layer_rows(run.scores, verdict_rows([]), target="knowledge")
    assert len(rows) == (~run.scores["method"].isin(OTHER_CHOICES)).sum() and np.isfinite(rows["value"]).all()


def test_a_missing_column_is_named(a_run):
    scores = a_run().scores.drop(columns="upper")
    with pytest.raises(ValueError, match="scores: the table has no column upper"):
        layer_rows(scores, verdict_rows([]), target="knowledge")


def test_the_naive_maximum_over_layers_is_not_drawn(a_run):
    run = a_run(targets=("knowledge",))
    methods = set(layer_rows(run.scores, verdict_rows(run.verdicts), target="knowledge")["method"])
    assert "probe" in methods and not methods & set(OTHER_CHOICES)


def test_a_probe_scored_at_one_layer_only_is_drawn(a_run):
    run = a_run(targets=("knowledge",), conditions=("plain",))
    scores = run.scores[(run.scores["method"] != "probe") | (run.scores["layer"] == 1)]
    assert "probe" in set(layer_rows(scores, verdict_rows(run.verdicts), target="knowledge")["method"])


def test_the_choice_that_the_verdict_is_about_is_drawn_as_the_nested_one(a_run):
    run = a_run(targets=("knowledge",), conditions=("plain",))
    nested = run.scores[run.scores["method"] == "nested"]
    late = nested.assign(method="nested report", site="report", layer=3, value=0.625)
    verdicts = verdict_rows([one | {"probe_method": "nested report"} for one in run.verdicts])
    rows = layer_rows(pd.concat([run.scores, late]), verdicts, target="knowledge")
    assert rows.loc[rows["method"] == "nested", ["site", "layer", "value"]].to_numpy().tolist() == [
        ["report", 3, 0.625]
    ]
    assert "nested report" not in set(rows["method"])
