"""The positive controls of a report: what they came to, and whether they show that a form works.

The planted control says which answer is right ("The right answer to the next question is yes."); the natural one states
a fact from which the answer follows. Of words, the answers that came back are counted (`Control`). Log-probabilities
are scored like the report that they are: by how well they tell the stated answers apart (`ReadOut`), for a model that
leans towards one answer whatever it is told has a biased threshold, and a ranking has none.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tacit.probes.statistics.metrics import printed
from tacit.thresholds import MIN_CONTROL, MIN_CONTROLS, MIN_PARSED


@dataclass(frozen=True)
class Control:
    """The natural control of one elicitation."""

    accuracy: float
    """share of its answers that came back; nan if none was asked"""
    n: int
    other: float
    """the same where the answer is not the commonest report; nan if there are too few"""
    balanced: float
    """mean over the answers of the share that came back: 1 / n_answers for a model that always says the same"""
    n_answers: int
    """different answers that were asked for"""

    @property
    def enough(self) -> bool:
        """Whether it can be judged: as many replies as the planted control needs, with two answers or more."""
        return self.n >= MIN_CONTROLS and self.n_answers > 1

    @property
    def passed(self) -> bool:
        """Whether enough answers came back, over the prompts as well as averaged over the answers."""
        return self.enough and min(self.accuracy, self.balanced) >= MIN_CONTROL

    @property
    def told(self) -> str:
        """One clause about it, with the share that a model reaches that always says the same."""
        return (
            f"natural control: the answer that follows from a stated fact came back in {self.accuracy:.0%} of {self.n}"
            f" prompts ({self.balanced:.0%} averaged over {self.n_answers} answers; always giving the same one would"
            f" reach {1 / self.n_answers:.0%})"
        )


def natural_control(tally: Mapping[str, Sequence[int]] | None, said: str = "") -> Control | None:
    """The natural control of this tally, None where nothing was asked; said: the commonest report, which `other` leaves
    out."""
    asked = {answer: counts for answer, counts in (tally or {}).items() if counts[1]}
    if not asked:
        return None
    right, n = (sum(counts[k] for counts in asked.values()) for k in (0, 1))
    other = [counts for answer, counts in asked.items() if answer != said]
    n_other = sum(counts[1] for counts in other)
    shares = [counts[0] / counts[1] for counts in asked.values()]
    return Control(
        right / n,
        n,
        other=sum(counts[0] for counts in other) / n_other if n_other >= MIN_CONTROLS else math.nan,
        balanced=sum(shares) / len(shares),
        n_answers=len(shares),
    )


@dataclass(frozen=True)
class ToldApart:
    """How well log-probabilities tell the answers apart that the prompts of one control state."""

    score: float
    """AUROC, of several classes the mean of one against the rest; nan where a class was not stated"""
    n: int
    least: int
    """prompts that state the rarest of the classes"""

    @property
    def enough(self) -> bool:
        """Whether it can be judged: each class is stated as often as a control of words needs in all."""
        return self.least >= MIN_CONTROLS and not math.isnan(self.score)

    @property
    def passed(self) -> bool:
        """Whether the answers are told apart. For words, the share that came back is their AUROC: the bound is one."""
        return self.enough and self.score >= MIN_CONTROL


@dataclass(frozen=True)
class ReadOut:
    """A report that is read from log-probabilities, and its controls."""

    name: str
    """as among the rungs, such as "logits" """
    covered: float
    """share of the items that have one"""
    metric: str
    planted: ToldApart | None
    natural: ToldApart | None
    """None where no log-probabilities were kept in that control"""

    @classmethod
    def read(cls, written: Mapping) -> "ReadOut":
        """Back from JSON, which holds null for nan."""
        controls = [written[kind] and ToldApart(**_numbers(written[kind])) for kind in ("planted", "natural")]
        return cls(written["name"], float(written["covered"]), written["metric"], *controls)

    @property
    def shown(self) -> bool:
        """Whether it can be read of most items, and a control shows that it follows what the prompt states."""
        return self.covered >= MIN_PARSED and any(found is not None and found.passed for found in self._controls)

    @property
    def n(self) -> int:
        """Prompts of the control that has most of them, among those that can be judged."""
        return max((found.n for found in self._controls if found is not None and found.enough), default=0)

    @property
    def told(self) -> str:
        """One clause about its controls; "" where none can be judged."""
        found = [
            f"{found.score:.2f} in {found.n} prompts of the {kind} control"
            for kind, found in zip(("planted", "natural"), self._controls, strict=True)
            if found is not None and found.enough
        ]
        return (
            f"{self.name} separates the stated answers with {printed(self.metric)} {', '.join(found)}" if found else ""
        )

    @property
    def _controls(self) -> tuple[ToldApart | None, ToldApart | None]:
        return self.planted, self.natural


def _numbers(written: Mapping) -> dict:
    return {name: math.nan if number is None else number for name, number in written.items()}
