"""Files to numbers: what a model knows by linear probes, what it says by its reports, and whether they differ."""

from tacit.errors import ProbeError
from tacit.probes.compare import compare_run, compare_runs
from tacit.probes.cross import cross_matrix, peers_of
from tacit.probes.estimators.directions import load_direction
from tacit.probes.follow_ups import follow_ups
from tacit.probes.probe import n_readings, probe_run, up_to_date

__all__ = [
    "ProbeError", "compare_run", "compare_runs", "cross_matrix", "follow_ups", "load_direction", "n_readings",
    "peers_of", "probe_run", "up_to_date",
]  # fmt: skip
