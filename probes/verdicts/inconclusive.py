"""Why nothing can be concluded, as a clause that follows "because".

In: `Evidence`, and the id of what is too little or of the condition that failed. Out: words. Nothing is decided here.
"""

from tacit.probes.verdicts.evidence import Evidence
from tacit.probes.verdicts.ladder import undefined
from tacit.thresholds import MIN_GROUPS, MIN_ITEMS

FAILED = {
    "above_chance": "the probe's score is not significantly above chance",
    "permutation_null": "the probe's score does not significantly beat the whole pipeline on permuted labels",
    "beats_surface": "the probe is not shown to beat every surface baseline",
    "beats_random_model": "the probe does not significantly beat a probe of random-initialised models",
    "selectivity": "the probe does not significantly beat a probe trained on the arbitrary labels of a control task",
    "no_paraphrase_leakage": "the probe's score does not survive putting close neighbours, such as paraphrases, into"
    " one group",
    "beats_logit_lens": "the probe is not shown to beat the logit lens at the object prompt, so the next-token logits"
    " may already reveal the label",
    "position_decoupled": "the position of the token that the probe reads may give the count away",
    "report_valid": "the model's reports cannot be interpreted",
}
"""Condition of the levels D, K or S → what its failure means."""


def too_little_in_words(e: Evidence, id: str) -> str:
    """What makes the evidence too little for any verdict. Raises KeyError for an id that no rule gives."""
    n, groups = e.know.score.n, e.know.score.n_groups
    return {
        "few_items": f"there are {n} items in {groups} groups, which count as {e.about.effective} independent groups"
        f"{of_rarest(e)}; an interval can be trusted from {MIN_ITEMS} items and {MIN_GROUPS} independent groups",
        "one_heavy_group": f"one group holds {e.about.heaviest:.0%} of the items of its fold, so the sampling variance"
        " cannot be estimated; put its items into several groups if they are independent, or add groups",
        "unscored_items": f"the probe gave no score to {e.know.unscored} of {n} items",
        "undefined_scores": f"the {' and '.join(undefined(e))} score or its interval is undefined",
    }[id]


def of_rarest(e: Evidence) -> str:
    """Which groups count: of classes, those that hold the rarest."""
    return " of the rarest class" if e.about.metric in ("auroc", "macro_auroc") else ""
