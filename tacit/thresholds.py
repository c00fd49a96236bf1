"""The numbers of the protocol (docs/protocol.md) that decide verdicts. Rules use them by these names only."""

ALPHA = 0.05
"""Significance level of the permutation null, and of Holm's procedure over all gaps of a comparison together."""
MARGIN = 0.05
"""Equivalence margin, fixed in advance: differences within ±MARGIN are too small for a claim (two one-sided tests)."""
HEAVY_TAIL = 0.5
"""Share of the median guess's error, borne by a tenth of the items, above which a verdict about counts says so."""
WORTH = 0.10
"""NOT_KNOWN needs the probe's upper limit below chance + WORTH; otherwise the measurement was not precise enough.
A peer must read its own truth above chance + WORTH, and at most WORTH worse than this model's probe reads its own."""
PLAUSIBLE_ERRORS = 0.15
"""Share of wrong labels up to which they are named in the sentence of a gap that they would explain."""
N_RESAMPLES = 2000
"""Resamples of the paired cluster bootstrap."""
MIN_PERMUTATIONS = 200
"""Smallest number of label permutations for a claim."""
MIN_ITEMS = 40
"""Smallest number of usable items for a verdict."""
MIN_GROUPS = 10
"""Smallest number of independent groups of the rarer class for a verdict."""
MAX_OF_FOLD = 0.8
"""Largest share of a fold's items in one group; above it, resampling groups does not show how a score varies. In
simulations with 200 items, 95 % intervals covered 53 to 80 % if a fold was one group, 92 % if three quarters were."""
MIN_PARSED = 0.5
"""Smallest share of report replies that must be readable answers."""
MIN_CONTROL = 0.8
"""Smallest share of positive controls in which the model must repeat the planted answer."""
MIN_CONTROLS = 5
"""Smallest number of positive controls for which their share is used."""
CONSTANT = 0.95
"""Share of equal answers at which a report counts as constant."""
MIN_TAUGHT = 0.9
"""Smallest share of the labels that the valid answers of a tuned report must be able to express."""
MIN_ABLATIONS = 99
"""Smallest number of control directions of each kind for an ablation."""
MIN_EFFECT = 0.01
"""Smallest change of the next-token distribution, in nats, for an ablation to count as use."""
MAX_CORRELATION = 0.05
"""Largest |correlation| of a token count with a position for the two to count as decoupled."""
MIN_CLOSE = 0.2
"""Share of items with a copy of their state in another group, from which the score must survive joining such groups."""
MIN_SOURCE = 10
"""Smallest number of items that two sources (relations, templates) must have for gaps to be taken within sources."""
