"""Every line of the asking benchmark is written at a small size, with its floor."""

import json

from click.testing import CliRunner

from tacit.benchmarks.asking import main


def test_every_line_is_written_at_a_small_size(tmp_path):
    path = tmp_path / "bench.json"
    result = CliRunner().invoke(main, [*"--n 6 --repeats 1 --blocks 2 --width 64 --out".split(), str(path)])
    assert result.exit_code == 0, result.output
    lines = json.loads(path.read_text())
    assert [line["name"] for line in lines] == [
        "ask_vs_generate", "candidates_vs_full", "samples_vs_num_return_sequences", "shots_vs_full",
        "whole_job_vs_script", "samples_vs_num_return_sequences_sure",
    ]  # fmt: skip
    assert all(line["ratio"] > 0 and line["floor_s"] > 0 for line in lines)
