"""Rendering, the span's tokens, and prompts that do not fit."""

from __future__ import annotations

import pytest

from tacit.activations.model.prompts import check_lengths, encode, renderer, token_counter
from tacit.errors import ActivationError
from tests.conftest import build_tokenizer

TEXT = "Mark this: [ Ada was born in London ] and no more."


def test_a_system_prompt_becomes_a_system_message():
    assert renderer(build_tokenizer(), "Be kind.")("Hi") == "<|system|>Be kind.<|end|><|user|>Hi<|end|><|assistant|>"


def test_an_empty_system_prompt_leaves_no_trace():
    assert renderer(build_tokenizer(), "")("Hi") == "<|user|>Hi<|end|><|assistant|>"


@pytest.mark.parametrize(
    "template",
    [
        "{% for m in messages %}{% if m.role == 'system' %}{{ raise_exception('no') }}{% endif %}{{ m.content }}|"
        "{% endfor %}",
        "{% for m in messages %}{% if m.role == 'user' %}{{ m.content }}|{% endif %}{% endfor %}",
    ],
)
def test_templates_that_refuse_or_drop_a_system_message_get_it_in_the_users(template):
    tokenizer = build_tokenizer()
    tokenizer.chat_template = template
    assert renderer(tokenizer, "Be kind.")("Hi") == "Be kind.\n\nHi|"


def test_without_a_chat_template_the_plain_question_and_answer_format_is_used():
    tokenizer = build_tokenizer()
    tokenizer.chat_template = None
    assert renderer(tokenizer, "")("Hi") == "Question: Hi\nAnswer:"
    assert renderer(tokenizer, "Be kind.")("Hi") == "Be kind.\n\nQuestion: Hi\nAnswer:"


def test_the_span_is_the_tokens_whose_characters_overlap_it():
    tokenizer = build_tokenizer()
    prompt = encode(tokenizer, [TEXT], ["Ada was born in London"])[0]
    first, last = prompt.span
    assert tokenizer.decode(prompt.ids[first:last]).strip() == "Ada was born in London"
    assert prompt.n_span == len(tokenizer(" Ada was born in London")["input_ids"])


def test_no_span_is_minus_one_never_zero():
    assert encode(build_tokenizer(), [TEXT])[0].n_span == -1


@pytest.mark.parametrize("span", ["Bob", "a"])
def test_a_span_that_does_not_occur_exactly_once_is_an_error(span):
    with pytest.raises(ActivationError, match=r"occurs \d+ times"):
        encode(build_tokenizer(), [TEXT], [span])


def test_prompts_longer_than_the_context_are_refused_with_their_number():
    prompts = encode(build_tokenizer(), ["one", TEXT * 3])
    with pytest.raises(ActivationError, match="1 of 2 prompts are longer than the model's context of 20 tokens"):
        check_lengths(prompts, 20, 4, "knowledge/plain")
    check_lengths(prompts, None, 4, "knowledge/plain")


@pytest.mark.parametrize("template", [True, False])
def test_a_message_is_counted_where_it_stands(template):
    tokenizer = build_tokenizer()
    if not template:
        tokenizer.chat_template = None
    render = renderer(tokenizer, "Be kind.")
    count = token_counter(tokenizer, render)
    lengths = [len(encode(tokenizer, [render(text)])[0].ids) - count(text) for text in ("Ada was born", "x", TEXT)]
    assert len(set(lengths)) == 1
