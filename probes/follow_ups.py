"""What can be asked only once the model has acted: its labels make examples, and its own replies are shown to it.

In: a store that holds acts and primary reports, a target, items, and the chosen elicitations. Out: `FollowUp`s, plain
text to be put to the model. The examples that an item is shown come from the other folds, which are the very folds that
the probe is scored on: the report then sees labels of the same training groups as the probe.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tacit.errors import ProbeError
from tacit.probes.data.examples import Examples, Replies, make_examples
from tacit.probes.data.folds import make_folds
from tacit.targets.base import NATURAL
from tacit.targets.elicitations import PRIMARY, Elicitation
from tacit.targets.questions import Question, after_act, candidates, choose_shots, n_shots, natural_apart, with_shots


@dataclass(frozen=True)
class FollowUp:
    """Questions to some of the items of one target."""

    item_ids: tuple[str, ...]
    questions: tuple[Question, ...]
    part: str
    """names the part of the store in which the replies are kept"""


def follow_ups(
    store, target, items: Sequence, elicitations: Sequence[Elicitation], condition: str, *, seed: int, controls: int
) -> list[FollowUp]:
    """The follow-ups of one target and condition; [] where none was chosen, or where nothing can be labelled."""
    told, found = Replies(store.replies, target.name, condition), []
    after = [elicitation for elicitation in elicitations if elicitation.context == "after"]
    acted = [item for item in items if told.object.get(item.item_id, {}).get("text")]
    if after and acted:
        replies = {item.item_id: told.object[item.item_id]["text"] for item in acted}
        wanted = [w for elicitation in after for w in after_act(target, acted, elicitation, replies, controls=controls)]
        found += _apart([item.item_id for item in acted], wanted, "acted")
    shots = [elicitation for elicitation in elicitations if n_shots(elicitation)]
    if shots:
        found += _shown(store, target, items, shots, condition, seed, controls)
    pairs = _candidates(target, items, told.samples) if target.sampled and told.samples else []
    if pairs:
        found.append(FollowUp(tuple(item.item_id for item, _ in pairs), (candidates(pairs),), "candidates"))
    return found


def _candidates(target, items: Sequence, samples: Mapping[str, Sequence[str]]) -> list[tuple]:
    """(item, candidate answer) pairs, of every item."""
    return [(item, text) for item in items for text in target.candidates(item, items, samples.get(item.item_id, ()))]


def _shown(store, target, items, elicitations, condition: str, seed: int, controls: int) -> list[FollowUp]:
    """Reports after answered examples, of the items that have a label."""
    try:
        examples = make_examples(store, target, condition, items, forms=(PRIMARY,))
        folds = make_folds(examples.y, examples.groups, kind=examples.kind, seed=seed)
    except ProbeError:
        return []  # the probe will meet the same reason, and say it
    own = [items[row] for row in examples.rows]
    labels = [_label(examples, row) for row in range(len(own))]
    found = []
    for elicitation in elicitations:
        shots = choose_shots(examples.y, examples.groups, folds.fold, k=n_shots(elicitation), seed=seed)
        wanted = with_shots(target, own, elicitation, labels, shots, controls=controls)
        found += _apart(examples.item_ids, wanted, elicitation.name.replace("/", "-"))
    return found


def _apart(item_ids: Sequence[str], wanted: Sequence[Question], part: str) -> list[FollowUp]:
    """The natural controls in a part of their own."""
    asked, natural = natural_apart(wanted)
    found = [FollowUp(tuple(item_ids), asked, part)]
    if natural:
        found.append(FollowUp(tuple(item_ids[: len(natural[0].texts)]), natural, f"{part}-{NATURAL}"))
    return found


def _label(examples: Examples, row: int) -> float | str:
    return float(examples.y[row]) if examples.kind == "count" else examples.classes[int(examples.y[row])]
