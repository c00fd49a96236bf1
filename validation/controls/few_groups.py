"""Controls in which the items fall into few groups, and the scores of one arm shift by group. There is no gap.

In: a seed. Out: the verdict on that data set.
"""

import numpy as np
from scipy.special import log_expit
from scipy.stats import norm

from tacit.validation.judge import Control, without_a_gap_on_either_side
from tacit.validation.pipeline import judged, needed

APART, D_MODEL, N_FOLDS = 1.6, 1, 5


def _shifted(n_groups: int, each: int):
    """The report's log-odds have a level of their own in every group; the expected AUROC is the probe's."""

    def simulate(seed: int) -> dict:
        rng = np.random.default_rng([seed, 50, n_groups])
        groups = np.repeat(np.arange(n_groups), each)
        positive = np.concatenate([rng.permutation(np.arange(each) % 2) for _ in range(n_groups)]).astype(bool)
        odds = APART * positive + rng.normal(size=n_groups)[groups] + rng.normal(size=len(groups)) - APART / 2
        within = N_FOLDS / n_groups
        auroc = within * norm.cdf(APART / np.sqrt(2)) + (1 - within) * norm.cdf(APART / 2)
        states = needed(auroc, d_model=D_MODEL, n_train=len(groups) * 0.8) * (positive - 0.5)[:, None]
        logprobs = (("no", "yes"), np.stack([log_expit(-odds), log_expit(odds)], axis=1))
        return judged(np.where(positive, "yes", "no").tolist(), said=np.where(odds > 0, "yes", "no").tolist(),
                      logprobs=logprobs, groups=groups, d_model=D_MODEL, seed=seed,
                      signal=lambda site, layer: states if layer else None)  # fmt: skip

    return simulate


def _control(n_groups: int, each: int) -> Control:
    name = f"N9 {n_groups} groups of {each}"
    return Control(name, _shifted.__doc__, _shifted(n_groups, each), without_a_gap_on_either_side, statistical=True)


FEW_GROUPS_CONTROLS = (_control(12, 20), _control(20, 15), _control(30, 10))
