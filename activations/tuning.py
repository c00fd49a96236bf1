"""A report tuned on labels: a soft prompt, learned by gradient, before the question; the weights stay as they are.

In: prompts, the valid answers, which of them is right for the items that may be learned from. Out: log-probabilities of
the answers after the tuned prompt. It is the best wording that gradient descent finds in the space of embeddings
(Lester, Al-Rfou & Constant 2021, arXiv 2104.08691), so what it gets out of the model is said by the model itself.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch

from activations.answers import score, spellings
from activations.capture import batches, halving, pad
from activations.errors import ActivationError
from activations.load import Subject
from activations.prompts import Prompt, check_lengths, encode, has_chat_template, renderer
from activations.replies import end_tokens
from activations.settings import Settings
from activations.store import Store

SOFT = 8
"""Learned embeddings before the prompt."""
EPOCHS, PATIENCE, BATCH = 30, 3, 16
"""At most so many rounds over the training items; it stops after PATIENCE rounds in which the loss on those that are
watched has not fallen by ENOUGH."""
ENOUGH = 0.01
"""Nats an item: what is less changes no answer, and rounds cost minutes."""
RATE = 0.3
"""Adam's step, in units of the root mean square of an embedding's entries: models differ in that by a factor of 100."""
UNLEARNED = -100
"""torch's mark of a token that the loss leaves out."""

Ids = tuple[int, ...]


@dataclass(frozen=True)
class Tuned:
    """What a tuned prompt makes the model say."""

    best: np.ndarray
    """`(n_items, n_answers) float64` log-probabilities, by the prompt of the epoch with the least loss on the items
    that are watched; -inf for an answer that cannot be spelled"""
    last: np.ndarray
    """the same by the prompt of the last epoch, which has learned from the training items for longest"""
    epochs: int


class Tuner:
    """A run's model and prompts, ready to be asked in learned words."""

    def __init__(self, subject: Subject, store: Store, settings: Settings, *, epochs: int = EPOCHS) -> None:
        """Raises ActivationError for a model that runs on another machine: gradients are needed here."""
        if subject.remote:
            raise ActivationError("a report is tuned by gradients, which a remote model does not give: cache it here")
        self.subject, self.store, self.settings, self.epochs = subject, store, settings, epochs
        subject.module.requires_grad_(False)

    def tune(
        self, target: str, condition: str, rows: np.ndarray, answers: Sequence[str], right: np.ndarray,
        train: np.ndarray, watch: np.ndarray, *, seed: int, tick: Callable[[int], object] = lambda n: None,
    ) -> Tuned:  # fmt: skip
        """Learn from `train`, stop by `watch`, and ask about every item.

        rows: `(n_items,)` positions among the target's items in the store; right: `(n_items,) int64` index of the
        right answer, -1 for none (such an item is not learned from); train, watch: positions among `rows`.
        tick is told how many items were gone through. Raises ActivationError where no right answer can be spelled, or
        the prompts do not fit into the model's context.
        """
        where = f"{target}/{condition}"
        items = self.store.items[self.store.items["target"] == target].iloc[rows]
        render = renderer(self.subject.tokenizer, self.settings.conditions[condition])
        prompts = encode(self.subject.tokenizer, [render(text) for text in items["report_prompt"]])
        plain = not has_chat_template(self.subject.tokenizer)
        paths = spellings(self.subject.tokenizer, prompts[0].text, answers, special=plain)
        lesson = _lesson(prompts, paths, right, end_tokens(self.subject))
        check_lengths(prompts, self.subject.context, SOFT + max(map(len, paths), default=0) + 1, where)
        learned = {name: [i for i in part if lesson[i]] for name, part in (("train", train), ("watch", watch))}
        if not all(learned.values()):
            raise ActivationError(
                f"{where}: no answer of {', '.join(map(repr, answers[:5]))} can be spelled after the prompt"
            )
        learning = Learning(self.subject, prompts, lesson, np.random.default_rng(seed))
        epochs = learning.run(learned["train"], learned["watch"], self.epochs, tick)
        tick(self.epochs * len(train) - epochs * len(learned["train"]))  # what was announced and not needed

        def ask(soft: torch.Tensor) -> np.ndarray:
            return _asked(self.subject, prompts, soft, paths, len(answers))

        return Tuned(ask(learning.best), ask(learning.soft.detach()), epochs)


