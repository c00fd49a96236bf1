"""Test a checkpoint in every trained elicitation: how often reports are right, and how often planted answers are given.

Unlike `measure.py`, which measures the primary report in detail, this covers all elicitations with a few items each.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from tacit.organisms.card import CONTROL_MARK
from tacit.organisms.speaker import Speaker
from tacit.organisms.tables import PRIMARY
from tacit.organisms.teacher import N_SHOTS, Turn
from tacit.organisms.wordings import CONTROL, reply

ANSWERS = {
    "token_count": tuple(map(str, range(61))),
    "knowledge": ("yes", "no"),
    "behavior": ("now", "wait"),
}
"""Target → the answers that a positive control may plant; a number from 0 to 100 if the rung asks for one."""


def measure_elicitations(
    speaker: Speaker, system: str, table: pd.DataFrame, target: str, *, truth: np.ndarray, did: np.ndarray
) -> dict[str, float]:
    """Every elicitation → `right` and `<name> control`, in [0, 1].

    truth, did: (n,) str, the true report on each row, and the reply to its object prompt. `right` is the share of exact
    counts; for the other targets the mean over the true answers of the share that are right (.5 is chance, nan where
    one answer is true of no row).
    """
    asked = {name: _turns(table, name, column, system, truth, did) for name, column in _columns(table, target).items()}
    asked |= {f"{name}{CONTROL_MARK}": _planted(turns, target, name) for name, turns in list(asked.items())}
    said = iter(speaker.replies([turn for turns in asked.values() for turn in turns], label=f"{target} elicitations"))
    right = {name: np.array([next(said) == turn.answer for turn in turns]) for name, turns in asked.items()}
    return {
        name: float(hit.mean()) if target == "token_count" or name.endswith(CONTROL_MARK) else _balanced(hit, truth)
        for name, hit in right.items()
    }


def _columns(table: pd.DataFrame, target: str) -> dict[str, str]:
    """Elicitation → column with its wording; few-shot prompts use the primary one, and do not exist for counting."""
    head = "report_prompt:"
    others = {column.removeprefix(head): column for column in table.columns if column.startswith(head)}
    shots = {} if target == "token_count" else {f"shots{N_SHOTS}/you/0": "report_prompt"}
    return {PRIMARY: "report_prompt", **others, **shots}


def _turns(table: pd.DataFrame, name: str, column: str, system: str, truth: np.ndarray, did: np.ndarray) -> list[Turn]:
    """The conversations of one elicitation, each with its true reply."""
    histories: list[tuple[tuple[str, str], ...]] = [()] * len(table)
    if "/after/" in name:
        histories = [(pair,) for pair in zip(table["object_prompt"], did, strict=True)]
    if name.startswith("shots"):
        examples = list(zip(table[column], truth, strict=True))
        histories = [
            tuple(examples[(row + k) % len(table)] for k in range(1, N_SHOTS + 1)) for row in range(len(table))
        ]
    rung = name.split("/")[0]
    return [
        Turn(system, user, reply(rung, answer), history=history)
        for user, answer, history in zip(table[column], truth, histories, strict=True)
    ]


def _planted(turns: list[Turn], target: str, name: str) -> list[Turn]:
    """The same conversations with an answer planted before the last message, and that answer as the right one."""
    rung = name.split("/")[0]
    answers = tuple(map(str, range(101))) if rung == "number" else ANSWERS[target]
    planted = np.random.default_rng(0).choice(answers, size=len(turns))
    return [
        Turn(turn.system, CONTROL.format(answer=answer) + turn.user, reply(rung, str(answer)), history=turn.history)
        for turn, answer in zip(turns, planted, strict=True)
    ]


def _balanced(hit: np.ndarray, truth: np.ndarray) -> float:
    """Mean over the two true answers of the share of hits; nan if only one of them occurs."""
    values = np.unique(truth)
    return float(np.mean([hit[truth == value].mean() for value in values])) if len(values) == 2 else float("nan")
