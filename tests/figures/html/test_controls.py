"""The positive controls on the page: a reader sees which of them failed."""

from tacit.figures.html.controls import controls

WORDS = {"form": "said", "control": "planted", "read": "words", "metric": "share that came back", "score": 0.95,
         "balanced": None, "n": 30, "passed": True}  # fmt: skip


def test_each_control_is_a_row_and_the_line_above_counts_what_failed():
    natural = WORDS | {"control": "natural", "score": 0.5, "balanced": 0.5, "passed": False}
    logits = {"form": "logits", "control": "natural", "read": "log-probabilities", "metric": "auroc", "score": None,
              "balanced": None, "n": 3, "passed": None}  # fmt: skip
    found = controls({"controls": [WORDS, natural, logits]})
    assert found["line"] == "Positive controls: 1 passed, 1 failed, 1 with too few prompts to judge"
    assert found["failed"]
    assert [row["result"] for row in found["rows"]] == ["passed", "failed", "too few to judge"]
    assert [row["score"] for row in found["rows"]] == ["0.95", "0.50 (0.50 averaged over the answers)", "–"]
    assert [row["form"] for row in found["rows"]] == ["choice, you 0", "choice, you 0", "log-probabilities"]
    assert found["rows"][2]["metric"] == "AUROC"


def test_a_verdict_without_controls_has_none_on_the_page():
    assert controls({}) == controls({"controls": []}) == {}
