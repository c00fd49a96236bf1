"""Other models as peers: what the matrix of predictors and targets says of each, for the verdicts of one run.

In: the table that `cross_matrix` made. Out: a `Peer` per other run, target and condition.
"""

import pandas as pd

from tacit.probes.cross import ALL, AT_REPORT, DISAGREE, PROBE
from tacit.probes.statistics.bootstrap import Estimate
from tacit.probes.statistics.metrics import CHANCE
from tacit.probes.verdicts.evidence import Peer


def peers_of(matrix: pd.DataFrame, run: str) -> dict[tuple[str, str], tuple[Peer, ...]]:
    """(target, condition) -> every other run whose states were read with this run's labels, for `compare_runs`."""
    table = matrix[(matrix["kind"] == PROBE) & (matrix["target_run"] == run) & (matrix["predictor"] != run)]
    found: dict[tuple[str, str], tuple[Peer, ...]] = {}
    for (_, target, condition), rows in table.groupby(["predictor", "target", "condition"], sort=False):
        found[target, condition] = (*found.get((target, condition), ()), _peer(rows))
    return found


def _peer(rows: pd.DataFrame) -> Peer:
    """One predictor of one target: its row over all shared items, and that of the items whose truths differ."""
    by_subset = {row["subset"]: row for row in rows.to_dict("records")}
    row, apart = by_subset[ALL], by_subset.get(DISAGREE)
    under = row["predictor_condition"]
    return Peer(
        row["predictor"] + (f" ({under})" if under != row["condition"] else ""),
        _estimate(row, "behind"), int(row["effective"]),
        adds=None if apart is None else _estimate(apart, "adds"),
        apart=0 if apart is None else int(apart["effective"]),
        on_own=_estimate(row, "on_own"), target_on_own=row["target_on_own"], chance=CHANCE[row["metric"]],
        at_report=row["sites"] == AT_REPORT,
    )  # fmt: skip


def _estimate(row: dict, name: str) -> Estimate:
    return Estimate(row[name], row[f"{name}_lower"], row[f"{name}_upper"], int(row["n"]), int(row["n_groups"]))
