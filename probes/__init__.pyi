from .compare import compare_run as compare_run
from .compare import compare_runs as compare_runs
from .cross import cross_matrix as cross_matrix
from .estimators.directions import load_direction as load_direction
from .follow_ups import follow_ups as follow_ups
from .peers import peers_of as peers_of
from .pieces import CrossFit as CrossFit
from .pieces import Estimate as Estimate
from .pieces import Folds as Folds
from .pieces import Null as Null
from .pieces import ProbeError as ProbeError
from .pieces import components as components
from .pieces import cross_fit as cross_fit
from .pieces import difference as difference
from .pieces import make_folds as make_folds
from .pieces import make_groups as make_groups
from .pieces import permutation_null as permutation_null
from .pieces import score as score
from .probe import n_readings as n_readings
from .probe import probe_run as probe_run
from .probe import up_to_date as up_to_date
from .verdicts.decide import decide as decide
from .verdicts.evidence import Evidence as Evidence

__all__ = [
    "CrossFit", "Estimate", "Evidence", "Folds", "Null", "ProbeError", "compare_run", "compare_runs", "components",
    "cross_fit", "cross_matrix", "decide", "difference", "follow_ups", "load_direction", "make_folds", "make_groups",
    "n_readings", "peers_of", "permutation_null", "probe_run", "score", "up_to_date",
]  # fmt: skip
