"""A user-defined target in one Python file.

In: the path of a Python file given by the user (DATA or --targets). Out: a target like the built-in ones. The file has

    def items(n, seed)        dicts with `object_prompt` and `report_prompt`; also, optionally, the other columns of a
                              table: item_id, group, entity, source, label, control_answer, report_prompt:<elicitation>
    def label(item, reply)    the true label, a class or a number; None if the reply does not determine it
    def read(item, reply)     optional: what the reply to the report prompt says; None if it says nothing
    KIND, CLASSES             optional: "categorical" (else "count"); the classes in order, ("no", "yes") unless given
    ANSWERS                   optional: the valid answers, whose log-probabilities are kept; default: the classes
    REPLY_TOKENS              optional: longest reply to the object prompt, default 48; 0 if the label needs no reply

`docs/your-own-target.md` shows one.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

import pandas as pd

from tacit.errors import TargetError
from tacit.names import ANSWERED, REFUSED, UNREADABLE
from tacit.targets.available_forms import own_forms, own_wording
from tacit.targets.base import CountTokens, Item, Report, Stated, planted
from tacit.targets.elicitations import PRIMARY, Elicitation
from tacit.targets.readers.clean_text import plain, refuses
from tacit.targets.readers.counts import read_count
from tacit.targets.readers.other import concluded, read_choice
from tacit.targets.tables.cell_values import cell_text
from tacit.targets.tables.python_files import PYTHON, is_file, load_module, running
from tacit.targets.tables.user_tables import cells, own_reports, sample_rows

NEEDED = ("items", "label")
NEEDED_COLUMNS = ("object_prompt", "report_prompt")


@dataclass(frozen=True)
class OwnTarget:
    """See `base.Target`; everything specific to it is defined in the file `path`."""

    path: str
    sampled: bool = False

    @property
    def module(self) -> ModuleType:
        """The file, imported."""
        return load_module(self.path)

    @property
    def name(self) -> str:
        """The file's name without its ending."""
        return Path(self.path).stem

    @property
    def kind(self) -> str:
        """`count` or `categorical`."""
        return getattr(self.module, "KIND", "categorical")

    @property
    def classes(self) -> tuple[str, ...]:
        """The classes in order; () for counts."""
        return () if self.kind == "count" else tuple(getattr(self.module, "CLASSES", ("no", "yes")))

    @property
    def reply_tokens(self) -> int:
        """Longest reply to the object prompt."""
        return int(getattr(self.module, "REPLY_TOKENS", 48))

    @property
    def needs_reply(self) -> bool:
        """Whether the model is asked the object prompt at all."""
        return self.reply_tokens > 0

    @property
    def report_tokens(self) -> int:
        """Longest reply to the primary report prompt."""
        return self.reply_cap(PRIMARY)

    def items(self, n: int, seed: int, *, count_tokens: CountTokens | None = None) -> list[Item]:
        """The first `n` items of the file. Raises TargetError for an item without prompts, or a wrong KIND."""
        self._check()
        with running(self.path, "items"):
            rows = [row for row, _ in zip(self.module.items(n, seed), range(n), strict=False)]
        for number, row in enumerate(rows):
            if not isinstance(row, dict) or not all(str(row.get(column, "")).strip() for column in NEEDED_COLUMNS):
                raise TargetError(
                    f"{self.path}: item {number} is {str(row)[:60]}, expected a dict with object_prompt and "
                    "report_prompt. Correct items()."
                )
        if not rows:
            raise TargetError(
                f"{self.path}: items({n}, {seed}) returned no items, expected at least one. Correct items()."
            )
        table = pd.DataFrame(rows).map(cell_text)
        return [self._item(row) for _, row in sample_rows(table, None, seed).iterrows()]

    def label(
        self, item: Item, *, reply: str | None = None, n_tokens: int | None = None, ended: bool = True
    ) -> float | str | None:
        """The item's own label, else the one that the file computes."""
        if item.label:
            return float(item.label) if self.kind == "count" else item.label
        if reply is None and self.needs_reply:
            return None
        with running(self.path, "label", f"item {item.item_id!r}"):
            value = self.module.label(item, None if reply is None else plain(reply))
            return value if value is None or self.kind == "categorical" else float(value)

    def read(self, item: Item, reply: str, *, ended: bool = True, elicitation: Elicitation = PRIMARY) -> Report:
        """The visible reply, parsed by the file's `read` if it has one, else by the built-in reader for this kind."""
        text = concluded(reply, ended=ended) if elicitation.rung == "reason" else plain(reply)
        if not hasattr(self.module, "read"):
            return read_count(text, ended=ended) if self.kind == "count" else read_choice(text, self.classes)
        with running(self.path, "read", f"item {item.item_id!r}"):
            value = self.module.read(item, text)
            value = float(value) if self.kind == "count" and value is not None else value
        if value is None:
            return Report(REFUSED if refuses(text) else UNREADABLE)
        return Report(ANSWERED, value if self.kind == "count" else str(value))

    def forms(self, items: Sequence[Item]) -> tuple[Elicitation, ...]:
        """The primary elicitation and those that the items define."""
        return own_forms(items)

    def report_prompt(self, item: Item, elicitation: Elicitation = PRIMARY) -> str:
        """The item's own wording. Raises TargetError for an elicitation that it does not define."""
        own = own_wording(item, elicitation)
        if own is None:
            raise TargetError(
                f"{self.path}: item {item.item_id!r} has no report_prompt:{elicitation.name}. Add it in items()."
            )
        return own

    def valid_answers(self, items: Sequence[Item], elicitation: Elicitation = PRIMARY) -> tuple[str, ...]:
        """The file's ANSWERS, else its classes; () for free text."""
        if elicitation.rung in ("free", "reason"):
            return ()
        return tuple(str(each) for each in getattr(self.module, "ANSWERS", self.classes))

    def shot_answer(self, item: Item, label: float | str) -> str:
        """The label as text."""
        return f"{float(label):.10g}" if self.kind == "count" else str(label)

    def control_answer(self, item: Item, elicitation: Elicitation = PRIMARY) -> str:
        """The planted answer."""
        return item.control_answer

    def control_fact(self, item: Item, elicitation: Elicitation = PRIMARY) -> Stated | None:
        """None: only the file knows what its answers follow from."""
        return None

    def reply_cap(self, elicitation: Elicitation = PRIMARY) -> int:
        """Maximum number of new tokens of a reply to this elicitation."""
        return {"reason": 200, "free": 48, "logits": 0}.get(elicitation.rung, 24)

    def _item(self, row: pd.Series) -> Item:
        answers = self.valid_answers(()) or tuple(str(number) for number in range(5, 61, 5))
        return Item(
            item_id=row["item_id"], object_prompt=row["object_prompt"], report_prompt=row["report_prompt"],
            control_answer=row.get("control_answer", "") or planted(row["item_id"], answers),
            label=row.get("label", ""), property=f"{PYTHON}:{self.path}", reports=own_reports(row), **cells(row),
        )  # fmt: skip

    def _check(self) -> None:
        missing = [name for name in NEEDED if not callable(getattr(self.module, name, None))]
        if missing:
            raise TargetError(f"{self.path} defines no {'() and no '.join(missing)}(), which a target needs. Add it.")
        if self.kind not in ("count", "categorical"):
            raise TargetError(f'{self.path}: KIND is {self.kind!r}, expected "categorical" or "count". Correct it.')
        for name in ("CLASSES", "ANSWERS"):
            value = getattr(self.module, name, ())
            if not isinstance(value, tuple | list) or not all(isinstance(each, str | int | float) for each in value):
                raise TargetError(f"{self.path}: {name} is {value!r}, expected a tuple of strings. Correct it.")
        tokens = getattr(self.module, "REPLY_TOKENS", 0)
        if not isinstance(tokens, int) or tokens < 0:
            raise TargetError(f"{self.path}: REPLY_TOKENS is {tokens!r}, expected a number of tokens. Correct it.")


def for_own(items: Sequence[Item]) -> OwnTarget | None:
    """The user-defined target that made these items; None for items of the built-in targets.

    Raises TargetError like `load_module`.
    """
    head, _, path = items[0].property.partition(":") if items else ("", "", "")
    if head != PYTHON or not is_file(path):
        return None
    load_module(path)
    return OwnTarget(path)
