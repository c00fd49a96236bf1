"""A prompt learned by gradient: the numbers of the plain model, learning that works, and weights left as they are."""

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.metrics import roc_auc_score

from tacit.activations import ActivationError
from tacit.activations.model.prompts import encode, renderer
from tacit.activations.trees.answers import answer_logprobs, spellings, tokens_wanted
from tacit.activations.trees.apart import run_apart
from tacit.activations.trees.generate import end_tokens, generate
from tacit.activations.trees.jobs import Job, Tally
from tacit.activations.tune import (
    ENOUGH,
    PATIENCE,
    SOFT,
    Training,
    Tuner,
    _answer_logprobs,
    _answer_tokens,
    _logits,
    _turn_end,
)
from tests.activations.helpers import MESSAGES, fresh_subject_for, settings_for, subject_for

LOCK = Path(__file__).parents[2] / "organisms" / "lock"
FAMILIES = ["gpt2", "llama", "gemma2", "gpt_neo"]
ANSWERS = ("no", "yes")
TEXTS = [f"Do you know {name}, number {k}?" for k in range(20) for name in ("Ada", "London")]
RIGHT = np.array([k % 2 for k in range(40)])


def prompts_of(subject, texts=MESSAGES):
    return encode(subject.tokenizer, [renderer(subject.tokenizer, "")(text) for text in texts])


def tuner_for(folder, texts=MESSAGES, **terms):
    items = pd.DataFrame({"target": "knowledge", "report_prompt": texts})
    store = SimpleNamespace(items=items, path=Path("runs/a-run/activations"))
    return Tuner(fresh_subject_for(folder), store, settings_for(folder), **terms)


def as_cached(tuner, answers=ANSWERS):
    """What the plain model gives the answers, as a run would hold it."""
    prompts = prompts_of(tuner.subject, tuner.store.items["report_prompt"])
    paths = spellings(tuner.subject.tokenizer, prompts[0].text, answers, special=False)
    return _answer_logprobs(
        tuner.subject, prompts, torch.zeros(0, tuner.subject.d_model), paths, len(answers), shares=True
    )


def words(subject):
    """Embeddings of some tokens, and the tokens: a soft prompt that can be said in words too."""
    ids = list(range(5, 5 + SOFT))
    return subject.module.get_input_embeddings()(torch.tensor(ids)).detach(), ids


@pytest.mark.parametrize("family", FAMILIES)
def test_a_soft_prompt_of_embedded_words_is_these_words(tiny, family):
    subject = subject_for(tiny(family))
    soft, said = words(subject)
    prompts = prompts_of(subject)
    with torch.no_grad():
        columns = sorted({len(p.ids) - 1 for p in prompts})
        found = _logits(subject, [tuple(p.ids) for p in prompts], soft, columns)
        for prompt, row in zip(prompts, found, strict=True):
            plain = subject.module(input_ids=torch.tensor([[*said, *prompt.ids]])).logits[0, -1]
            torch.testing.assert_close(row[columns.index(len(prompt.ids) - 1)], plain, rtol=2e-3, atol=2e-4)


@pytest.mark.parametrize("shares", [True, False])
@pytest.mark.parametrize("family", FAMILIES)
def test_answers_of_several_tokens_are_weighed_as_after_the_same_words(tiny, family, shares):
    subject = subject_for(tiny(family))
    soft, said = words(subject)
    prompts, answers = prompts_of(subject), [str(i) for i in range(1, 31)]
    paths = spellings(subject.tokenizer, prompts[0].text, answers, special=False)
    assert any(len(path) > 1 for path in paths), "the test needs numbers of several tokens"
    jobs = [Job((*said, *prompt.ids), i, wanted=tokens_wanted(paths)) for i, prompt in enumerate(prompts)]
    told = run_apart(subject, jobs, (), 4096, Tally())
    known = {
        path: {token: np.array([one.logprobs[path][token] for one in told]) for token in tokens}
        for path, tokens in tokens_wanted(paths).items()
    }
    wanted = answer_logprobs(paths, len(answers), known).T
    found = _answer_logprobs(subject, prompts, soft, paths, len(answers), shares=shares)
    assert found == pytest.approx(wanted, rel=1e-3, abs=1e-3)


def test_what_is_to_be_said_is_the_right_answer_as_the_model_would_begin_it(tiny):
    subject = subject_for(tiny("llama"))
    prompts = prompts_of(subject)
    paths = spellings(subject.tokenizer, prompts[0].text, ANSWERS, special=False)
    answer_tokens = _answer_tokens(subject, prompts, paths, np.array([1, 0, -1, 1]))
    assert answer_tokens[2] == ()
    assert answer_tokens[0] == answer_tokens[3] != answer_tokens[1]
    assert subject.tokenizer.decode(answer_tokens[0]).strip().lower() == "yes"
    with torch.no_grad():
        nexts = [subject.module(input_ids=torch.tensor([list(p.ids)])).logits[0, -1].log_softmax(-1) for p in prompts]
    total_logprob = {path: float(sum(logp[path[0]] for logp in nexts)) for path, index in paths.items() if index == 1}
    assert total_logprob[answer_tokens[0]] == max(total_logprob.values())


