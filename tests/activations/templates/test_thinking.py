"""Models that think before they answer: how replies are read, how long they may be, where answers are weighed."""

from __future__ import annotations

import shutil

import numpy as np
import pytest
from tokenizers import AddedToken

from tacit.activations import open_store
from tacit.activations.templates.thinking import text_of, thinking_of
from tacit.activations.write_shards import cache_entries
from tacit.targets.readers.clean_text import visible
from tests.activations.helpers import planned, subject_for
from tests.activations.templates.test_chat_template import EACH, IN_PARTS, OFF, tokenizer_with
from tests.conftest import CHAT, build_tokenizer

QWEN = EACH + OFF + "{% endif %}"
OPENED = EACH + OFF + "{% else %}<think>\n{% endif %}"


@pytest.mark.parametrize(
    "template, opening, closing",
    [
        (QWEN, "", "<think>\n\n</think>\n\n"),
        (OPENED, "<think>\n", "\n</think>\n\n"),
        (EACH + "{{ '<think>\n' }}", "<think>\n", "\n</think>\n\n"),
        (EACH.replace("m.content", "m.content.split('</think>')[-1]"), "", "<think>\n\n</think>\n\n"),
        (IN_PARTS + "[THINK]", "[THINK]", "\n[/THINK]\n\n"),
        (EACH + "{# <|channel|>final<|message|> #}", "", "<|channel|>final<|message|>"),
        (EACH, "", ""),
    ],
)
def test_thoughts_are_closed_as_the_template_closes_them(template, opening, closing):
    thinking = thinking_of(tokenizer_with(template))
    assert (thinking.opening, thinking.closing, thinking.on) == (opening, closing, bool(closing))


@pytest.mark.parametrize(
    "template, written, read",
    [
        (OPENED, "Paris or Lyon? Paris.\n</think>\n\nLima", "Lima"),
        (OPENED, "It could be Paris, or", ""),
        (QWEN, "<think>\nParis?\n</think>\n\nLima", "Lima"),
        (QWEN, "<think>\nParis?", ""),
        (QWEN, "Lima", "Lima"),
        (EACH, "Lima", "Lima"),
    ],
)
def test_a_reply_is_read_after_its_thoughts_and_one_that_ends_in_them_is_empty(template, written, read):
    tokenizer = tokenizer_with(template)
    ids = tokenizer(written, add_special_tokens=False)["input_ids"]
    assert visible(text_of(tokenizer, ids, thinking_of(tokenizer))) == read


@pytest.mark.parametrize(
    "marks, written, read",
    [
        (["[THINK]", "[/THINK]"], "[THINK]Paris?[/THINK]Lima", "Lima"),
        (["[THINK]", "[/THINK]"], "[THINK]Paris?", ""),
        (
            ["<|channel|>", "<|message|>", "<|start|>", "<|end|>"],
            "<|channel|>analysis<|message|>Paris?<|end|><|start|>assistant<|channel|>final<|message|>Lima",
            "Lima",
        ),
        (["<|channel|>", "<|message|>"], "<|channel|>analysis<|message|>Paris?", ""),
        (
            ["<|START_THINKING|>", "<|END_THINKING|>", "<|START_RESPONSE|>", "<|END_RESPONSE|>"],
            "<|START_THINKING|>Paris?<|END_THINKING|><|START_RESPONSE|>Lima<|END_RESPONSE|>",
            "Lima",
        ),
    ],
)
def test_marks_of_thoughts_that_are_special_tokens_are_not_lost(marks, written, read):
    tokenizer = build_tokenizer()
    tokenizer.add_tokens([AddedToken(mark, special=True) for mark in marks], special_tokens=True)
    tokenizer.chat_template = CHAT + "{# [/THINK] #}"
    ids = tokenizer(written, add_special_tokens=False)["input_ids"]
    assert visible(text_of(tokenizer, ids, thinking_of(tokenizer))) == read


def _cached(tiny, folder, template, **changes):
    model = shutil.copytree(tiny("llama"), folder / "model")
    (model / "chat_template.jinja").write_text(template)
    entries, items, settings, fingerprint = planned(model, 12, **changes)
    cache_entries(folder / "store", entries, items, settings, fingerprint, lambda: subject_for(model), lambda _: None)
    return open_store(folder / "store").replies


def _scores(replies):
    scored = replies[replies["prompt"] == "report"].sort_values("item_id")
    return np.array(scored["logprobs"].tolist())


@pytest.mark.parametrize("template", [CHAT + OFF + "{% endif %}", CHAT + OFF + "{% else %}<think>\n{% endif %}"])
def test_answers_are_weighed_where_the_model_would_answer_without_thinking(tiny, tmp_path, template):
    """As in a run of the same model that is told not to think, whose prompt ends with the closed block itself."""
    on = _cached(tiny, tmp_path / "on", template, thinking_tokens=7)
    off = _cached(tiny, tmp_path / "off", template, template_args={"enable_thinking": False})
    np.testing.assert_allclose(_scores(on), _scores(off), atol=1e-4)
    longest = on[on["prompt"].isin(["object", "report"])].groupby("prompt")["n_tokens"].max()
    assert dict(longest) == {"object": 4 + 7, "report": 3 + 7}
    assert dict(off[off["prompt"] == "object"].groupby("prompt")["n_tokens"].max()) == {"object": 4}
    opened = template.endswith("<think>\n{% endif %}")
    assert on["text"].str.startswith("<think>").all() == opened


def test_thoughts_take_at_most_half_of_the_context():
    thinking = thinking_of(tokenizer_with(OPENED))
    assert thinking.tokens(16, 1024, 4096) == 1040
    assert thinking.tokens(16, 1024, 256) == 144
    assert thinking.tokens(0, 1024, 4096) == 0
    assert thinking_of(tokenizer_with(EACH)).tokens(16, 1024, 4096) == 16
