"""What single report rungs are like: in fine steps, above chance, reversed.

In: `Paired` and the name of a rung. Out: facts that `collect` puts into the evidence.
"""

import numpy as np

from tacit.probes.comparison.decisions import RANKS
from tacit.probes.comparison.paired_scores import Paired
from tacit.probes.data.rung_names import is_mapped
from tacit.probes.statistics.bootstrap import Estimate
from tacit.probes.statistics.metrics import CHANCE, has_answer

FINE = 0.9
"""Share of all pairs of items that a read-out in fine steps tells apart."""


def finer_than_words(paired: Paired, rung: str) -> bool:
    """Whether a rung ranks the items in fine steps and is shown to do better than the words do: one that is no better,
    or noise beside words that tell, is no read-out that a fine-grained probe could be compared with."""
    return in_fine_steps(paired, rung) and bool(paired.lead(rung, "said").lower > 0)


def above_chance(paired: Paired, rung: str) -> bool:
    return bool(paired.score(rung).lower > CHANCE[paired.scoring.primary])


def words_above_chance(paired: Paired) -> bool:
    """Whether the words as said, or for counts their ranks, are shown to be above chance."""
    metric = RANKS if paired.scoring.kind == "count" else paired.scoring.primary
    return bool(paired.score("said", metric).lower > CHANCE[metric])


def reversed_words(paired: Paired) -> Estimate | None:
    """The score of the words as said where it is shown to be below chance (counts: their ranks) and a map fitted on
    other folds makes them true; else None. Of several classes no single one is another's opposite."""
    if paired.scoring.kind == "multiclass":
        return None
    metric = RANKS if paired.scoring.kind == "count" else paired.scoring.primary
    found = paired.score("said", metric)
    turned = found.upper < CHANCE[metric] and paired.score("said calibrated", metric).lower > CHANCE[metric]
    return found if turned else None


def in_fine_steps(paired: Paired, rung: str) -> bool:
    """Whether a rung reads log-probabilities that rank the items: few pairs of them are tied or without an answer.

    A read-out that most items lack, or that is certain of every answer, is words in another form.
    """
    if "logits" not in rung.split("/")[0].split()[0] or is_mapped(rung):
        return False
    pred = paired.pred(rung)
    told = pred[has_answer(pred)]
    _, counts = np.unique(told, axis=0, return_counts=True)
    n = len(pred)
    ranked = (len(told) * (len(told) - 1) - (counts * (counts - 1)).sum()) / max(n * (n - 1), 1)
    return bool(ranked >= FINE)
