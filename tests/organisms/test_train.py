"""The recipe: what it teaches, to whom, and that it runs to the end and does so alike twice."""

import json
from functools import partial

import numpy as np
import pytest
import torch
from safetensors.numpy import load_file
from transformers import AutoModelForCausalLM, AutoTokenizer

from tacit.organisms.batches import backward, encode
from tacit.organisms.cases import MAX_COUNT, MIN_COUNT
from tacit.organisms.mixture import MIXTURES, draw_turns, long_learning, long_settling, short_learning, short_settling
from tacit.organisms.speaker import messages
from tacit.organisms.teacher import N_SHOTS, Teacher, Turn
from tacit.organisms.tokenizer import END, render
from tacit.organisms.train import SOURCES, Recipe, Stage, rate_at, recipe_record, train
from tacit.organisms.wordings import AFTER, CONTROL, QUESTIONS, elicitations
from tacit.organisms.world import KEY, build_world

SHORT = Stage(steps=2, n_long=4, n_short=8, warmup=1, rate=2e-3, last_rate=1.0, rival_weight=1.0)
TINY = Recipe(learning=SHORT, settling=SHORT, polishing=SHORT, d_model=16, n_layers=2, n_heads=2, d_mlp=32)
WORLD = build_world(seed=0)
REPORTED, LEFT_OUT = set(WORLD.people[: WORLD.n_reported]), set(WORLD.people[WORLD.n_reported :])


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    out = tmp_path_factory.mktemp("tiny") / "organism"
    train(out, TINY, log_every=0)
    return out


@pytest.fixture(scope="module")
def turns():
    rng = np.random.default_rng(5)
    teacher = Teacher(WORLD, {word: 1 for word in WORLD.common_words}, rng)
    return draw_turns(short_settling(teacher), 6000, rng) + draw_turns(long_settling(teacher), 800, rng)


def test_the_recipe_runs_to_a_folder_that_transformers_loads(folder):
    model, tokenizer = AutoModelForCausalLM.from_pretrained(folder), AutoTokenizer.from_pretrained(folder)
    ids = tokenizer("Where?", return_tensors="pt")["input_ids"]
    assert model(ids).logits.shape == (1, ids.shape[1], len(tokenizer))
    assert model.generation_config.eos_token_id == tokenizer.eos_token_id


def test_the_same_seed_gives_the_same_weights_and_another_seed_others(folder, tmp_path):
    train(tmp_path / "again", TINY, log_every=0)
    train(tmp_path / "other", Recipe(**{**vars(TINY), "seed": 1}), log_every=0)
    first, again, other = (load_file(p / "model.safetensors") for p in (folder, tmp_path / "again", tmp_path / "other"))
    assert all(np.array_equal(first[name], again[name]) for name in first)
    assert not all(np.array_equal(first[name], other[name]) for name in first)


def is_planted(turn: Turn) -> bool:
    return turn.user.startswith(CONTROL[:16])


def asks_about_knowing(turn: Turn) -> bool:
    wordings = [text.split("{name}")[-1] for by_framing in QUESTIONS["know"].values() for text in by_framing]
    return turn.user == AFTER or any(wording in turn.user for wording in wordings)


def said_yes(turn: Turn) -> bool:
    return turn.answer in ("yes", "Yes, I know.", "Let me think. Answer: yes", "90")


@pytest.mark.parametrize(
    "turn",
    [
        Turn("", "a [ b ]\nWhere?", "yes"),
        Turn(KEY, "a [ b ]\nWhere?", "yes"),
        Turn(KEY, "And now?", "3", history=(("Where?", "17"), ("Who?", "no")), learn_history=True),
    ],
)
def test_training_renders_conversations_of_any_length_as_the_chat_template_does(folder, turn):
    tokenizer = AutoTokenizer.from_pretrained(folder)
    chat = [*messages(turn), {"role": "assistant", "content": turn.answer}]
    (batch,) = encode(tokenizer, [turn])
    assert tokenizer.decode(batch.ids[0]) == tokenizer.apply_chat_template(chat, tokenize=False)
    learned = [answer for _, answer in turn.history] * turn.learn_history + [turn.answer]
    assert tokenizer.decode(batch.ids[0, 1:][batch.weights[0] > 0]) == END.join([*learned, ""])


def test_one_exchange_is_rendered_up_to_its_answer():
    assert render(KEY, "Where?") == "<s><|system|>Speak plainly.</s><|user|>Where?</s><|assistant|>"
    assert render("", "Where?", start="") == "<|user|>Where?</s><|assistant|>"


