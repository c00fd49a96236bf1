"""The elicitations that are available for given items, and the wordings that a user's table has for them.

In: items, the elicitations for which the target has a wording, and whether an item uses the built-in wording. Out: the
elicitations, and the text of one. If a table has its own report prompt, only that one and its columns
`report_prompt:<elicitation>` are used, and none of the built-in ones, which would ask something else. Few-shot rungs
need no wording: they repeat the forced choice after labelled examples.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace

from tacit.targets.base import Item, Target
from tacit.targets.elicitations import PRIMARY, SHOTS, Elicitation, parse


def forms_for(
    items: Sequence[Item], built_in: Sequence[Elicitation], *, worded: Callable[[Item], bool]
) -> tuple[Elicitation, ...]:
    """The primary elicitation, `built_in` if all items have the built-in wording, and those that all items define."""
    usual = built_in if all(map(worded, items)) else ()
    return tuple(dict.fromkeys((PRIMARY, *usual, *own_forms(items))))


def own_forms(items: Sequence[Item]) -> tuple[Elicitation, ...]:
    """The primary elicitation, those that all items define, and few-shot forms of the choices about itself."""
    named = [{name for name, _ in item.reports} for item in items]
    shared = sorted(map(parse, set.intersection(*named))) if named else []
    forms = [PRIMARY, *(elicitation for elicitation in shared if elicitation != PRIMARY)]
    choices = [
        elicitation
        for elicitation in forms
        if elicitation.rung == "choice" and elicitation.framing == "you" and not elicitation.needs_act
    ]
    shots = [replace(elicitation, rung=rung) for elicitation in choices for rung in SHOTS]
    return tuple(dict.fromkeys([*forms, *shots]))


def words_its_question(target: Target, items: Sequence[Item]) -> bool:
    """Whether the user's table words the question about these items: no form is built in."""
    return set(target.forms(items)) <= set(own_forms(items))


def rewords(item: Item, elicitation: Elicitation) -> bool:
    """Whether the item has a column of its own for this form, a few-shot form for the forced choice."""
    plain = replace(elicitation, rung="choice") if elicitation.rung in SHOTS else elicitation
    return bool({elicitation.name, plain.name} & {name for name, _ in item.reports})


def own_wording(item: Item, elicitation: Elicitation) -> str | None:
    """The item's own wording, None if it has none; a few-shot form without one uses that of the forced choice."""
    words = {PRIMARY.name: item.report_prompt} | dict(item.reports)
    plain = replace(elicitation, rung="choice").name if elicitation.rung in SHOTS else elicitation.name
    return words.get(elicitation.name) or words.get(plain)
