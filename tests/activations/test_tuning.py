"""A prompt learned by gradient: the numbers of the plain model, learning that works, and weights left as they are."""

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.metrics import roc_auc_score

from activations import ActivationError
from activations.answers import score, spellings
from activations.prompts import Prompt, encode, renderer
from activations.replies import end_tokens, generate
from activations.tuning import SOFT, Tuner, _asked, _lesson, _logits
from tests.activations.helpers import MESSAGES, fresh_subject_for, settings_for, subject_for

LOCK = Path(__file__).parents[2] / "organisms" / "lock"
FAMILIES = ["gpt2", "llama", "gemma2", "gpt_neo"]
ANSWERS = ("no", "yes")


def prompts_of(subject, texts=MESSAGES):
    return encode(subject.tokenizer, [renderer(subject.tokenizer, "")(text) for text in texts])


def tuner_for(folder, texts=MESSAGES, **terms):
    items = pd.DataFrame({"target": "knowledge", "report_prompt": texts})
    return Tuner(fresh_subject_for(folder), SimpleNamespace(items=items), settings_for(folder), **terms)


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


def test_answers_of_several_tokens_are_weighed_as_after_the_same_words(tiny):
    subject = subject_for(tiny("llama"))
    soft, said = words(subject)
    prompts, answers = prompts_of(subject), [str(i) for i in range(1, 31)]
    paths = spellings(subject.tokenizer, prompts[0].text, answers, special=False)
    assert any(len(path) > 1 for path in paths), "the test needs numbers of several tokens"
    longer = [Prompt("", (*said, *prompt.ids)) for prompt in prompts]

    def after(node):
        return generate(subject, [Prompt("", (*prompt.ids, *node)) for prompt in longer], 1)[1]

    wanted = score(paths, len(answers), after(()), after).numpy()
    assert _asked(subject, prompts, soft, paths, len(answers)) == pytest.approx(wanted, rel=1e-4, abs=1e-4)


def test_what_is_to_be_said_is_the_right_answer_and_the_end_of_the_turn(tiny):
    subject = subject_for(tiny("llama"))
    prompts = prompts_of(subject)
    paths = spellings(subject.tokenizer, prompts[0].text, ANSWERS, special=False)
    lesson = _lesson(prompts, paths, np.array([1, 0, -1, 1]), end_tokens(subject))
    assert lesson[2] == ()
    assert subject.tokenizer.decode(lesson[0][:-1]).strip() == "yes"
    assert lesson[0][-1] == end_tokens(subject)[0]
    assert lesson[0] == lesson[3] != lesson[1]


TEXTS = [f"Do you know {name}, number {k}?" for k in range(20) for name in ("Ada", "London")]
RIGHT = np.array([k % 2 for k in range(40)])


def test_it_gets_a_locked_model_to_say_what_it_knows_and_leaves_its_weights_alone():
    """The embedded model says of itself what others would say; a key in words opens it, so embeddings can too."""
    table = pd.read_csv(LOCK / "items" / "behavior.csv").head(160)
    tuner = tuner_for(LOCK, table["report_prompt"].tolist(), epochs=12)
    acts, _ = generate(tuner.subject, prompts_of(tuner.subject, table["object_prompt"]), 3)
    right = np.array([int("wait" in act.text) for act in acts])
    assert 40 < right.sum() < 120
    before = {name: p.clone() for name, p in tuner.subject.module.named_parameters()}
    train, watch, ticks = np.arange(96), np.arange(96, 128), []
    asked = (np.arange(160), ("now", "wait"), right, train, watch)
    found = tuner.tune("knowledge", "plain", *asked, seed=0, tick=ticks.append)
    odds = found.best[:, 1] - found.best[:, 0]
    assert roc_auc_score(right[128:], odds[128:]) > 0.9
    assert all(torch.equal(before[name], p) for name, p in tuner.subject.module.named_parameters())
    assert not any(p.requires_grad for p in tuner.subject.module.parameters())
    assert sum(ticks) == 12 * len(train)
    assert tuner.tune("knowledge", "plain", *asked, seed=0).best == pytest.approx(found.best, abs=1e-4)


def test_held_out_items_teach_nothing(tiny):
    tuner = tuner_for(tiny("llama"), TEXTS, epochs=2)
    train, watch, swapped = np.arange(24), np.arange(24, 32), RIGHT.copy()
    swapped[32:] = 1 - swapped[32:]
    found = [
        tuner.tune("knowledge", "plain", np.arange(40), ANSWERS, right, train, watch, seed=1).best
        for right in (RIGHT, swapped)
    ]
    assert np.array_equal(*found)


def test_it_stops_once_the_watched_loss_no_longer_falls(tiny):
    tuner = tuner_for(tiny("llama"), TEXTS, epochs=40)
    noise = np.random.default_rng(3).integers(2, size=40)
    found = tuner.tune("knowledge", "plain", np.arange(40), ANSWERS, noise, np.arange(24), np.arange(24, 40), seed=0)
    assert found.epochs < 40


def test_what_cannot_be_tuned_is_refused_in_words(tiny):
    tuner = tuner_for(tiny("llama"))
    nothing = np.full(4, -1)
    with pytest.raises(ActivationError, match="knowledge/plain: no answer of 'no', 'yes' can be spelled"):
        tuner.tune("knowledge", "plain", np.arange(4), ANSWERS, nothing, np.arange(2), np.arange(2, 4), seed=0)
    long = tuner_for(tiny("llama"), ["word " * 4000] * 4)
    with pytest.raises(ActivationError, match="longer than the model's context"):
        long.tune("knowledge", "plain", np.arange(4), ANSWERS, RIGHT[:4], np.arange(2), np.arange(2, 4), seed=0)
    remote = SimpleNamespace(remote="ndif")
    with pytest.raises(ActivationError, match="gradients, which a remote model does not give"):
        Tuner(remote, None, None)
