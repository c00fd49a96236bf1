from .errors import TacitError as TacitError
from .run import Run as Run
from .run import open_run as open_run
from .verbs import ablate as ablate
from .verbs import cache as cache
from .verbs import compare as compare
from .verbs import plan as plan
from .verbs import probe as probe
from .verbs import tune as tune

__all__ = ["Run", "TacitError", "ablate", "cache", "compare", "open_run", "plan", "probe", "tune"]
