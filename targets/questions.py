"""The questions of a target: object prompts ("the act"), reports, and their positive controls.

In: a target, items, the chosen elicitations and, for prompts that depend on them, the model's replies to the object
prompts and labelled examples from other folds. Out: `Question`s as plain text, on which `activations/` runs the model.

Every question has the name of its elicitation, so that no reply is parsed as the answer to another one.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from tacit.errors import TargetError
from tacit.seeds import stream
from tacit.targets.base import CONTROL, NATURAL, Item, Stated, Target, control_note
from tacit.targets.elicitations import PRIMARY, SHOTS, Elicitation
from tacit.targets.readers.thoughts import has_thoughts, without_thoughts

NATURAL_ROWS = 40
"""Items that also get the natural control: a model that says one of two answers at random passes it (32 of 40) in one
of ten thousand."""

Turn = tuple[str, str]
"""(role, content)"""


@dataclass(frozen=True)
class Question:
    """One question about each item, or about each of the first items."""

    prompt: str
    """Its kind: `object`, `report`, `control`, `natural` (the two positive controls) or `candidate`."""
    texts: tuple[str, ...]
    """For each item, in order: a user message, or a whole chat as JSON."""
    answers: tuple[str, ...] = ()
    """The valid answers, whose log-probabilities are kept."""
    tokens: int = 0
    """Longest reply in tokens; 0 if no reply is needed, or only the log-probabilities of the valid answers."""
    samples: int = 0
    """Number of replies sampled at temperature 1, in addition to the greedy one."""
    elicitation: str = ""
    """The name of the elicitation; empty for the object prompt."""
    opening: str = ""
    """How the reply begins; the model goes on from there (`Elicitation.opening`)."""
    continuations: tuple[str, ...] = ()
    """Candidates only: the text whose log-probability after the prompt is computed, per item."""

    @property
    def key(self) -> str:
        """`object`, `report`, `report:free/you/0`: the primary elicitation is left out of the name."""
        return self.prompt if self.elicitation in ("", PRIMARY.name) else f"{self.prompt}:{self.elicitation}"

    @property
    def speaks(self) -> bool:
        """Whether it needs a reply or log-probabilities, and not only states."""
        return bool(self.tokens or self.answers or self.samples or self.continuations)


def act(target: Target, items: Sequence[Item], *, samples: int) -> Question:
    """The object prompts. Samples are drawn only if the label depends on the reply."""
    texts = tuple(item.object_prompt for item in items)
    if not target.needs_reply:
        return Question("object", texts)
    return Question("object", texts, tokens=target.reply_tokens, samples=samples if target.sampled else 0)


def reports(
    target: Target, items: Sequence[Item], elicitations: Sequence[Elicitation], *, controls: int
) -> list[Question]:
    """The report prompts of each elicitation and, for the first `controls` items, positive controls (paraphrase 0)."""
    return [
        question
        for elicitation in elicitations
        for question in _asked(
            target, items, elicitation, [target.report_prompt(item, elicitation) for item in items], controls
        )
    ]


def after_act(
    target: Target, items: Sequence[Item], elicitation: Elicitation, replies: Mapping[str, str], *, controls: int
) -> list[Question]:
    """Report prompts as a follow-up: the object prompt, the model's own reply, then the question."""
    texts = [
        chat(
            [
                *turns(item.object_prompt),
                ("assistant", _shown(replies[item.item_id])),
                ("user", target.report_prompt(item, elicitation)),
            ]
        )
        for item in items
    ]
    return _asked(target, items, elicitation, texts, controls)


def _shown(reply: str) -> str:
    """A reply as an earlier turn, without its thoughts, as templates leave them out."""
    return without_thoughts(reply).strip() if has_thoughts(reply) else reply


def with_shots(
    target: Target,
    items: Sequence[Item],
    elicitation: Elicitation,
    labels: Sequence[float | str],
    shots: Sequence[Sequence[int]],
    *,
    controls: int,
) -> list[Question]:
    """Few-shot report prompts: shots[i] are the positions of the items that are shown as examples for item i."""
    shown = [
        [
            *(turn for turn in turns(target.report_prompt(item, elicitation)) if turn[0] != "system"),
            ("assistant", target.shot_answer(item, label)),
        ]
        for item, label in zip(items, labels, strict=True)
    ]
    texts = [
        chat([*(turn for k in own for turn in shown[k]), *turns(target.report_prompt(item, elicitation))])
        for item, own in zip(items, shots, strict=True)
    ]
    return _asked(target, items, elicitation, texts, controls)


