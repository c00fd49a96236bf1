"""In which forms a target's items can be asked about, and the words that a table brings for them.

In: items, the forms that the target has words for, and whether an item is asked in those words. Out: elicitations, and
the text of one. A table that words its report itself has that one and the further ones that it names in columns
`report_prompt:<elicitation>`: the built-in wording would ask something else. The k-shot rungs need no words of their
own: they show the question of the forced choice after answered examples.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace

from tacit.targets.base import Item
from tacit.targets.elicitations import PRIMARY, SHOTS, Elicitation, parse


def forms_for(
    items: Sequence[Item], built_in: Sequence[Elicitation], *, worded: Callable[[Item], bool]
) -> tuple[Elicitation, ...]:
    """The primary form, `built_in` where every item is `worded` by the target, and those that every item brings."""
    usual = built_in if all(map(worded, items)) else ()
    return tuple(dict.fromkeys((PRIMARY, *usual, *own_forms(items))))


def own_forms(items: Sequence[Item]) -> tuple[Elicitation, ...]:
    """The primary form, the named ones that every item has, and the k-shot forms of the forced choices about itself."""
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


def own_wording(item: Item, elicitation: Elicitation) -> str | None:
    """The item's own words for `how`; a k-shot form without any takes the forced choice's; None = has none."""
    words = {PRIMARY.name: item.report_prompt} | dict(item.reports)
    plain = replace(elicitation, rung="choice").name if elicitation.rung in SHOTS else elicitation.name
    return words.get(elicitation.name) or words.get(plain)
