"""The words of levels P and U: what a peer's states lack, and what ablating the probe direction changes.

In: `Evidence`. Out: the name and the figures of a condition each. Nothing is decided here.
"""

import math

from tacit.probes.verdicts.evidence import Evidence, Peer
from tacit.probes.verdicts.ladder import enough_ablations, enough_shared, short_of
from tacit.probes.verdicts.number_formats import chance_of, span
from tacit.thresholds import ALPHA, MIN_ABLATIONS, MIN_EFFECT, MIN_GROUPS, MIN_ITEMS, WORTH


def beats_peers(e: Evidence) -> tuple[str, str]:
    """The model's own states against each peer's."""
    name = "the model's own states carry more than a peer model's"
    if not e.peers:
        return name, "not run (tacit compare with another model's run on the same items)"
    return name, "; ".join(_peer(p) for p in e.peers)


def _peer(p: Peer) -> str:
    """One peer: its figures, or what is missing for them to show privilege."""
    text = f"{p.run}: on {p.lead.n} shared items the lead of the model's own states is {span(p.lead)}"
    few = f"fewer than {MIN_ITEMS} items, or than {MIN_GROUPS} groups of the rarer class"
    if not enough_shared(p):
        return f"{text}; not assessed, because these are {few}"
    if not p.lead.lower > 0:
        return text
    if short_of(p) == "equal_truths":
        return f"{text}; not assessed, because the two models' truths differ on {few}"
    if short_of(p) == "weak_peer":
        own = "unknown" if p.on_own is None else span(p.on_own)
        return (
            f"{text}; not assessed, because a probe of {p.run} does not predict its own truth well enough (score {own};"
            f" needed: lower limit above {p.chance + WORTH:g}, and no more than {WORTH:g} below {p.target_on_own:.3f},"
            " the score of this model's probe)"
        )
    return f"{text}; where the truths differ, both models' states together lead {p.run}'s alone by {span(p.adds)}"


def used(e: Evidence) -> tuple[str, str]:
    """What the ablation changes, beside its controls."""
    name, u = "the model uses the probe direction", e.used
    if u is None:
        bound = "" if e.gap.ranks is None else "; not possible for a count read by LDA, which has no single direction"
        return name, f"not run (tacit ablate{bound})"
    text = (
        f"ablating it at the {u.site} prompt, layer {u.layer}, changes the next-token distribution of {u.n} items by"
        f" {u.effect:.2g} nats on average (at least {MIN_EFFECT} are required); ablating {u.n_random} label-shuffled"
        f" probes changes it by {u.shuffled_mean:.2g} (95th percentile {u.shuffled_q95:.2g}, p = {u.p_shuffled:.2g}),"
        f" and as many random directions matched in norm by {u.other_mean:.2g} (95th percentile {u.other_q95:.2g},"
        f" p = {u.p_other:.2g})"
    )
    if e.used_p is not None and e.n_used > 1:
        text += f"; adjusted over {e.n_used} ablations (Holm): {chance_of(e.used_p)}"
        if e.n_used > ALPHA * (u.n_random + 1):
            needed = math.ceil(e.n_used / ALPHA) - 1
            text += f", which can fall to {ALPHA:g} only with {needed} or more control directions of each kind"
    few = f"; not assessed, because that takes {MIN_ITEMS} items and {MIN_ABLATIONS} control directions of each kind"
    return name, text + few * (not enough_ablations(u))
