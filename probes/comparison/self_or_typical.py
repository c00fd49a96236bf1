"""Whether a report is about this model: what it says of itself against what it says of a typical model.

In: `Paired` and the rungs of an entry. Out: how often the two answers are the same, and how well each fits this model.
Where the two agree, the report is not about the self (docs/protocol.md, section 5; Song, Hu & Mahowald 2025, arXiv
2503.07513).
"""

import numpy as np
from sklearn.metrics import cohen_kappa_score

from tacit.probes.comparison.paired_scores import Paired, limits
from tacit.probes.statistics.metrics import CHANCE, Scoring, has_answer

SAME = 0.9
"""Share of equal answers whose lower limit shows that the report is not about the self."""
FEWEST = 59
"""Groups below which a disagreement that affects whole groups may have been missed (`bootstrap.equivalent`)."""
SELF, GENERIC, UNDECIDED = "about itself", "not about itself", "undecided"


def self_vs_typical(paired: Paired, rungs: list[str]) -> dict | None:
    """Agreement and scores of the first pair of framings, and of each pair under ``pairs``; None without a pair.

    agreement: share of equal answers among the items answered in both framings; kappa: Cohen's kappa (classes only);
    difference: score of the answers about itself minus score of those about a typical model; gap_typical: probe minus
    the latter.
    """
    pairs = [one for one in (_pair(rung, rungs) for rung in rungs) if one is not None]
    if not pairs:
        return None
    found = [_compare(paired, you, typical) for you, typical in pairs]
    return {**found[0], "about": _about(found[0], CHANCE[paired.scoring.primary]), "pairs": found}


def _pair(rung: str, rungs: list[str]) -> tuple[str, str] | None:
    """(rung about itself, rung about a typical model) of a rung of the second kind; None where one was not asked."""
    if "/typical/" not in rung or rung.endswith(" calibrated"):
        return None
    you = rung.replace("/typical/", "/you/")
    you = "said" if you == "choice/you/0" else you
    return (you, rung) if you in rungs else None


def _compare(paired: Paired, you: str, typical: str) -> dict:
    first, second = (answers(paired.scoring, paired.pred(name)) for name in (you, typical))
    both = ~np.isnan(first) & ~np.isnan(second)
    same = both & (first == second)

    def share(weights: np.ndarray) -> np.ndarray:
        answered = both @ weights
        return np.divide(same @ weights, answered, out=np.full(weights.shape[1], np.nan), where=answered > 0)

    agreement = paired.statistic(share)
    varied = both.any() and len(np.unique(np.r_[first[both], second[both]])) > 1
    kappa = cohen_kappa_score(first[both], second[both]) if varied and paired.scoring.kind != "count" else np.nan
    return {
        "elicitation": you, "elicitation_typical": typical, "n": int(both.sum()),
        "n_groups": len(np.unique(paired.groups[both])), **limits("agreement", agreement),
        "kappa": float(kappa), **limits("you", paired.score(you)), **limits("typical", paired.score(typical)),
        **limits("difference", paired.lead(you, typical)), **limits("gap_typical", paired.lead(paired.head, typical)),
    }  # fmt: skip


def answers(scoring: Scoring, pred: np.ndarray) -> np.ndarray:
    """(n_items,) float64: the answer as a class index or a rounded number; NaN where there is none."""
    if scoring.kind == "binary":
        return np.where(np.isnan(pred), np.nan, np.sign(pred))
    if scoring.kind == "count":
        return np.floor(pred + 0.5)
    return np.where(has_answer(pred), np.argmax(np.nan_to_num(pred, nan=-np.inf), axis=1), np.nan)


def _about(found: dict, chance: float) -> str:
    """About itself only if the report is above chance: of two uninformative reports one can still be shown to be
    worse."""
    if found["difference_lower"] > 0 and found["you_lower"] > chance:
        return SELF
    enough = found["n_groups"] >= FEWEST  # an agreement without exception has no spread to resample
    return GENERIC if enough and found["agreement_lower"] >= SAME else UNDECIDED