def test_only_an_answer_that_begins_another_ends_its_turn(tiny):
    subject = subject_for(tiny("llama"))
    paths = {(40,): 0, (40, 46): 1, (41,): 2}
    answer_tokens = _answer_tokens(subject, prompts_of(subject), paths, np.array([0, 1, 2, -1]))
    assert answer_tokens == [(40, *_turn_end(subject)), (40, 46), (41,), ()]
    assert _turn_end(subject)[0] in end_tokens(subject)


def test_it_gets_a_locked_model_to_say_what_it_knows_and_leaves_its_weights_alone():
    """The embedded model says of itself what others would say; a key in words opens it, so embeddings can too."""
    table = pd.read_csv(LOCK / "items" / "behavior.csv").head(160)
    tuner = tuner_for(LOCK, table["report_prompt"].tolist(), epochs=12)
    acts, _ = generate(tuner.subject, prompts_of(tuner.subject, table["object_prompt"]), 3)
    wait = np.array([int("wait" in tuner.subject.tokenizer.decode(act.ids)) for act in acts])
    assert 40 < wait.sum() < 120
    before = {name: p.clone() for name, p in tuner.subject.module.named_parameters()}
    right, watch, ticks = np.where(np.arange(160) < 128, wait, -1), np.arange(160) >= 96, []
    asked, cached = (np.arange(160), ("now", "wait"), right, watch), as_cached(tuner, ("now", "wait"))
    found = tuner.tune("knowledge", "plain", *asked, cached=cached, seed=0, tick=ticks.append)
    tuned, plain = (roc_auc_score(wait[128:], (logp[:, 1] - logp[:, 0])[128:]) for logp in (found.logprobs, cached))
    assert tuned > 0.9 > plain
    assert all(torch.equal(before[name], p) for name, p in tuner.subject.module.named_parameters())
    assert not any(p.requires_grad for p in tuner.subject.module.parameters())
    assert sum(ticks) == 12 * (96 + 128) + 160
    again = tuner.tune("knowledge", "plain", *asked, cached=cached, seed=0)
    assert again.logprobs == pytest.approx(found.logprobs, abs=1e-4)


def test_the_watched_items_say_how_long_to_learn_and_then_it_learns_from_them_too(tiny):
    tuner = tuner_for(tiny("llama"), TEXTS, epochs=40)
    prompts = prompts_of(tuner.subject, TEXTS)
    paths = spellings(tuner.subject.tokenizer, prompts[0].text, ANSWERS, special=False)
    noise = np.random.default_rng(3).integers(2, size=40)
    answer_tokens, held = _answer_tokens(tuner.subject, prompts, paths, noise), np.arange(40) >= 32
    trial, losses = Training(tuner.subject, prompts, answer_tokens, 0), []
    for _ in range(40):
        trial.run_epoch(np.arange(24), lambda n: None)
        losses.append(trial.loss(np.arange(24, 32)))
    right, watch = np.where(held, -1, noise), np.arange(40) >= 24
    found = tuner.tune("knowledge", "plain", np.arange(40), ANSWERS, right, watch, cached=as_cached(tuner), seed=0)
    assert 1 <= found.epochs < 40
    assert found.loss == pytest.approx(losses[found.epochs - 1], abs=1e-3)
    assert min(losses[: found.epochs + PATIENCE]) > found.loss - ENOUGH - 1e-3
    whole = Training(tuner.subject, prompts, answer_tokens, 0)
    for _ in range(found.epochs):
        whole.run_epoch(np.arange(32), lambda n: None)
    wanted = _answer_logprobs(tuner.subject, prompts, whole.soft.detach(), paths, 2, shares=False)
    assert found.logprobs == pytest.approx(wanted, abs=1e-3)
    assert np.abs(wanted - as_cached(tuner)).max() > 0.02


def test_what_cannot_be_tuned_is_refused_in_words(tiny):
    tuner = tuner_for(tiny("llama"))
    four, watch, empty = np.arange(4), np.arange(4) > 1, np.full((4, 2), np.nan)
    with pytest.raises(ActivationError, match="knowledge/plain: 0 training and 0 validation items"):
        tuner.tune("knowledge", "plain", four, ANSWERS, np.full(4, -1), watch, cached=empty, seed=0)
    with pytest.raises(ActivationError, match="'no' cannot be spelled after the prompt"):
        tuner.tune("knowledge", "plain", four, ("no", "no"), RIGHT[:4], watch, cached=empty, seed=0)
    with pytest.raises(ActivationError, match=r"the model or the prompt is not the run's\. Run: tacit cache a-run"):
        tuner.tune("knowledge", "plain", four, ANSWERS, RIGHT[:4], watch, cached=as_cached(tuner) - 0.1, seed=0)
    long = tuner_for(tiny("llama"), ["word " * 4000] * 4)
    with pytest.raises(ActivationError, match="longer than the model's context"):
        long.tune("knowledge", "plain", four, ANSWERS, RIGHT[:4], watch, cached=empty, seed=0)
    with pytest.raises(ActivationError, match="gradients, which a remote model does not give"):
        Tuner(SimpleNamespace(remote="ndif"), None, None)


def test_a_loss_that_is_no_number_is_refused_in_words(tiny):
    tuner = tuner_for(tiny("llama"))
    learning = Training(tuner.subject, prompts_of(tuner.subject), [(5,)] * 4, 0)
    with torch.no_grad():
        learning.soft *= float("nan")
    with pytest.raises(ActivationError, match=r"the loss of the soft prompt is nan in torch.float32"):
        learning.loss(range(4))
