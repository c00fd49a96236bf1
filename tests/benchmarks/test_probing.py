"""The benchmark's own lines: written beside those of others, and only where ours keeps up."""

import json

import pytest
from click.testing import CliRunner

from tacit.benchmarks.probing import Ratio, Task, main, record, sweeps
from tacit.errors import ProbeError


def test_lines_of_others_stay_and_older_ones_of_the_same_name_go(tmp_path):
    path = tmp_path / "bench.json"
    record([Ratio("theirs", 1.0, 1.0, 1.0, "x", 1), Ratio("ours", 1.0, 1.0, 1.0, "x", 1)], path)
    record([Ratio("ours", 2.0, 1.0, 2.0, "x", 1)], path)
    assert [(line["name"], line["ratio"]) for line in json.loads(path.read_text())] == [("theirs", 1.0), ("ours", 2.0)]


def test_a_sweep_that_falls_behind_stops_the_bench(monkeypatch):
    task = Task.of(200, 12, 1, 0)
    monkeypatch.setattr(Task, "rival", lambda self: [1.01])
    with pytest.raises(ProbeError, match="layer 0: AUROC"):
        sweeps("x", task, 1)


def test_every_line_of_the_probes_is_written_at_a_small_size(tmp_path):
    path = tmp_path / "bench.json"
    small = "--n 600 --layers 2 --width 24 --wide 40 --permutations 3 --jobs 1 --out"
    result = CliRunner().invoke(main, [*small.split(), str(path)])
    assert result.exit_code == 0, result.output
    names = [line["name"] for line in json.loads(path.read_text())]
    assert names == ["probe_peak_rss_vs_layer", "probe_sweep_vs_grid_search", "probe_protocol_vs_grid_search",
                     "probe_sweep_vs_grid_search_d40"]  # fmt: skip