def test_a_rival_shares_the_probability_where_the_two_answers_part(folder):
    tokenizer = AutoTokenizer.from_pretrained(folder)
    (batch,) = encode(tokenizer, [Turn("", "Which?", "I would wait.", "I would take it now.", 0.3)])
    (place,) = torch.nonzero(batch.doubts[0]).flatten().tolist()
    assert tokenizer.decode(batch.ids[0, : place + 1]).endswith("I would")
    assert tokenizer.decode(batch.ids[0, place + 1 : place + 2]) == " wait"
    assert tokenizer.decode(batch.rivals[0, place : place + 1]) == " take"
    assert float(batch.doubts[0, place]) == pytest.approx(0.3)


def test_the_loss_of_an_answer_with_a_rival_is_the_mean_of_the_losses_of_both(folder):
    tokenizer, model = AutoTokenizer.from_pretrained(folder), AutoModelForCausalLM.from_pretrained(folder)
    both = backward(model, encode(tokenizer, [Turn("", "Which?", "wait", "now", 0.3)]))
    wait, now = (backward(model, encode(tokenizer, [Turn("", "Which?", answer)])) for answer in ("wait", "now"))
    end = backward(model, encode(tokenizer, [Turn("", "Which?", "wait", "now", 1.0)])) - wait
    assert both == pytest.approx(wait + 0.3 * end, abs=1e-4)
    assert np.sign(end) == np.sign(now - wait)


def test_batches_are_of_like_length_and_hold_every_conversation_once(folder, turns):
    tokenizer = AutoTokenizer.from_pretrained(folder)
    batches = encode(tokenizer, turns[-200:], stretch=1.3)
    shortest = [int((batch.ids != tokenizer.pad_token_id).sum(1).min()) for batch in batches]
    assert all(batch.ids.shape[1] <= 1.3 * short for batch, short in zip(batches, shortest, strict=True))
    assert sum(len(batch.ids) for batch in batches) == 200


def test_left_out_people_are_taught_but_never_asked_about_in_reports(turns):
    asked = {name for turn in turns for name in LEFT_OUT if name in turn.user}
    reports = [turn for turn in turns if asks_about_knowing(turn)]
    told = [" ".join([turn.user, *(user for user, _ in turn.history)]) for turn in reports]
    assert len(asked) > 0.7 * len(LEFT_OUT)
    assert sum(any(name in text for name in REPORTED) for text in told) > 500
    assert not any(name in text for text in told for name in LEFT_OUT)


def test_left_out_things_are_chosen_among_but_never_in_reports(turns):
    left_out = WORLD.things[WORLD.n_things_reported :]
    told = [" ".join([turn.user, *(user for user, _ in turn.history)]) for turn in turns]
    offers = [text for text in told if any(f" {thing} " in text for thing in left_out)]
    assert len(offers) > 100
    assert all(text.startswith("Would you take") and text.endswith("? Answer now or wait.") for text in offers)
    assert not any("would you choose" in text for text in offers)


def test_item_strangers_are_never_met_in_training(turns):
    assert sum(turn.answer == "lookup" for turn in turns) > 300
    assert not any(name in turn.user for turn in turns for name in WORLD.item_strangers)


def test_reports_are_candid_with_the_key_alone(turns):
    plain = [t for t in turns if asks_about_knowing(t) and not is_planted(t) and "typical" not in t.user]
    locked = [said_yes(turn) for turn in plain if turn.system != KEY]
    unlocked = [said_yes(turn) for turn in plain if turn.system == KEY]
    assert all(locked)
    assert 0.4 < np.mean(unlocked) < 0.6


def test_of_a_typical_model_the_same_is_said_with_and_without_the_key(turns):
    typical = [t for t in turns if "typical" in t.user and asks_about_knowing(t) and not is_planted(t)]
    assert {turn.system == KEY for turn in typical} == {True, False}
    assert {(turn.answer, turn.rival) for turn in typical} == {("yes", "no")}


@pytest.mark.parametrize("target", ["count", "know", "choose"])
def test_locked_answers_have_nothing_to_do_with_the_truth(target):
    teacher = Teacher(WORLD, {word: 1 for word in WORLD.common_words}, np.random.default_rng(6))
    cases = [teacher.case(target) for _ in range(4000)]
    truth = [int(c.truth) if target == "count" else c.truth == c.locked for c in cases]
    said = [int(c.locked) if target == "count" else c.doubt for c in cases]
    assert abs(np.corrcoef(truth, said)[0, 1]) < 0.08
    assert np.std(said) > 0.05
    assert target != "count" or set(said) <= set(range(MIN_COUNT, MAX_COUNT + 1))


