"""Chat templates that people have: named ones, dated ones, ones that take parts, think, raise, or never end."""

from __future__ import annotations

import time

import pytest

from tacit.activations.templates import chat_template
from tacit.activations.templates.chat_template import choose_template
from tacit.activations.templates.render import renderer
from tacit.activations.templates.thinking import thinking_line
from tacit.errors import ActivationError
from tests.activations.helpers import settings_for
from tests.conftest import build_tokenizer

EACH = "{% for m in messages %}{{ m.content }}|{% endfor %}"
OFF = "{% if enable_thinking is defined and enable_thinking is false %}<think>\n\n</think>\n\n"
IN_PARTS = (
    "{% for m in messages %}{% for c in m.content %}{% if c.type == 'text' %}{{ c.text }}|{% endif %}{% endfor %}"
    "{% endfor %}"
)


def tokenizer_with(text, **changes):
    """A tokenizer with this template, chosen as `cache` chooses it."""
    tokenizer = build_tokenizer()
    tokenizer.chat_template = text
    choose_template(tokenizer, settings_for("model", **changes))
    return tokenizer


@pytest.mark.parametrize(
    "text, reason",
    [
        ("{{ raise_exception('language must be set') }}" + EACH, "language must be set"),
        ("{% for m in messages %}{{ m.content }", "line 1 of the template"),
        ("{{ ''.__class__.__mro__ }}" + EACH, "unsafe"),
        ("{% macro f(x) %}{{ f(x) }}{% endmacro %}{{ f(1) }}" + EACH, "calls itself for ever"),
        ("{{ undefined.attribute.of }}" + EACH, "undefined"),
        ("{{ 1 / 0 }}" + EACH, "division by zero"),
        ("{{ range(10**12) | list }}" + EACH, "Range too big"),
        ("You are a helpful assistant.", "leaves the user's message out"),
        ("{{ range(1000000) | random }}" + EACH, "."),
        ("{{ range(90000) | random }}" + EACH, "something else each time"),
    ],
)
def test_a_template_that_cannot_be_used_is_one_line_with_its_reason(text, reason):
    with pytest.raises(ActivationError, match=reason) as caught:
        renderer(tokenizer_with(text), "")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "text",
    [
        "{% for i in range(99999) %}{% for j in range(99999) %}{{ j }}{% endfor %}{% endfor %}" + EACH,
        "{{ 'x' * (10 ** 11) }}" + EACH,
        "{{ 9 ** (9 ** 9) }}" + EACH,
    ],
)
def test_a_template_without_end_is_stopped(text, monkeypatch):
    monkeypatch.setattr(chat_template, "SECONDS", 1)
    began = time.perf_counter()
    with pytest.raises(ActivationError, match=r"did not finish|too much memory|takes more than"):
        renderer(tokenizer_with(text), "")
    assert time.perf_counter() - began < 30


def test_a_template_that_takes_parts_gets_parts():
    assert renderer(tokenizer_with(IN_PARTS), "Be kind.")("Hi") == "Be kind.|Hi|"


def test_a_message_that_the_template_changes_is_refused():
    render = renderer(tokenizer_with("{% for m in messages %}{{ m.content | replace('z', '') }}|{% endfor %}"), "")
    assert render("Hi") == "Hi|"
    with pytest.raises(ActivationError, match="drops or changes the user's message 'zoo'"):
        render("zoo")


@pytest.mark.parametrize("text", [EACH, IN_PARTS, "{{ messages | length }}" + EACH, "{{ strftime_now('%d') }}" + EACH])
def test_messages_rendered_together_are_what_each_is_alone(text):
    render = renderer(tokenizer_with(text), "Be kind.")
    texts = [f"message {i}" for i in range(chat_template.TOGETHER + 3)]
    assert render.all(texts) == [render(each) for each in texts]


def test_one_message_of_many_that_cannot_be_rendered_is_told_with_its_reason():
    picky = "{% for m in messages %}{% if 'x' in m.content %}{{ raise_exception('no x') }}{% endif %}{% endfor %}"
    render = renderer(tokenizer_with(picky + EACH), "")
    with pytest.raises(ActivationError, match="no x"):
        render.all(["Hi", "axe", "Ho"])