def choose_shots(
    labels: np.ndarray, groups: np.ndarray, fold: np.ndarray, *, k: int, seed: int
) -> list[tuple[int, ...]]:
    """For every item the positions of `k` labelled items of other folds, the same for all items of a fold.

    labels: (n_items,) class indices or counts; groups, fold: (n_items,) int. Every class is shown about equally often,
    and counts are spread evenly over their range; one item per group if there are enough groups, in random order. No
    example shares a group with the item it is shown for (asserted).
    Raises TargetError if the other folds have fewer than `k` items.
    """
    of_fold = {}
    for i in np.unique(fold):
        rng = stream(seed, "few-shot examples", [int(i)])
        pool = rng.permutation(np.flatnonzero(fold != i))
        _, first = np.unique(groups[pool], return_index=True)
        pool = pool[np.sort(first)] if len(first) >= 2 * k else pool
        if len(pool) < k:
            raise TargetError(
                f"few-shot prompts need {k} examples, but the other folds have only {len(pool)} items. Give more items."
            )
        of_fold[i] = rng.permutation(_spread(pool, labels[pool], k))
    for i, rows in of_fold.items():
        shared = np.intersect1d(groups[rows], groups[fold == i])
        assert shared.size == 0, f"examples shown in fold {i} share groups {shared[:5].tolist()} with its items"
    return [tuple(int(row) for row in of_fold[i]) for i in fold]


def _spread(pool: np.ndarray, labels: np.ndarray, k: int) -> np.ndarray:
    """`k` of the pool: cycling through the labels if there are at most k distinct ones, else at their quantiles."""
    if len(np.unique(labels)) > k:
        ranked = pool[np.argsort(labels, kind="stable")]
        return ranked[((np.arange(k) + 0.5) * len(ranked) / k).astype(int)]
    turn = np.empty(len(pool), dtype=np.int64)
    for label in np.unique(labels):
        turn[labels == label] = np.arange((labels == label).sum())
    return pool[np.argsort(turn, kind="stable")[:k]]


def candidates(rows: Sequence[tuple[Item, str]]) -> Question:
    """Candidate answers to score by their log-probability after the object prompt: (item, text) pairs."""
    return Question(
        "candidate", tuple(item.object_prompt for item, _ in rows), continuations=tuple(text for _, text in rows)
    )


def natural_apart(asked: Sequence[Question]) -> tuple[tuple[Question, ...], tuple[Question, ...]]:
    """The other questions, and the natural controls among them: they are cached apart, so that replies to the others
    stay valid where natural controls are added or reworded."""
    natural = tuple(question for question in asked if question.prompt == NATURAL)
    return tuple(question for question in asked if question.prompt != NATURAL), natural


def _asked(target: Target, items, elicitation: Elicitation, texts: Sequence[str], controls: int) -> list[Question]:
    answers, cap = (
        target.valid_answers(items, elicitation) if _weighed(target, elicitation) else (),
        target.reply_cap(elicitation),
    )
    terms = {"answers": answers, "tokens": cap, "elicitation": elicitation.name, "opening": elicitation.opening}
    out = [Question("report", tuple(texts), **terms)]
    if elicitation.paraphrase == 0 and controls:
        noted = tuple(
            with_note(text, control_note(target.control_answer(item, elicitation)))
            for text, item in zip(texts[:controls], items, strict=False)
        )
        out.append(Question(CONTROL, noted, **terms))
        told = [target.control_fact(item, elicitation) for item in items[: min(controls, NATURAL_ROWS)]]
        if elicitation.framing == "you" and all(fact is not None for fact in told):
            stated = tuple(_stated(*each, elicitation) for each in zip(items, texts, told, strict=False))
            out.append(Question(NATURAL, stated, **terms))
    return out


def _stated(item: Item, text: str, fact: Stated, elicitation: Elicitation) -> str:
    """The prompt with the fact above its question or, where the fact is a reply, after the model has given that reply
    to the object prompt."""
    if not fact.replies:
        return with_note(text, f"{fact.text}\n\n")
    *before, question = turns(text)
    act = turns(item.object_prompt)
    if elicitation.context == "after":
        before = before[:-1]
    else:
        history = act[:-1]  # a chat's earlier messages are in the report prompt as well
        before = [*before[: len(before) - len(history)], *act]
    return chat([*before, ("assistant", fact.text), question])


def _weighed(target: Target, elicitation: Elicitation) -> bool:
    """Whether log-probabilities of the valid answers are computed: only for questions about the model itself and, for
    numbers, whose digits cost one forward pass each, only in the primary and few-shot elicitations."""
    return elicitation.framing == "you" and (
        target.kind != "count" or elicitation == PRIMARY or bool(n_shots(elicitation))
    )


def turns(text: str) -> list[Turn]:
    """The turns of a prompt, which is a chat as JSON or a single user message."""
    if text.lstrip().startswith("[{"):
        try:
            return [(turn["role"], turn["content"]) for turn in json.loads(text)]
        except (json.JSONDecodeError, KeyError, TypeError):
            pass
    return [("user", text)]


def chat(parts: Sequence[Turn]) -> str:
    """Turns as one prompt: plain text for a single user message, else JSON."""
    if len(parts) == 1 and parts[0][0] == "user":
        return parts[0][1]
    return json.dumps([{"role": role, "content": content} for role, content in parts], ensure_ascii=False)


def with_note(text: str, note: str) -> str:
    """The prompt with a note above its last user message."""
    *before, (role, content) = turns(text)
    return chat([*before, (role, note + content)])


def n_shots(elicitation: Elicitation) -> int:
    """Number of few-shot examples; 0 for all other rungs."""
    return SHOTS.get(elicitation.rung, 0)
