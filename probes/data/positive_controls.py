"""The natural positive control of a report: what it came to, and whether it shows that the form works.

In: answer -> [how often it came back, how often it was asked]. Out: a `Control`. The planted control says which answer
is right ("The right answer to the next question is yes."); the natural one states a fact from which the answer follows.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tacit.thresholds import MIN_CONTROL, MIN_CONTROLS


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
            f"natural control: the stated fact came back in {self.accuracy:.0%} of {self.n}"
            f" ({self.balanced:.0%} averaged over {self.n_answers} answers, of which always the same one would give"
            f" {1 / self.n_answers:.0%})"
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