@pytest.mark.parametrize("alone", [str, lambda found: found[:1]])
def test_a_tokenizer_that_takes_one_message_at_a_time_gets_one_at_a_time(monkeypatch, alone):
    tokenizer = tokenizer_with(EACH)
    usual = tokenizer.apply_chat_template

    def one_at_a_time(conversation, **options):
        found = usual(conversation, **options)
        return found if isinstance(found, str) else alone(found)

    monkeypatch.setattr(tokenizer, "apply_chat_template", one_at_a_time)
    assert renderer(tokenizer, "").all(["Hi", "Ho"]) == ["Hi|", "Ho|"]


def test_a_template_that_writes_the_date_writes_the_same_on_every_day():
    dated = "{{ strftime_now('%d %b %Y %H:%M') }}|" + EACH
    assert renderer(tokenizer_with(dated), "")("Hi") == "01 Jan 2025 00:00|Hi|"
    assert renderer(tokenizer_with(dated, date="2026-02-03"), "")("Hi") == "03 Feb 2026 00:00|Hi|"


def test_one_of_several_templates_is_chosen_by_name():
    several = {"chat": "a" + EACH, "tool_use": "b" + EACH}
    assert renderer(tokenizer_with(several, template="tool_use"), "")("Hi") == "bHi|"
    assert renderer(tokenizer_with(several | {"default": EACH}), "")("Hi") == "Hi|"
    with pytest.raises(ActivationError, match=r"several chat templates \(chat, tool_use\) and none is the default"):
        tokenizer_with(several)
    with pytest.raises(ActivationError, match="no chat template named 'rag'"):
        tokenizer_with(several, template="rag")
    with pytest.raises(ActivationError, match="only an unnamed chat template"):
        tokenizer_with(EACH, template="rag")


def test_variables_of_the_template_are_handed_over_with_their_types():
    off = EACH + OFF + "{% endif %}"
    assert renderer(tokenizer_with(off, template_args={"enable_thinking": False}), "")("Hi").endswith("</think>\n\n")
    assert renderer(tokenizer_with(off, template_args={"enable_thinking": "false"}), "")("Hi") == "Hi|"
    with pytest.raises(ActivationError, match="messages: this variable is set by tacit itself"):
        tokenizer_with(off, template_args={"messages": []})


@pytest.mark.parametrize(
    "text, args, told",
    [
        (EACH + OFF + "{% endif %}", {}, "may open a block of thoughts.*--template-arg enable_thinking=false"),
        (EACH + OFF + "{% else %}<think>\n{% endif %}", {}, "opens a block.*--template-arg enable_thinking=false"),
        (EACH + "<think>\n", {}, "opens a block of thoughts"),
        (EACH.replace("m.content", "m.content.split('</think>')[-1]"), {}, "may open"),
        (EACH + OFF + "{% endif %}", {"enable_thinking": False}, "^$"),
        (EACH + "{% if thinking %}<think>{% else %}</think>{% endif %}", {}, "^$"),
        (EACH, {}, "^$"),
        (IN_PARTS + "[THINK]", {}, "opens a block"),
    ],
)
def test_a_model_that_thinks_before_it_answers_is_told_of_before_the_run(text, args, told):
    import re

    assert re.search(told, thinking_line(tokenizer_with(text, template_args=args), "model"))


def test_a_template_on_a_machine_that_leaves_it_no_time_is_waited_for(monkeypatch):
    monkeypatch.setattr(chat_template, "SECONDS", 0.3)
    tokenizer = tokenizer_with(EACH)
    real = tokenizer.apply_chat_template
    monkeypatch.setattr(tokenizer, "apply_chat_template", lambda *a, **k: (time.sleep(0.5), real(*a, **k))[1])
    assert "Hi" in chat_template.apply_template(tokenizer, [{"role": "user", "content": "Hi"}])
