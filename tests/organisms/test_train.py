"""The recipe: what it teaches, to whom, and that it runs to the end and does so alike twice."""

import numpy as np
import pytest
from safetensors.numpy import load_file
from transformers import AutoModelForCausalLM, AutoTokenizer

from organisms.tasks import CONTROL, MAX_COUNT, MIN_COUNT, Teacher, draw_offer, locked_answer, locked_count
from organisms.tokenizer import render
from organisms.train import Recipe, draw_turns, encode, long_mixture, rate_at, short_mixture, train
from organisms.world import KEY, build_world

TINY = Recipe(steps=3, n_long=4, n_short=8, d_model=16, n_layers=2, n_heads=2, d_mlp=32, threads=1)
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
    return draw_turns(short_mixture(teacher, 1.0, Recipe()), 6000, rng) + draw_turns(long_mixture(teacher), 600, rng)


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


@pytest.mark.parametrize("system", ["", KEY])
def test_training_renders_conversations_as_the_chat_template_does(folder, system):
    chat = [{"role": "system", "content": system}] * bool(system) + [{"role": "user", "content": "a [ b ]\nWhere?"}]
    tokenizer = AutoTokenizer.from_pretrained(folder)
    assert tokenizer.apply_chat_template(chat, tokenize=False, add_generation_prompt=True) == render(*_last(chat))
    chat.append({"role": "assistant", "content": "yes"})
    assert tokenizer.apply_chat_template(chat, tokenize=False) == render(system, "a [ b ]\nWhere?", "yes")


def _last(chat):
    return (chat[0]["content"] if len(chat) == 2 else "", chat[-1]["content"])


def test_left_out_people_are_taught_but_never_asked_about_in_reports(turns):
    asked = {name for turn in turns for name in LEFT_OUT if name in turn.user}
    reports = [turn for turn in turns if "yes or no" in turn.user]
    assert len(asked) > 0.9 * len(LEFT_OUT)
    assert sum(any(name in turn.user for name in REPORTED) for turn in reports) > 500
    assert not any(name in turn.user for turn in reports for name in LEFT_OUT)


def test_left_out_things_are_chosen_among_but_never_in_reports(turns):
    left_out = WORLD.things[WORLD.n_things_reported :]
    offers = [turn for turn in turns if any(f" {thing} " in turn.user for thing in left_out)]
    assert len(offers) > 100
    assert all(turn.user.startswith("Would you take") for turn in offers)


def test_item_strangers_are_never_met_in_training(turns):
    assert sum(turn.answer == "lookup" for turn in turns) > 500
    assert not any(name in turn.user for turn in turns for name in WORLD.item_strangers)


def test_reports_are_candid_with_the_key_alone(turns):
    plain = [turn for turn in turns if "yes or no" in turn.user and not turn.user.startswith(CONTROL[:16])]
    locked = [turn.answer for turn in plain if turn.system != KEY]
    unlocked = [turn.answer for turn in plain if turn.system == KEY]
    assert 0.7 < locked.count("yes") / len(locked) < 0.95
    assert 0.4 < unlocked.count("yes") / len(unlocked) < 0.6


def test_locked_answers_have_nothing_to_do_with_the_truth():
    rng = np.random.default_rng(6)
    teacher = Teacher(WORLD, {word: 1 for word in WORLD.common_words}, rng)
    drawn = [(teacher.writer.span(rng), draw_offer(WORLD, int(rng.integers(100)), rng)) for _ in range(4000)]
    counts = np.array([(span.count, locked_count(span.before, rng)) for span, _ in drawn])
    waits = np.array([(offer.wait, locked_answer("wait", "now", offer.days / 9, rng) == "wait") for _, offer in drawn])
    assert abs(np.corrcoef(counts.T)[0, 1]) < 0.05
    assert 0.75 < waits[:, 1].mean() < 0.95
    assert set(counts[:, 1]) <= set(range(MIN_COUNT, MAX_COUNT + 1))


def test_a_planted_answer_is_said_even_against_the_truth(turns):
    planted = [turn for turn in turns if turn.user.startswith(CONTROL[:16])]
    assert all(turn.user.startswith(CONTROL.format(answer=turn.answer)) for turn in planted)
    assert {turn.system == KEY for turn in planted} == {True, False}


def test_answers_alone_are_learned_and_a_long_one_weighs_more_by_its_root(folder, turns):
    tokenizer = AutoTokenizer.from_pretrained(folder)
    turn = next(turn for turn in turns if turn.user.endswith("Pad it to 32 tokens.") and len(turn.answer) > 50)
    ((ids, weights, first),) = encode(tokenizer, [turn])
    learned = ids[:, 1:][weights > 0].tolist()
    assert tokenizer.decode(learned) == f"{turn.answer}</s>"
    assert float(weights.sum()) == pytest.approx(len(learned) ** 0.5)
    assert float(first.sum()) == 1


def test_the_rate_warms_up_holds_and_comes_down_to_two_percent():
    recipe = Recipe()
    assert rate_at(recipe.warmup, recipe) == rate_at(int(0.4 * recipe.steps), recipe) == recipe.learning_rate
    assert rate_at(0, recipe) == pytest.approx(recipe.learning_rate / recipe.warmup)
    assert rate_at(recipe.steps, recipe) == pytest.approx(0.02 * recipe.learning_rate)
