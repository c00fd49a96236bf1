"""What was said in one form of question: the replies of all items read, their log-probabilities, and the controls.

In: items, a target, the replies of one elicitation. Out: `ParsedReports`, numbers in the order of the items. Replies of
every form are read by the target's own reader; a reply that gives no answer is NaN.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from scipy.special import logit

from tacit.errors import ProbeError
from tacit.names import OUT_OF_RANGE, OUTCOMES
from tacit.probes.data.answers import Answer, Coding, answer, in_range, named
from tacit.probes.data.read_outs import ControlReadOut, chosen, control_read_out, likeliest, read_logprobs
from tacit.targets.elicitations import Elicitation
from tacit.targets.readers.thoughts import has_thoughts, opened
from tacit.thresholds import MIN_CONTROLS

SUREST = 0.995
"""Confidences are kept this far from 0 and 1, so that 100 % is a finite log-odds."""


@dataclass(frozen=True)
class ParsedReports:
    """One elicitation's reports, in the order of the items."""

    elicitation: Elicitation
    value: np.ndarray
    """(n_items,) float64, number or class index that was said; -1 a class that is none of these; NaN not answered"""
    outcome: tuple[str, ...]
    """answered, refused, unreadable or out of range, per item"""
    names: tuple[str | None, ...]
    """what was said in words, None where nothing readable was"""
    graded: np.ndarray | None
    """(n_items,) float64, log-odds of a confidence that was said in per cent; None for other forms"""
    readouts: dict[str, np.ndarray]
    """"expected" and "median" (counts), or "odds": (n_items,) log-odds or (n_items, n_classes) log-shares; may be {}"""
    control_right: np.ndarray
    """(n_control,) bool, whether the planted answer of the positive control was repeated"""
    control_planted: tuple[str, ...]
    """what was planted, per control reply"""
    natural_right: np.ndarray = field(default_factory=lambda: np.empty(0, dtype=bool))
    """(n_natural,) bool, the same of the natural control, whose answer follows from a fact in the prompt"""
    natural_planted: tuple[str, ...] = ()
    """that answer, per natural control reply"""
    control_odds: ControlReadOut | None = None
    """the log-probabilities after the prompts of the positive control; None where none are kept"""
    natural_odds: ControlReadOut | None = None
    """the same of the natural control"""
    texts: tuple[str | None, ...] = ()
    """the replies as they were written, per item; None where there is none"""

    @property
    def coverage(self) -> dict[str, float]:
        """See `outcome_shares`."""
        return outcome_shares(self.outcome)

    def thoughts(self) -> dict[str, float]:
        """Shares of the replies that begin with the model's thoughts, and that were cut off within them; {} where no
        reply has thoughts."""
        texts = [text for text in self.texts if text]
        thought = sum(map(has_thoughts, texts))
        return (
            {"thought": thought / len(texts), "cut": sum(map(bool, map(opened, texts))) / len(texts)} if thought else {}
        )

    def commonest(self) -> tuple[float, str]:
        """Share and text of the commonest answer among the answered; (nan, "") where nothing was answered."""
        said = [name for name in self.names if name is not None]
        if not said:
            return float("nan"), ""
        usual = max(dict.fromkeys(said), key=said.count)
        return said.count(usual) / len(said), usual


def parse_reports(
    target,
    items: Sequence,
    elicitation: Elicitation,
    replies: Mapping[str, dict],
    controls: Mapping[str, dict],
    every: Sequence,
    coding: Coding,
    largest: float = np.inf,
    natural: Mapping[str, dict] | None = None,
) -> ParsedReports:
    """Read one form's replies.

    replies, controls, natural: item id -> row of the replies table; items: those analysed; every: those asked.
    largest: the largest true count; a count of more than `WILD` times that is out of range, a non-answer.
    Raises ProbeError where an analysed item was not asked in this form.
    """
    silent = [item.item_id for item in items if item.item_id not in replies]
    if silent:
        raise ProbeError(
            f"{target.name}: {len(silent)} items, such as {silent[0]}, have no reply to {elicitation.name}."
            " Run: make cache"
        )
    read = [in_range(answer(target, item, replies[item.item_id], elicitation), coding, largest) for item in items]
    readouts = read_logprobs(target, items, replies, elicitation, coding)
    if elicitation.rung == "logits":
        read = chosen(readouts, coding, len(items))
    graded = _confidence_odds(read) if elicitation.rung == "number" and coding.kind == "binary" else None
    value = _codes(read, coding) if graded is None else _favoured_class(graded)
    right, planted = parse_controls(target, every, controls, elicitation)
    natural_right, natural_planted = parse_controls(target, every, natural or {}, elicitation)
    return ParsedReports(
        elicitation=elicitation,
        value=value,
        outcome=tuple(r.outcome for r in read),
        names=tuple(None if r.value is None else named(r.value) for r in read),
        graded=graded,
        readouts=readouts,
        control_right=right,
        control_planted=planted,
        natural_right=natural_right,
        natural_planted=natural_planted,
        control_odds=control_read_out(target, every, controls, elicitation, coding),
        natural_odds=control_read_out(target, every, natural or {}, elicitation, coding),
        texts=tuple(text if isinstance(text := replies[item.item_id]["text"], str) else None for item in items),
    )


