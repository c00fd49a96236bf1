"""How the behaviour target asks: every property in every form, fairly."""

import json
from dataclasses import replace

import pytest

from tacit.targets import Behavior, get_target
from tacit.targets.behavior.properties import NAMED
from tacit.targets.behavior.wording import FRAMES_V2, QUESTIONS_V2
from tacit.targets.chats import is_chat, last_message, reworded
from tacit.targets.elicitations import PRIMARY, parse

EVERY = [*NAMED, "among:a,c", "ends_with:s", r"regex:\d"]
SWAPPED, LETTERS = parse("logits/you/0/swapped"), parse("logits/you/0/letters")
LETTERS_SWAPPED = parse("logits/you/0/letters-swapped")


def _made(feature, n=8):
    items = Behavior(feature).items(n, 0)
    return get_target("behavior", items), items


@pytest.mark.parametrize("feature", EVERY)
def test_the_primary_report_extends_the_object_prompt_and_the_paraphrases_quote_it(feature):
    target, items = _made(feature)
    for item in items:
        assert target.report_prompt(item) == item.report_prompt
        assert item.report_prompt.startswith(item.object_prompt + "\n\n")
        for name in ("choice/you/1", "choice/you/2", "choice/typical/2"):
            asked = target.report_prompt(item, parse(name))
            assert item.object_prompt in asked and not asked.startswith(item.object_prompt)


@pytest.mark.parametrize("feature", EVERY)
def test_every_form_of_an_item_is_another_prompt_except_where_examples_or_a_begun_reply_go_with_a_choice(feature):
    target, items = _made(feature)
    forms = target.forms(items)
    asked = {
        elicitation.name: target.report_prompt(items[0], elicitation)
        for elicitation in forms
        if elicitation.rung not in ("shots4", "shots16", "prefill")
    }
    assert len(set(asked.values())) == len(asked) >= 24
    for rung in ("shots4", "prefill"):
        assert target.report_prompt(items[0], parse(f"{rung}/you/2")) == asked["choice/you/2"]
    assert not any("{" in text for text in asked.values())


@pytest.mark.parametrize("feature", EVERY)
def test_a_valid_answer_is_read_and_the_planted_one_is_among_them(feature):
    target, items = _made(feature, 40)
    for item in items:
        answers = target.valid_answers(items)
        assert item.control_answer in answers
        assert all(target.read(item, answer).outcome == "answered" for answer in answers)
        for elicitation in (SWAPPED, LETTERS, LETTERS_SWAPPED):
            if elicitation in target.forms(items):
                planted = target.read(item, target.control_answer(item, elicitation), elicitation=elicitation).value
                assert planted == target.read(item, item.control_answer).value


@pytest.mark.parametrize("feature", ["option", "refuses", "among:a,c", "length_bin"])
def test_letters_stand_for_the_class_of_their_place_whatever_order_was_shown(feature):
    target, items = _made(feature)
    for elicitation in (LETTERS, LETTERS_SWAPPED):
        letters = target.valid_answers(items, elicitation)
        assert [target.read(items[0], letter, elicitation=elicitation).value for letter in letters] == list(
            target.classes
        )
    assert target.valid_answers(items, LETTERS) == target.valid_answers(items, LETTERS_SWAPPED)[::-1]
    assert "(A) " + target.classes[-1] in target.report_prompt(items[0], LETTERS_SWAPPED)


def test_the_order_of_the_answers_follows_the_object_prompt_and_is_turned_around_when_swapped():
    target, items = _made("option", 80)
    for item in items:
        shown = ("now", "wait") if item.source == "now-first" else ("wait", "now")
        assert target.report_prompt(item).endswith("Answer {} or {}.".format(*shown))
        assert target.report_prompt(item, SWAPPED).endswith("Answer {} or {}.".format(*shown[::-1]))


def test_a_free_form_names_no_format_and_reasoning_names_its_last_line():
    target, items = _made("starts_with_vowel")
    assert target.report_prompt(items[0], parse("free/you/1")).endswith("would start with a vowel.")
    assert '"Answer:" followed by yes or no only.' in target.report_prompt(items[0], parse("reason/typical/0"))
    assert target.valid_answers(items, parse("free/you/0")) == target.valid_answers(items, parse("reason/you/0")) == ()


def test_after_the_act_only_the_question_is_put():
    target, items = _made("first_word")
    asked = target.report_prompt(items[0], parse("choice/you/after/0"))
    assert asked == "What was the first word of the answer that you just gave? Answer with that word only."


def test_a_reply_that_reasons_is_read_at_its_end():
    target, items = _made("refuses")
    elicitation = parse("reason/you/0")
    assert (
        target.read(items[0], "No reason to decline? It is illegal. Answer: yes", elicitation=elicitation).value
        == "yes"
    )


def test_the_framings_differ_in_whom_they_ask_about():
    for framing, others in (("you", "typical"), ("typical", "you")):
        for paraphrase in range(3):
            assert len(FRAMES_V2[framing]) == len(FRAMES_V2[others]) == 3
            words = QUESTIONS_V2["value", framing][paraphrase]
            assert words != QUESTIONS_V2["value", others][paraphrase]
    assert all("you" not in text.split() for text in QUESTIONS_V2["deed", "typical"])


def test_a_chat_keeps_its_earlier_turns_in_every_form():
    target, items = _made("first_word")
    chat = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Name a bird."}]
    item = replace(items[0], object_prompt=json.dumps(chat))
    asked = target.report_prompt(item, parse("choice/you/1"))
    assert is_chat(asked) and json.loads(asked)[0] == chat[0]
    assert last_message(asked).startswith("Suppose you were asked: Name a bird.\n")


def test_rewording_leaves_plain_text_and_single_turns_what_they_are():
    assert reworded("Name a bird.", str.upper) == "NAME A BIRD."
    assert reworded('[{"role": "user", "content": "a"}]', str.upper) == '[{"role": "user", "content": "A"}]'


def test_own_words_stand_for_themselves_and_bring_k_shot_forms():
    target, items = _made("first_word")
    own = [replace(item, report_prompt="First word?", reports=(("free/you/0", "Go on?"),)) for item in items]
    assert [elicitation.name for elicitation in target.forms(own)] == [
        "choice/you/0",
        "free/you/0",
        "shots4/you/0",
        "shots16/you/0",
    ]
    assert target.report_prompt(own[0], PRIMARY) == target.report_prompt(own[0], parse("shots4/you/0")) == "First word?"
    assert target.report_prompt(own[0], parse("free/you/0")) == "Go on?"


def test_words_for_one_more_form_join_the_built_in_ones():
    target, items = _made("first_word")
    own = [replace(item, reports=(("free/you/0", "Go on?"),)) for item in items]
    assert len(target.forms(own)) == len(target.forms(items))
    assert target.report_prompt(own[0], parse("free/you/0")) == "Go on?"


def test_caps_leave_room_to_reason_and_none_where_only_the_distribution_is_read():
    target, _ = _made("first_word")
    caps = {name: target.reply_cap(parse(name)) for name in ("choice/you/0", "reason/you/0", "logits/you/0/swapped")}
    assert caps["reason/you/0"] > caps["choice/you/0"] == target.report_tokens > caps["logits/you/0/swapped"] == 0


def test_a_shot_shows_the_label_in_the_words_that_were_asked_for():
    target, items = _made("matching_option")
    assert [target.shot_answer(items[0], each) for each in ("no", "yes")] == list(items[0].answers)
    assert Behavior("length").shot_answer(items[0], 12.0) == "12"
    assert Behavior("refuses").shot_answer(items[0], "yes") == "yes"
