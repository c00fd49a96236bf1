"""Files to numbers: what a model knows by linear probes, what it says by its reports, and whether they differ."""

from .compare import compare_run, compare_runs
from .cross import cross_matrix, peers_of
from .directions import load_direction
from .errors import ProbeError
from .follow_up import follow_ups
from .run import n_readings, probe_run, up_to_date

__all__ = [
    "ProbeError", "compare_run", "compare_runs", "cross_matrix", "follow_ups", "load_direction", "n_readings",
    "peers_of", "probe_run", "up_to_date",
]  # fmt: skip