def outcome_shares(outcomes: Sequence[str]) -> dict[str, float]:
    """Share of each outcome, nan without replies; "out of range" is listed only where it occurs.

    >>> outcome_shares(["answered", "refused", "answered", "answered"])
    {'answered': 0.75, 'refused': 0.25, 'unreadable': 0.0}
    """
    n, counted = len(outcomes), Counter(outcomes)
    return {o: counted[o] / n if n else float("nan") for o in OUTCOMES if o != OUT_OF_RANGE or counted[o]}


def _codes(read: Sequence[Answer], coding: Coding) -> np.ndarray:
    """(n_items,) float64 counts or class indices; NaN where nothing was answered."""
    return np.array([np.nan if r.value is None else coding.code(r.value) for r in read])


def _confidence_odds(read: Sequence[Answer]) -> np.ndarray:
    """(n_items,) float64 log-odds of confidences in per cent; NaN where nothing was answered."""
    return np.array([np.nan if r.value is None else _odds(r.value) for r in read], dtype=np.float64)


def _favoured_class(log_odds: np.ndarray) -> np.ndarray:
    """(n_items,) float64: class 1 above 50 %, class 0 below, -1 (neither class) at exactly 50 %; NaN stays NaN."""
    favoured = np.select([log_odds > 0, log_odds < 0], [1.0, 0.0], -1.0)
    return np.where(np.isnan(log_odds), np.nan, favoured)


def parse_controls(
    target, items: Sequence, controls: Mapping[str, dict], elicitation: Elicitation
) -> tuple[np.ndarray, tuple[str, ...]]:
    """For every control reply whether the planted answer came back, and what was planted.

    Of a form that is read for its distribution alone, the likeliest valid answer is what came back.
    """
    right, planted = [], []
    asked = [item for item in items if item.item_id in controls]
    for item in asked:
        text = target.control_answer(item, elicitation)
        wanted = answer(target, item, {"text": text}, elicitation).value
        wanted = text if wanted is None else wanted
        reply = controls[item.item_id]
        if elicitation.rung == "logits":
            reply = reply | {"text": likeliest(reply)}
        got = answer(target, item, reply, elicitation).value
        right.append(_same(got, wanted))
        planted.append(named(wanted))
    return np.array(right, dtype=bool), tuple(planted)


def tally(planted: Sequence[str], right: np.ndarray) -> dict[str, list[int]]:
    """Planted answer -> [how often it came back, how often it was planted]."""
    found: dict[str, list[int]] = {}
    for name, hit in zip(planted, right, strict=True):
        counts = found.setdefault(name, [0, 0])
        counts[0] += int(hit)
        counts[1] += 1
    return found


def facts(heard: ParsedReports) -> dict:
    """One elicitation's coverage and control as probes.json keeps them."""
    constant, said = heard.commonest()
    other = [hit for hit, name in zip(heard.control_right, heard.control_planted, strict=True) if name != said]
    n = len(heard.control_right)
    return {
        "name": heard.elicitation.name,
        "rung": heard.elicitation.rung,
        "framing": heard.elicitation.framing,
        "context": heard.elicitation.context,
        "paraphrase": heard.elicitation.paraphrase,
        "variant": heard.elicitation.variant,
        "coverage": heard.coverage,
        "constant": constant,
        "said": said,
        "control": float(np.mean(heard.control_right)) if n else None,
        "n_control": n,
        "control_other": float(np.mean(other)) if len(other) >= MIN_CONTROLS else None,
        "planted": tally(heard.control_planted, heard.control_right),
        "natural": tally(heard.natural_planted, heard.natural_right),
    } | heard.thoughts()


def _same(got: float | str | None, wanted: float | str) -> bool:
    if got is None:
        return False
    if isinstance(got, str) or isinstance(wanted, str):
        return str(got) == str(wanted)
    return float(got) == float(wanted)


def _odds(percent: float) -> float:
    return np.nan if np.isnan(percent) else float(logit(np.clip(percent / 100, 1 - SUREST, SUREST)))
