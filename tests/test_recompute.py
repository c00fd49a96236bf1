"""The documentation's way to a quoted score gives the score that is quoted."""

import json
import re
import runpy
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import roc_auc_score

from tacit.probes.statistics.metrics import Scoring, value

DOC = Path(__file__).parents[1] / "docs/what-a-reviewer-will-ask.md"
PLACE = {"target": "knowledge", "condition": "locked"}


@pytest.fixture
def items():
    """Sixty items in five folds, whose probes each have a scale of their own; some reports tie or are no answer."""
    rng = np.random.default_rng(0)
    label, fold = rng.integers(0, 2, 60).astype(float), np.arange(60) % 5
    probe = label + rng.normal(0, 1, 60) + 3 * fold
    report = np.where(rng.random(60) < 0.2, np.nan, np.round(label + rng.normal(0, 1, 60)))
    made = {"fold": fold, "label": label, "method:nested report": probe, "method:best report": report}
    other = pd.DataFrame({**made, "condition": "unlocked", "label": 1 - label})
    return pd.concat([pd.DataFrame(made | PLACE), other.assign(target="knowledge")], ignore_index=True)


def _recomputed(folder: Path, capsys, monkeypatch) -> list[float]:
    snippet = re.search(r"(?s)```python file=recompute.py\n(.*?)```", DOC.read_text(encoding="utf-8"))[1]
    (folder / "recompute.py").write_text(snippet, encoding="utf-8")
    monkeypatch.setattr(sys, "argv", ["recompute.py", str(folder), *PLACE.values()])
    runpy.run_path(str(folder / "recompute.py"))
    return [float(line.split()[1]) for line in capsys.readouterr().out.splitlines()]


def test_the_snippet_gives_what_the_ruler_gives_and_pooling_does_not(items, tmp_path, capsys, monkeypatch):
    for name in ("probes", "verdicts"):
        (tmp_path / name).mkdir()
    items.to_parquet(tmp_path / "probes/items.parquet")
    verdict = PLACE | {"probe_method": "nested report", "probe": 0.0, "report": 0.0}
    written = {"schema": "tacit-verdicts/1", "verdicts": [verdict | {"condition": "unlocked"}, verdict]}
    (tmp_path / "verdicts/verdicts.json").write_text(json.dumps(written))
    mine = items[items["condition"] == "locked"]
    scoring = Scoring("binary", mine["label"].to_numpy(), mine["fold"].to_numpy(), 2)
    measured = [value("auroc", scoring, mine[f"method:{name}"].to_numpy()) for name in ("nested report", "best report")]
    assert _recomputed(tmp_path, capsys, monkeypatch) == pytest.approx(measured, abs=1e-12)
    assert abs(roc_auc_score(mine["label"], mine["method:nested report"]) - measured[0]) > 0.05
