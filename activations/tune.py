"""Tuned report: a soft prompt trained on labels by gradient descent; the model's weights stay frozen.

In: prompts, the valid answers, and the right answer of each item to train on. Out: log-probabilities of the answers
after the soft prompt, a sequence of trainable embeddings prepended to the prompt (Lester, Al-Rfou & Constant 2021,
arXiv 2104.08691). The answers are still the model's own output.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch

from tacit.activations.model.capture import batches, halving, pad
from tacit.activations.model.load import Subject
from tacit.activations.model.prefix_cache import can_continue, continued
from tacit.activations.model.prompts import Prompt, check_lengths, encode
from tacit.activations.store.store import Store
from tacit.activations.templates.chat_template import apply_template
from tacit.activations.templates.content import in_parts, takes_text
from tacit.activations.templates.render import has_chat_template, renderer
from tacit.activations.templates.thinking import thinking_of
from tacit.activations.trees.answers import answer_logprobs, spellings, tokens_wanted
from tacit.activations.trees.generate import end_tokens
from tacit.errors import ActivationError
from tacit.settings import Settings

SOFT = 8
"""Length of the soft prompt, embeddings."""
EPOCHS, PATIENCE, BATCH = 30, 3, 16
"""Maximum number of epochs; training stops once the validation loss has not fallen by ENOUGH for PATIENCE epochs.
BATCH: items per gradient step."""
POOL = 8 * BATCH
"""Items that are drawn at random together and then batched by length, which saves padding."""
ENOUGH = 0.01
"""Nats per item: smaller improvements change no answer, and an epoch takes minutes."""
RATE = 0.3
"""Learning rate of Adam, in units of the root mean square of the embeddings, which varies 100-fold between models."""
UNLEARNED = -100
"""Label of tokens that the loss ignores (torch's default)."""
TRIED = 16
"""Prompts on which the model is checked against the cache before tuning."""
SLACK = {torch.float32: 0.01}
"""Largest mean difference allowed between log-probabilities and their cached copies, nats; batching changes the
rounding."""

Ids = tuple[int, ...]


@dataclass(frozen=True)
class Tuned:
    """The model's answers after a trained soft prompt."""

    logprobs: np.ndarray
    """`(n_items, n_answers) float64`; -inf for an answer that cannot be spelled"""
    epochs: int
    """epochs of training"""
    loss: float
    """lowest validation loss, nats per item"""


def how_tuned(epochs: int) -> dict[str, float]:
    """The hyperparameters of a soft prompt, for the record."""
    return {
        "embeddings": SOFT, "epochs": epochs, "patience": PATIENCE, "enough": ENOUGH, "batch": BATCH, "pool": POOL,
        "rate": RATE,
    }  # fmt: skip


class Tuner:
    """A run's model and prompts, ready to train soft prompts."""

    def __init__(self, subject: Subject, store: Store, settings: Settings, *, epochs: int = EPOCHS) -> None:
        """Raises ActivationError for a model that runs on another machine: gradients are needed here."""
        if subject.remote:
            raise ActivationError(
                "tuning needs gradients, which a remote model does not give. Cache the run on this machine first"
            )
        self.subject, self.store, self.settings, self.epochs = subject, store, settings, epochs
        self.shares, self._checked = can_continue(subject), set()
        subject.module.requires_grad_(False)

    def tune(
        self, target: str, condition: str, rows: np.ndarray, answers: Sequence[str], right: np.ndarray,
        watch: np.ndarray, *, cached: np.ndarray, seed: int, epochs: int | None = None,
        tick: Callable[[int], object] = lambda n: None,
    ) -> Tuned:  # fmt: skip
        """Train a soft prompt on the items that have a right answer, and score the answers of every item.

        A first training stops early by its loss on the validation items (`watch`); a second one, on all items with a
        right answer, takes as many epochs. rows: `(n_items,)` positions among the target's items in the store; right:
        `(n_items,) int64` index of the right answer, -1 for items not to train on; watch: `(n_items,) bool`, validation
        items; cached: `(n_items, n_answers)` cached log-probabilities without a soft prompt; epochs: the largest number
        of these, if it is less than the tuner's; tick gets item counts.

        Raises ActivationError where the prompts do not fit into the model's context, a right answer cannot be spelled,
        there are no training or no validation items, the model is not the run's, or the loss is not finite.
        """
        where = f"{target}/{condition}"
        items = self.store.items[self.store.items["target"] == target].iloc[rows]
        render = renderer(self.subject.tokenizer, self.settings.conditions[condition])
        closing = thinking_of(self.subject.tokenizer).closing
        prompts = encode(self.subject.tokenizer, [text + closing for text in render.all(items["report_prompt"])])
        plain = not has_chat_template(self.subject.tokenizer)
        paths = spellings(self.subject.tokenizer, prompts[0].text, answers, special=plain)
        self._check(prompts, paths, answers, right, cached, where)
        answer_tokens = _answer_tokens(self.subject, prompts, paths, right)
        known = np.flatnonzero(right >= 0)
        train, watched = known[~watch[known]], known[watch[known]]
        if not (len(train) and len(watched)):
            raise ActivationError(
                f"{where}: {len(train)} training and {len(watched)} validation items; at least one of each is needed"
            )
        trial = Training(self.subject, prompts, answer_tokens, seed)
        most = self.epochs if epochs is None else min(epochs, self.epochs)
        epochs, loss = trial.train_until_plateau(train, watched, most, tick)
        final = Training(self.subject, prompts, answer_tokens, seed)
        for _ in range(epochs):
            final.run_epoch(known, tick)
        tick(self.epochs * (len(train) + len(known)) - trial.seen - final.seen)  # epochs that early stopping saved
        return Tuned(self._ask(prompts, final.soft.detach(), paths, len(answers), tick), epochs, loss)

    def _check(self, prompts, paths, answers, right, cached, where: str) -> None:
        check_lengths(prompts, self.subject.context, SOFT + max(map(len, paths), default=0) + 1, where)
        unspelled = sorted({answers[k] for k in right[right >= 0]} - {answers[k] for k in paths.values()})
        if unspelled:
            raise ActivationError(f"{where}: {', '.join(map(repr, unspelled[:5]))} cannot be spelled after the prompt")
        some = np.flatnonzero(np.isfinite(cached).all(axis=1))[:TRIED]
        if len(some) and where not in self._checked:
            nothing = torch.zeros(0, self.subject.d_model, device=self.subject.device)
            now = self._ask([prompts[i] for i in some], nothing, paths, len(answers))
            off = float(np.abs(now - cached[some]).mean())
            if not off <= SLACK.get(self.subject.dtype, 0.5):
                raise ActivationError(
                    f"{where}: the answers' log-probabilities differ from the cached ones by {off:.2g} nats, so"
                    f" the model or the prompt is not the run's. Run: tacit cache {self.store.path.parent.name}"
                )
            self._checked.add(where)

    def _ask(self, prompts, soft, paths, n: int, tick=lambda n: None) -> np.ndarray:
        longest, window = SOFT + max(len(prompt.ids) for prompt in prompts), self.subject.window
        shares = self.shares and (window is None or longest < window // 2)
        return _answer_logprobs(self.subject, prompts, soft, paths, n, shares=shares, tick=tick)


class Training:
    """A soft prompt in training, initialised with embeddings of tokens drawn (by the seed) from the prompts."""

    def __init__(self, subject: Subject, prompts: Sequence[Prompt], answer_tokens: Sequence[Ids], seed: int) -> None:
        self.subject, self.prompts, self.answer_tokens = subject, prompts, answer_tokens
        self.rng, self.seen = np.random.default_rng(seed), 0
        tokens = np.concatenate([np.asarray(prompt.ids) for prompt in prompts])
        start = _embedded(subject, torch.as_tensor(self.rng.choice(tokens, SOFT), device=subject.device)).float()
        self.soft = torch.nn.Parameter(start.clone())
        self.adam = torch.optim.Adam([self.soft], lr=RATE * float(start.square().mean().sqrt()))

    def train_until_plateau(
        self, train: Sequence[int], watched: Sequence[int], epochs: int, tick: Callable[[int], object]
    ) -> tuple[int, float]:
        """Train until the loss on `watched` stops falling; returns the epoch at which it was lowest, and that loss."""
        best, least = 0, float("inf")
        for epoch in range(1, epochs + 1):
            self.run_epoch(train, tick)
            loss = self.loss(watched)
            if loss < least - ENOUGH:
                best, least = epoch, loss
            if epoch - best == PATIENCE:
                break
        return best, least

    def run_epoch(self, rows: Sequence[int], tick: Callable[[int], object]) -> None:
        """One epoch over these items, in batches of about equal length and in random order."""
        order, batches = self.rng.permutation(rows).tolist(), []
        for first in range(0, len(order), POOL):
            pool = sorted(order[first : first + POOL], key=lambda i: len(self.prompts[i].ids))
            batches += [pool[at : at + BATCH] for at in range(0, len(pool), BATCH)]
        for at in self.rng.permutation(len(batches)):
            batch = batches[at]
            self.step(batch)
            self.seen += len(batch)
            tick(len(batch))

    @torch.no_grad()
    def loss(self, rows: Sequence[int]) -> float:
        """Mean loss in nats per item. Raises ActivationError where it is not finite."""
        parts = [list(rows[first : first + BATCH]) for first in range(0, len(rows), BATCH)]
        totals = [total for part in parts for total in halving(part, lambda some: float(self._total(some)))]
        loss = sum(totals) / len(rows)
        if not np.isfinite(loss):
            raise ActivationError(
                f"the loss of the soft prompt is {loss} in {self.subject.dtype}. Cache again with DTYPE=bfloat16 or"
                " float32"
            )
        return loss

    def step(self, batch: list[int]) -> None:
        """One Adam step on the mean loss of these items."""
        self.adam.zero_grad()

        def backward(some: list[int]) -> None:
            (self._total(some) / len(batch)).backward()

        halving(batch, backward)
        self.adam.step()

    def _total(self, rows: Sequence[int]) -> torch.Tensor:
        """Sum over items of the negative log-probability of the right answer and the end of the turn, nats."""
        ids = [(*self.prompts[i].ids, *self.answer_tokens[i]) for i in rows]
        starts = [len(self.prompts[i].ids) for i in rows]
        columns = sorted({at for start, row in zip(starts, ids, strict=True) for at in range(start - 1, len(row) - 1)})
        goal = torch.full((len(rows), len(columns)), UNLEARNED, device=self.subject.device)
        for i, (row, start) in enumerate(zip(ids, starts, strict=True)):
            for at in range(start - 1, len(row) - 1):
                goal[i, columns.index(at)] = row[at + 1]
        logits = _logits(self.subject, ids, self.soft, columns)
        goal = goal.to(logits.device)
        return torch.nn.functional.cross_entropy(logits.flatten(0, 1).float(), goal.flatten(), reduction="sum")


def _answer_tokens(subject: Subject, prompts: Sequence[Prompt], paths: dict[Ids, int], right: np.ndarray) -> list[Ids]:
    """Tokens to be learned after each prompt, () for none: the spelling of the right answer whose first token is
    likeliest without a soft prompt; the end of the turn follows where the answer is a prefix of another one."""
    logprobs = _first_token_logprobs(subject, prompts, paths)
    spelled = {
        index: max((p for p in paths if paths[p] == index), key=logprobs.__getitem__) for index in paths.values()
    }
    begins = {path for path in paths if any(o != path and o[: len(path)] == path for o in paths)}
    end = _turn_end(subject)
    said = {index: (*path, *(end if path in begins else ())) for index, path in spelled.items()}
    return [said[k] if k >= 0 else () for k in right.tolist()]


@torch.no_grad()
def _first_token_logprobs(subject: Subject, prompts: Sequence[Prompt], paths: dict[Ids, int]) -> dict[Ids, float]:
    """Mean log-probability of each path's first token over some prompts."""
    nothing = torch.zeros(0, subject.d_model, device=subject.device)
    mean = _next(subject, [tuple(prompt.ids) for prompt in prompts[:TRIED]], nothing).mean(dim=0)
    return {path: float(mean[path[0]]) for path in paths}


def _turn_end(subject: Subject) -> Ids:
    """The token that ends an assistant's turn in the chat template, else the first that may end a reply, else none."""
    ends, tokenizer = end_tokens(subject), subject.tokenizer
    if has_chat_template(tokenizer):
        turns = [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}]
        shape = list if takes_text(tokenizer) else in_parts
        text = apply_template(tokenizer, shape(turns), add_generation_prompt=False)
        written = [token for token in tokenizer(text, add_special_tokens=False)["input_ids"] if token in ends]
        ends = written[-1:] or ends
    return tuple(ends[:1])


@torch.no_grad()
def _answer_logprobs(
    subject: Subject, prompts: Sequence[Prompt], soft: torch.Tensor, paths: dict[Ids, int], n: int, *,
    shares: bool, tick: Callable[[int], object] = lambda n: None,
) -> np.ndarray:  # fmt: skip
    """`(n_prompts, n) float64` log-probabilities of the answers; shares: whether keys and values can be continued."""
    out = np.empty((len(prompts), n))

    def ask(some: list[int]) -> None:
        ids = [tuple(prompts[i].ids) for i in some]

        def whole(node: Ids) -> torch.Tensor:
            return _next(subject, [row + node for row in ids], soft)

        after = continued(subject, _inputs(subject, ids, soft)) if shares else whole
        known = {}
        for path, tokens in tokens_wanted(paths).items():
            logps = after(path) if path else whole(path)
            known[path] = {token: logps[:, token].double().numpy() for token in tokens}
        out[some] = answer_logprobs(paths, n, known).T
        tick(len(some))

    lengths = [len(prompt.ids) for prompt in prompts]
    for batch in batches(lengths, 4 * BATCH * max(lengths)):
        halving(batch, ask)
    return out


def _next(subject: Subject, ids: Sequence[Ids], soft: torch.Tensor) -> torch.Tensor:
    """`(batch, vocabulary) float32` log-probabilities of the token after each row, on the CPU."""
    columns = sorted({len(row) - 1 for row in ids})
    at = [columns.index(len(row) - 1) for row in ids]
    logits = _logits(subject, ids, soft, columns)[range(len(ids)), at]
    return torch.log_softmax(logits.float(), dim=-1).cpu()


def _logits(subject: Subject, ids: Sequence[Ids], soft: torch.Tensor, columns: Sequence[int]) -> torch.Tensor:
    """`(batch, n_columns, vocabulary)` logits at these columns of the prompts, which follow the soft prompt.

    If the model supports it, the head is applied at these columns only; at all of them it would be most of the work.
    """
    # A list, because a tensor could be on the wrong device where the model is spread over several.
    wanted = [column + len(soft) for column in columns]
    shorter = "logits_to_keep" in inspect.signature(subject.module.forward).parameters
    only = {"logits_to_keep": wanted} if shorter else {}
    logits = subject.module(**_inputs(subject, ids, soft), use_cache=False, **only).logits
    return logits if shorter else logits[:, wanted]


def _inputs(subject: Subject, ids: Sequence[Ids], soft: torch.Tensor) -> dict[str, torch.Tensor]:
    """`inputs_embeds` and `attention_mask` of the rows, padded on the right, each after the soft prompt."""
    padded = pad(ids, subject.tokenizer.pad_token_id, subject.device, side="right")
    before = soft.to(subject.dtype).expand(len(ids), -1, -1)
    embedded, mask = _embedded(subject, padded["input_ids"]).to(subject.dtype), padded["attention_mask"]
    return {
        "inputs_embeds": torch.cat([before, embedded], dim=1),
        "attention_mask": torch.cat([mask.new_ones(before.shape[:2]), mask], dim=1),
    }


def _embedded(subject: Subject, ids: torch.Tensor) -> torch.Tensor:
    return subject.module.get_input_embeddings()(ids)