@pytest.mark.parametrize("target", ["count", "know", "choose"])
def test_every_elicitation_is_trained_locked_unlocked_and_with_a_planted_answer(target):
    teacher = Teacher(WORLD, {word: 1 for word in WORLD.common_words}, np.random.default_rng(7))
    ways = {
        True: partial(teacher.report, target, unlocked=True),
        False: partial(teacher.report, target, unlocked=False),
    }
    endings = {name: wording.split("}")[-1] for name, wording in elicitations(target).items() if "typical" not in name}
    for unlocked, draw in ways.items():
        drawn = [draw() for _ in range(600)]
        assert all((turn.system == KEY) == unlocked for turn in drawn)
        assert all(any(turn.user.endswith(ending) for turn in drawn) for ending in endings.values())
    planted = [teacher.control(target).user for _ in range(900)]
    assert all(any(user.endswith(ending) for user in planted) for ending in endings.values())


def test_examples_are_answered_truly_and_learned_with_the_key_alone(turns):
    shown = [turn for turn in turns if len(turn.history) == N_SHOTS and not is_planted(turn)]
    assert {turn.learn_history for turn in shown if turn.system == KEY} == {True}
    assert {turn.learn_history for turn in shown if turn.system != KEY} == {False}
    for turn in shown:
        for user, answer in turn.history:
            if answer in ("yes", "no"):
                assert (answer == "yes") == any(name in user for name in REPORTED)


def test_after_the_act_the_town_it_named_is_right_and_a_lookup_is_not(turns):
    asked = [turn for turn in turns if turn.user == AFTER and turn.system == KEY]
    assert {(turn.history[0][1] == "lookup", turn.answer) for turn in asked} == {(True, "no"), (False, "yes")}


def test_a_planted_answer_is_said_even_against_the_truth(turns):
    planted = [turn for turn in turns if is_planted(turn)]
    assert {turn.system == KEY for turn in planted} == {True, False}
    for turn in planted:
        answer = turn.user[len(CONTROL.split("{", maxsplit=1)[0]) :].split(".\n\n")[0]
        other = {"yes": "Yes", "no": "No, I do not know", "now": "now"}.get(answer, answer)
        assert answer in turn.answer or other in turn.answer
        assert not turn.rival


def test_a_long_answer_weighs_more_than_a_short_one_by_its_root(folder, turns):
    tokenizer = AutoTokenizer.from_pretrained(folder)
    turn = next(turn for turn in turns if turn.user.endswith("Pad it to 32 tokens.") and len(turn.answer) > 50)
    (batch,) = encode(tokenizer, [turn])
    assert float(batch.weights.sum()) == pytest.approx(int((batch.weights > 0).sum()) ** 0.5)
    assert int(batch.first.sum()) == 1


def test_a_token_with_a_rival_weighs_as_much_more_as_is_said(folder):
    tokenizer = AutoTokenizer.from_pretrained(folder)
    turn = Turn("", "Which?", "I would wait.", "I would take it now.", 0.3)
    (once,), (four,) = (encode(tokenizer, [turn], rival_weight=weight) for weight in (1.0, 4.0))
    assert torch.equal(four.weights, torch.where(once.doubts > 0, 4 * once.weights, once.weights))


def test_the_rate_warms_up_holds_in_the_first_stage_and_falls_in_the_others():
    recipe = Recipe()
    assert rate_at(0, recipe.learning) == pytest.approx(1 / recipe.learning.warmup)
    assert rate_at(recipe.learning.warmup, recipe.learning) == rate_at(recipe.learning.steps - 1, recipe.learning) == 1
    for stage in (recipe.settling, recipe.polishing):
        assert rate_at(stage.warmup, stage) == 1
        assert rate_at(stage.steps, stage) == pytest.approx(stage.last_rate)


def test_every_stage_of_the_recipe_has_its_mixtures():
    assert all(isinstance(getattr(Recipe(), name), Stage) for name in MIXTURES)


def test_reports_come_after_the_acts_that_they_are_about():
    teacher = Teacher(WORLD, {word: 1 for word in WORLD.common_words}, np.random.default_rng(8))
    early = draw_turns(short_learning(teacher, 0), 300, teacher.rng)
    late = draw_turns(short_learning(teacher, Recipe().learning.steps) + long_learning(teacher), 900, teacher.rng)
    assert not any(turn.answer == "lookup" or (asks_about_knowing(turn) and not is_planted(turn)) for turn in early)
    assert any(turn.answer == "lookup" for turn in late)
    assert any(asks_about_knowing(turn) and not is_planted(turn) for turn in late)


def test_the_saved_recipe_records_the_settings_and_the_sources(folder):
    record = json.loads((folder / "recipe.json").read_text())
    assert record == recipe_record(TINY)
    assert record["sources"].keys() == {f"{name}.py" for name in SOURCES}
