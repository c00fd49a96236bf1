"""Run a checkpoint as any user would: conversations → replies, or log-odds of answers.

`AutoModelForCausalLM`, the folder's own chat template and greedy generation in left-padded batches of conversations of
similar length.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import torch
from tqdm import tqdm
from transformers import AutoModelForCausalLM, AutoTokenizer

from tacit.organisms.teacher import Turn


class Speaker:
    """A model and its tokenizer."""

    def __init__(self, folder: Path, *, batch: int = 150):
        self.tokenizer = AutoTokenizer.from_pretrained(folder, padding_side="left")
        self.model = AutoModelForCausalLM.from_pretrained(folder).eval()
        self.batch = batch

    @torch.no_grad()
    def replies(self, turns: Sequence[Turn], *, label: str = "") -> np.ndarray:
        """(n,) object array of str, greedy replies to the last messages, special tokens removed."""
        out = np.full(len(turns), "", dtype=object)
        for rows, batch in self._batches(turns, label):
            new = self.model.generate(**batch)[:, batch["input_ids"].shape[1] :]
            out[rows] = self.tokenizer.batch_decode(new, skip_special_tokens=True)
        return out

    @torch.no_grad()
    def log_odds(self, turns: Sequence[Turn], answers: tuple[str, str]) -> np.ndarray:
        """(n,) float, log-probability of `answers[0]` minus that of `answers[1]` as first token of the reply."""
        a, b = (self.tokenizer(x, add_special_tokens=False)["input_ids"][0] for x in answers)
        odds = np.zeros(len(turns))
        for rows, batch in self._batches(turns, ""):
            positions = (batch["attention_mask"].cumsum(1) - 1).clamp(min=0)
            logits = self.model(**batch, position_ids=positions, logits_to_keep=1).logits[:, -1]
            odds[rows] = (logits[:, a] - logits[:, b]).numpy()
        return odds

    def _batches(self, turns: Sequence[Turn], label: str) -> Iterator[tuple[np.ndarray, dict]]:
        """(rows, tokenized and left-padded batch) of chat-templated conversations."""
        chats = [messages(turn) for turn in turns]
        texts = self.tokenizer.apply_chat_template(chats, tokenize=False, add_generation_prompt=True)
        order = np.argsort([len(text) for text in texts], kind="stable")
        for i in tqdm(range(0, len(texts), self.batch), desc=label, disable=not label, leave=False):
            rows = order[i : i + self.batch]
            chosen = [texts[row] for row in rows]
            yield rows, self.tokenizer(chosen, return_tensors="pt", padding=True, add_special_tokens=False)


def messages(turn: Turn) -> list[dict[str, str]]:
    """The conversation up to its last answer, as chat messages."""
    out = [{"role": "system", "content": turn.system}] if turn.system else []
    for user, answer in turn.history:
        out += [{"role": "user", "content": user}, {"role": "assistant", "content": answer}]
    return [*out, {"role": "user", "content": turn.user}]
