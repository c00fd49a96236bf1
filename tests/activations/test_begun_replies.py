"""The rung `prefill`: the model's reply is begun, and it goes on from there."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from tacit.activations import plan
from tacit.activations.model.load import fingerprint, load_config, load_tokenizer
from tacit.activations.plan import Ask, item_table, plan_run
from tacit.activations.store.store import open_store
from tacit.activations.write_shards import cache_entries
from tacit.targets import get_target, load_items
from tacit.targets.elicitations import PREFILL, PRIMARY, Elicitation
from tacit.targets.questions import reports
from tests.activations.helpers import ask_for, settings_for, subject_for
from tests.activations.templates.test_thinking import OPENED, QWEN
from tests.conftest import CHAT

FORM = Elicitation("prefill")


@pytest.mark.parametrize("name", ["knowledge", "token_count", "behavior"])
def test_it_asks_what_choice_asks_in_all_its_prompts(name):
    items, _ = load_items(name, None, n=12, seed=0, count_tokens=lambda text: len(text.split()))
    target = get_target(name, items)
    assert {each.framing for each in target.forms(items) if each.rung == "prefill"} == {"you", "typical"}
    chosen, begun = (reports(target, items, [form], controls=10) for form in (PRIMARY, FORM))
    assert [q.prompt for q in begun] == ["report", "control", "natural"]
    for ours, other in zip(begun, chosen, strict=True):
        assert (ours.texts, ours.tokens, ours.opening, other.opening) == (other.texts, other.tokens, PREFILL, "")


def _planned(folder, template: str | None):
    settings = settings_for(folder)
    tokenizer, config = load_tokenizer(settings), load_config(settings)
    tokenizer.chat_template = template
    ask = ask_for(6)
    begun = replace(ask.questions[1], elicitation=FORM.name, opening=PREFILL)
    asks = [ask, Ask("knowledge", ask.items[["item_id"]], (begun,), part="prefill")]
    model = fingerprint(settings, config)
    entries = plan_run(asks, settings, tokenizer=tokenizer, config=config, model=model)
    return entries, begun, tokenizer, (settings, model)


@pytest.mark.parametrize(
    ("template", "between"),
    [(CHAT, ""), (QWEN, "<think>\n\n</think>\n\n"), (OPENED, "\n</think>\n\n"), (None, None)],
)
def test_a_prompt_ends_with_the_beginning_of_the_reply_behind_closed_thoughts(tiny, template, between):
    entries, begun, *_ = _planned(tiny("llama"), template)
    plain, ours = entries[0].prompts["report"], entries[1].prompts[begun.key]
    for one, other in zip(ours, plain, strict=True):
        assert one.text == (other.text if between is None else f"{other.text}{between}{PREFILL}")
    assert not entries[1].answered
    assert entries[1].ask.questions[0].tokens == begun.tokens


def test_replies_and_log_probabilities_go_on_from_it(tiny, tmp_path, monkeypatch):
    monkeypatch.setattr(plan, "SHARD_ROWS", 8)
    entries, begun, tokenizer, (settings, model) = _planned(tiny("llama"), CHAT)
    subject = subject_for(tiny("llama"))
    cache_entries(tmp_path, entries, item_table(entries), settings, model, lambda: subject, print)
    replies = open_store(tmp_path).replies
    said = replies[replies["elicitation"] == FORM.name]
    for reply, prompt in zip(said.itertuples(), entries[1].prompts[begun.key], strict=True):
        out = subject.module.generate(
            input_ids=torch.tensor([list(prompt.ids)]),
            max_new_tokens=begun.tokens, do_sample=False, pad_token_id=tokenizer.pad_token_id,
        )[0, len(prompt.ids) :]  # fmt: skip
        assert reply.first_token == int(out[0])
        assert list(reply.answers) == list(begun.answers) and all(value < 0 for value in reply.logprobs)
