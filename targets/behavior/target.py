"""Target `behavior`: does the model know in advance what it will do?

In: built-in prompts (`choices.py`, `prompts.py`), the user's table (`question`, optionally `options`, `property`,
`matching`), or published data (`published.py`). Out: items whose object prompt makes the model act and whose report
prompt asks it to predict its own answer (Binder et al. 2024, arXiv 2410.13787). Each target is about one property in
`properties.py`: by default the choice between the options or, without options, the first word of the reply. A run may
have several such targets (`properties_asked.py`). The questions are in `wording.py`.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import pandas as pd

from tacit.errors import TargetError
from tacit.names import BEHAVIOR
from tacit.seeds import stream
from tacit.targets.available_forms import own_forms, own_wording, rewords
from tacit.targets.base import CountTokens, Item, Report, Stated, check_n
from tacit.targets.behavior.choices import OPTIONS
from tacit.targets.behavior.items import built_in, from_row, truths
from tacit.targets.behavior.option_order import order_balance
from tacit.targets.behavior.prompts import SIZE, prompts
from tacit.targets.behavior.properties import YES_NO, Property, find
from tacit.targets.behavior.published_rows import usable_rows
from tacit.targets.behavior.wording import control_fact, lettered, word
from tacit.targets.chats import last_message, reworded
from tacit.targets.elicitations import PRIMARY, SHOTS, Elicitation, usual_forms
from tacit.targets.readers.options import read_option
from tacit.targets.readers.other import concluded
from tacit.targets.tables.published import exchanged, labelled
from tacit.targets.tables.table_checks import check_table
from tacit.targets.tables.user_tables import sample_rows

VARIANTS = ("swapped", "letters", "letters-swapped")
RUNGS = ("choice", "free", *SHOTS, "reason", "prefill")
CAPS = {"reason": 200, "free": 48, "logits": 0}
"""Rung -> maximum number of new tokens of a report; for `logits` only the distribution is read."""


@dataclass(frozen=True)
class Behavior:
    """See `base.Target`. One property and one set of options; `for_items` takes both from the items."""

    feature: str = "option"
    options: tuple[str, ...] = OPTIONS
    name: str = BEHAVIOR
    needs_reply: bool = True
    sampled: bool = False
    report_tokens: int = 24
    least_reply: int = 0
    """Fewest tokens that a reply to the object prompt may have; other properties are read from the same reply."""

    @property
    def about(self) -> Property:
        """The property of this target."""
        return find(self.feature)

    @property
    def kind(self) -> str:
        """A count for lengths, categories otherwise."""
        return self.about.kind

    @property
    def classes(self) -> tuple[str, ...]:
        """The property's classes; for `option` the options in canonical order; () = taken from the labels."""
        return self.options if self.feature == "option" else self.about.classes

    @property
    def reply_tokens(self) -> int:
        """Maximum number of new tokens of a reply, enough to measure the property."""
        return max(self.about.reply_tokens, self.least_reply)

    def items(self, n: int, seed: int, *, count_tokens: CountTokens | None = None) -> list[Item]:
        """Prompts about many things, whose answers show the property; things are groups, option order is balanced."""
        check_n(n, self.name)
        made = prompts(self.about.act, n, stream(seed, "choice items"))
        if len(made) < n:
            raise TargetError(
                f"behavior: {n} items of {self.feature} were asked for, and there are {SIZE} built-in questions. "
                "Lower N, or give a table with questions of your own."
            )
        items = [built_in(prompt, self.about) for prompt in made]
        if self.about.act == "choice":
            assert order_balance(items).worst_group <= 1, "the order of the options is not balanced within groups"
        return items

    def from_table(
        self, table: pd.DataFrame, *, n: int | None, seed: int, count_tokens: CountTokens | None = None
    ) -> list[Item]:
        """Items of a table with `question`, or of published data; the property is in its column `property`, else it is
        `option` where there are options, else `first_word`."""
        table = usable_rows(table)
        check_table(table, BEHAVIOR)
        items = [from_row(row) for _, row in sample_rows(table, n, seed).iterrows()]
        for_items(items)
        return items

    def label(
        self, item: Item, *, reply: str | None = None, n_tokens: int | None = None, ended: bool = True
    ) -> float | str | None:
        """The table's label, else the property of `reply`; None if it cannot be measured.

        `ended=False`: the reply was cut off by its length cap, so that its end and its length are censored.
        """
        if item.label:
            return float(item.label) if self.kind == "count" else item.label
        return None if reply is None else self.about.measure(item, reply, ended)

    def read(self, item: Item, reply: str, *, ended: bool = True, elicitation: Elicitation = PRIMARY) -> Report:
        """What the model predicts of its own answer."""
        if elicitation.rung == "reason":
            reply = concluded(reply, ended=ended)
        if elicitation.variant.startswith("letters"):
            names = lettered(self._closed(), elicitation.variant)
            return read_option(reply, tuple(names.values()), letters=tuple(names))
        if self._exchanges(item, elicitation):
            shown = reworded(item.object_prompt, exchanged)
            item = replace(item, answers=item.answers[::-1], object_prompt=shown)
        return self.about.read(item, reply, ended)

    def forms(self, items: Sequence[Item]) -> tuple[Elicitation, ...]:
        """Every rung, framing, context and paraphrase of the built-in wording, and those that the items define; for
        items with their own report prompts only the latter."""
        own = own_forms(items)
        if any(item.report_prompt != word(item, self.about, PRIMARY) for item in items):
            return own
        usual = usual_forms(rungs=RUNGS, variants=self._variants(items), contexts=("before", "after"))
        return tuple(dict.fromkeys([*usual, *own]))

    def report_prompt(self, item: Item, elicitation: Elicitation = PRIMARY) -> str:
        """The item's own wording, else the built-in one; after the act the follow-up question alone."""
        own = own_wording(item, elicitation)
        if own is not None:
            return own
        if self._exchanges(item, elicitation):
            item = replace(item, object_prompt=reworded(item.object_prompt, exchanged))
        return word(item, self.about, replace(elicitation, rung="choice") if elicitation.rung in SHOTS else elicitation)

    def valid_answers(self, items: Sequence[Item], elicitation: Elicitation = PRIMARY) -> tuple[str, ...]:
        """The valid answers in the order of the classes; letters in the order of the classes that they label.

        For `matching_option` these are the options of all items; `read` decides which of them is the matching one.
        """
        if elicitation.rung in ("free", "reason"):
            return ()
        if elicitation.variant.startswith("letters"):
            return self._letters(elicitation)
        if self.about.answers:
            return truths(items[0]) if items and self.about.answers == YES_NO else self.about.answers
        return self.options if self.feature == "option" else tuple(sorted({a for item in items for a in item.answers}))

    def shot_answer(self, item: Item, label: float | str) -> str:
        """The label as an example shows it: a number, the option, or the word that the item's own prompt asks for."""
        if self.kind == "count":
            return f"{float(label):.10g}"
        if self.feature == "matching_option":
            return item.answers[-1 if label == "yes" else 0]
        return truths(item)[YES_NO.index(label)] if self.about.answers == YES_NO else str(label)

    def control_answer(self, item: Item, elicitation: Elicitation = PRIMARY) -> str:
        """The planted answer, or its letter where the elicitation uses letters."""
        if not elicitation.variant.startswith("letters"):
            return item.control_answer
        return self._letters(elicitation)[self._closed().index(item.control_answer)]

    def control_fact(self, item: Item, elicitation: Elicitation = PRIMARY) -> Stated | None:
        """What the answer would be, or the reply itself; None where the table words the question."""
        if rewords(item, elicitation) or item.report_prompt != word(item, self.about, PRIMARY):
            return None
        return control_fact(item, self.about, no=truths(item)[0], after=elicitation.context == "after")

    def reply_cap(self, elicitation: Elicitation = PRIMARY) -> int:
        """Maximum number of new tokens of a reply to this elicitation."""
        return CAPS.get(elicitation.rung, self.report_tokens)

    def _closed(self) -> tuple[str, ...]:
        """The classes that letters can label, in canonical order."""
        return self.about.answers or self.options

    def _letters(self, elicitation: Elicitation) -> tuple[str, ...]:
        """The letter of each class, in the order of the classes."""
        names = {name: letter for letter, name in lettered(self._closed(), elicitation.variant).items()}
        return tuple(names[name] for name in self._closed())

    def _exchanges(self, item: Item, elicitation: Elicitation) -> bool:
        """Whether this elicitation exchanges the letters of the two labelled options in the item's question."""
        lettered_options = len(labelled(last_message(item.object_prompt))) == 2 and not labelled(item.passage)
        return elicitation.variant == "swapped" and self.feature == "matching_option" and lettered_options

    def _variants(self, items: Sequence[Item]) -> tuple[str, ...]:
        """Variants with other orders and letters, if the answers are a closed set; letters can only be exchanged."""
        if self.feature == "matching_option":
            swapped = Elicitation("logits", variant="swapped")
            return ("swapped",) if all(self._exchanges(item, swapped) for item in items) else ()
        if self.feature == "option":
            return () if all(len(option) == 1 for option in self.options) else VARIANTS
        closed = self.about.answers == self.about.classes
        return () if not closed else VARIANTS if self.classes == YES_NO else VARIANTS[1:]


def for_items(items: Sequence[Item]) -> Behavior:
    """The target of these items. Raises `TargetError` if they have several properties or several sets of options."""
    properties = sorted({item.property or "option" for item in items})
    if len(properties) > 1:
        raise TargetError(
            f"behavior: the items have the properties {', '.join(properties)}, expected one per target. Name those that"
            f" you want after the table: --data behavior=TABLE:{','.join(properties[:2])} (or TABLE:all)"
        )
    options = {item.answers for item in items}
    if properties == ["option"] and len(options) > 1:
        shown = " and ".join("|".join(each) for each in sorted(options)[:2])
        raise TargetError(
            f"behavior: the rows have {len(options)} different sets of options (such as {shown}), expected the "
            "same in every row, and in the same order. Give all rows the same names, for example now|wait, and put "
            "their meaning in the question."
        )
    return Behavior(properties[0], options.pop()) if properties == ["option"] else Behavior(*properties)
