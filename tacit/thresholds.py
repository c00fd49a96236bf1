"""The numbers of the protocol (docs/protocol.md): what a claim takes. Rules use them under these names only."""

ALPHA = 0.05
"""Level of the permutation null and, over all gaps of a comparison together, of Holm's procedure."""
MARGIN = 0.05
"""Differences within ±MARGIN are too small for a claim (declared in advance; two one-sided tests)."""
WORTH = 0.10
"""NOT_KNOWN needs the probe's upper limit below chance + WORTH: otherwise it was not measured well enough to deny."""
N_RESAMPLES = 2000
"""Resamples of the paired cluster bootstrap."""
MIN_PERMUTATIONS = 200
"""Label permutations that a claim may rest on."""
MIN_ITEMS = 40
"""Usable items that a verdict takes."""
MIN_GROUPS = 10
"""Independent groups of the rarer class that a verdict takes."""
MAX_OF_FOLD = 0.8
"""Share of a fold's items in one group above which resampled groups do not show how a score varies: with a fold that is
one group, 95 % intervals covered 53 to 80 % (simulation, 200 items); with three quarters of one, 92."""
MIN_PARSED = 0.5
"""Share of report replies that must be readable answers."""
MIN_CONTROL = 0.8
"""Share of positive controls whose planted answer must come back."""
MIN_CONTROLS = 5
"""Positive controls below which their share says nothing."""
CONSTANT = 0.95
"""Share of equal answers at which a report counts as constant."""
MIN_TAUGHT = 0.9
"""Share of the labels that a tuned report's answers must be able to express."""
MIN_ABLATIONS = 99
"""Control directions of each kind that an ablation is compared with."""
MIN_EFFECT = 0.01
"""Nats by which an ablation must move the next-token distribution to count as use."""
MAX_CORRELATION = 0.05
"""Largest |correlation| of a token count with a position for the two to count as decoupled."""