class Learning:
    """A soft prompt while it is learned."""

    def __init__(
        self, subject: Subject, prompts: Sequence[Prompt], lesson: Sequence[Ids], rng: np.random.Generator
    ) -> None:
        self.subject, self.prompts, self.lesson, self.rng = subject, prompts, lesson, rng
        seen = np.concatenate([np.asarray(prompt.ids) for prompt in prompts])
        start = _embedded(subject, torch.as_tensor(rng.choice(seen, SOFT), device=subject.device)).float()
        self.soft = torch.nn.Parameter(start.clone())
        self.best, self.least = start, float("inf")
        self.adam = torch.optim.Adam([self.soft], lr=RATE * float(start.square().mean().sqrt()))

    def run(self, train: Sequence[int], watch: Sequence[int], epochs: int, tick: Callable[[int], object]) -> int:
        """Go on until the loss on `watch` no longer falls; how many epochs that took."""
        since = 0
        for epoch in range(1, epochs + 1):
            order = self.rng.permutation(train)
            for first in range(0, len(order), BATCH):
                self._step(order[first : first + BATCH].tolist())
                tick(min(BATCH, len(order) - first))
            loss = self._loss(watch)
            since = 0 if loss < self.least - ENOUGH else since + 1
            if since == 0:
                self.best, self.least = self.soft.detach().clone(), loss
            if since == PATIENCE:
                return epoch
        return epochs

    def _step(self, batch: list[int]) -> None:
        self.adam.zero_grad()

        def backward(some: list[int]) -> None:
            (self._total(some) / len(batch)).backward()

        halving(batch, backward)
        self.adam.step()

    @torch.no_grad()
    def _loss(self, rows: Sequence[int]) -> float:
        parts = [rows[first : first + BATCH] for first in range(0, len(rows), BATCH)]
        totals = [total for part in parts for total in halving(list(part), lambda some: float(self._total(some)))]
        return sum(totals) / len(rows)

    def _total(self, rows: Sequence[int]) -> torch.Tensor:
        """Sum over items of the negative log-probability of the right answer and the end of the turn, nats."""
        ids = [(*self.prompts[i].ids, *self.lesson[i]) for i in rows]
        starts = [len(self.prompts[i].ids) for i in rows]
        columns = sorted({at for start, row in zip(starts, ids, strict=True) for at in range(start - 1, len(row) - 1)})
        goal = torch.full((len(rows), len(columns)), UNLEARNED, device=self.subject.device)
        for i, (row, start) in enumerate(zip(ids, starts, strict=True)):
            for at in range(start - 1, len(row) - 1):
                goal[i, columns.index(at)] = row[at + 1]
        logits = _logits(self.subject, ids, self.soft, columns)
        goal = goal.to(logits.device)
        return torch.nn.functional.cross_entropy(logits.flatten(0, 1).float(), goal.flatten(), reduction="sum")


def _lesson(prompts: Sequence[Prompt], paths: dict[Ids, int], right: np.ndarray, ends: list[int]) -> list[Ids]:
    """What is to be said after each prompt: the first spelling of the right answer, and the end of the turn; () where
    there is none."""
    spelled: dict[int, Ids] = {}
    for path, index in paths.items():
        spelled.setdefault(index, path)
    return [(*spelled[k], *ends[:1]) if k in spelled else () for k in right.tolist()]


@torch.no_grad()
def _asked(
    subject: Subject, prompts: Sequence[Prompt], soft: torch.Tensor, paths: dict[Ids, int], n: int
) -> np.ndarray:
    """`(n_prompts, n) float64` log-probabilities of the answers."""
    out = np.empty((len(prompts), n))

    def ask(some: list[int]) -> None:
        def after(node: Ids) -> torch.Tensor:
            ids = [(*prompts[i].ids, *node) for i in some]
            columns = sorted({len(row) - 1 for row in ids})
            at = [columns.index(len(row) - 1) for row in ids]
            logits = _logits(subject, ids, soft, columns)[range(len(ids)), at]
            return torch.log_softmax(logits.float(), dim=-1).cpu()

        out[some] = score(paths, n, after(()), after).double().numpy()

    lengths = [len(prompt.ids) for prompt in prompts]
    for batch in batches(lengths, 4 * BATCH * max(lengths)):
        halving(batch, ask)
    return out


def _logits(subject: Subject, ids: Sequence[Ids], soft: torch.Tensor, columns: Sequence[int]) -> torch.Tensor:
    """`(batch, n_columns, vocabulary)`: what comes next after these columns of the prompts, the soft one before them.

    The vocabulary is computed at these alone where the model can do that: elsewhere it would be most of the work.
    """
    inputs = pad(ids, subject.tokenizer.pad_token_id, subject.device, side="right")
    before = soft.to(subject.dtype).expand(len(ids), -1, -1)
    embeds = torch.cat([before, _embedded(subject, inputs["input_ids"]).to(subject.dtype)], dim=1)
    mask = torch.cat([torch.ones(before.shape[:2], dtype=torch.int64, device=subject.device),
                      inputs["attention_mask"]], dim=1)  # fmt: skip
    wanted = torch.as_tensor(columns, device=subject.device) + len(soft)
    shorter = "logits_to_keep" in inspect.signature(subject.module.forward).parameters
    only = {"logits_to_keep": wanted} if shorter else {}
    logits = subject.module(inputs_embeds=embeds, attention_mask=mask, use_cache=False, **only).logits
    return logits if shorter else logits[:, wanted.to(logits.device)]


def _embedded(subject: Subject, ids: torch.Tensor) -> torch.Tensor:
    return subject.module.get_input_embeddings()(ids)
