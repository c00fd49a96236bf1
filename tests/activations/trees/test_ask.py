"""Words are put to the model in any form: samples, whole chats, distributions alone, candidate answers."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import torch

from tacit.activations import ActivationError, open_store
from tacit.activations.model.load import fingerprint, load_config, load_tokenizer
from tacit.activations.model.prompts import encode
from tacit.activations.plan import Ask, plan_run
from tacit.activations.templates.render import messages_of, renderer
from tacit.activations.trees.answers import along, continuation
from tacit.activations.trees.jobs import Job, Tally
from tacit.activations.trees.run import run_apart, run_jobs
from tacit.activations.write_shards import cache_entries
from tacit.targets.questions import Question
from tests.activations.helpers import MESSAGES, ask_for, planned, settings_for, subject_for

CHAT = json.dumps(
    [
        {"role": "user", "content": "Where?"},
        {"role": "assistant", "content": "There."},
        {"role": "user", "content": "Sure?"},
    ]
)


def _prompts(subject, texts=MESSAGES):
    render = renderer(subject.tokenizer, "")
    return encode(subject.tokenizer, [render(text) for text in texts])


def _sampled(subject, prompts, tokens, n, seed, *, shares):
    jobs = [Job(prompt.ids, i, tokens=tokens, samples=n, seed=seed + i) for i, prompt in enumerate(prompts)]
    return [[reply.ids for reply in told.samples] for told in run_jobs(subject, jobs, (), 4096, Tally(), shares=shares)]


@pytest.mark.parametrize("shares", [True, False])
def test_samples_are_the_same_for_the_same_seed_and_leave_the_global_generator_alone(tiny, shares):
    subject = subject_for(tiny("llama"))
    prompts = _prompts(subject)
    before = torch.random.get_rng_state()
    one, two, other = (_sampled(subject, prompts, 6, 3, seed, shares=shares) for seed in (1, 1, 2))
    assert torch.equal(before, torch.random.get_rng_state())
    assert one == two != other
    assert [len(each) for each in one] == [3] * len(prompts)


@pytest.mark.parametrize("shares", [True, False])
def test_samples_follow_the_models_own_distribution(tiny, shares):
    """First tokens of 4,000 draws against the softmax: a chi-squared statistic within four standard deviations."""
    subject = subject_for(tiny("llama"))
    (prompt,) = _prompts(subject, ["now"])
    with torch.inference_mode():
        p = torch.softmax(subject.module(torch.tensor([prompt.ids])).logits[0, -1].double(), -1).numpy()
    (drawn,) = _sampled(subject, [prompt], 1, 4000, 0, shares=shares)
    seen = np.bincount([ids[0] for ids in drawn], minlength=len(p))
    common = p * 4000 >= 5
    chi2 = float(((seen - 4000 * p)[common] ** 2 / (4000 * p)[common]).sum())
    assert abs(chi2 - common.sum()) < 4 * np.sqrt(2 * common.sum())


def test_samples_that_share_their_beginning_are_still_drawn_independently(tiny):
    """Second tokens given the first, and the share of pairs that agree twice, are those of separate draws."""
    subject = subject_for(tiny("llama"))
    (prompt,) = _prompts(subject, ["now"])
    (drawn,) = _sampled(subject, [prompt], 2, 6000, 3, shares=True)
    first = pd.Series([ids[0] for ids in drawn]).value_counts()
    most = int(first.index[0])
    with torch.inference_mode():
        logits = subject.module(torch.tensor([[*prompt.ids, most]])).logits[0, -1].double()
    p = torch.softmax(logits, -1).numpy()
    after = [ids[1] for ids in drawn if ids[0] == most and len(ids) > 1]
    seen, n = np.bincount(after, minlength=len(p)), len(after)
    common = p * n >= 5
    if common.sum() < 2:
        common = np.argsort(-p)[:20]
    expected = p[common] * n
    chi2 = float(((seen[common] - expected) ** 2 / expected).sum())
    assert abs(chi2 - len(expected)) < 4 * np.sqrt(2 * len(expected))
    halves = np.array([ids[:2] for ids in drawn if len(ids) > 1])
    same = float((halves[::2][: len(halves) // 2] == halves[1::2][: len(halves) // 2]).all(axis=1).mean())
    joint = pd.Series(map(tuple, halves.tolist())).value_counts(normalize=True)
    assert same == pytest.approx(float((joint**2).sum()), abs=4 * np.sqrt(0.25 / len(halves) * 2))


@pytest.mark.parametrize("family", ["llama", "gpt2", "mamba"])
def test_the_log_probability_of_an_answer_is_the_sum_over_its_tokens_however_it_is_run(tiny, family):
    subject = subject_for(tiny(family))
    prompts, texts = _prompts(subject), ["Ada", "London, I think", "no", "yes"]
    paths = [continuation(subject.tokenizer, p, text, special=False) for p, text in zip(prompts, texts, strict=True)]
    jobs = [Job(prompt.ids, 0, wanted=along(path)) for prompt, path in zip(prompts, paths, strict=True)]
    ways = [run_apart(subject, jobs, (), 4096, Tally())]
    ways += [] if family == "mamba" else [run_jobs(subject, jobs, (), 4096, Tally(), shares=True)]
    for prompt, text, path, *told in zip(prompts, texts, paths, *ways, strict=True):
        assert subject.tokenizer.decode(path).strip() == text
        whole = [*prompt.ids, *path]
        with torch.inference_mode():
            rows = torch.log_softmax(subject.module(torch.tensor([whole])).logits[0].float(), -1)
        expected = sum(float(rows[i - 1, whole[i]]) for i in range(len(prompt.ids), len(whole)))
        for one in told:
            assert sum(one.logprobs[path[:at]][token] for at, token in enumerate(path)) == pytest.approx(
                expected, abs=1e-4
            )


def test_a_chat_keeps_its_turns_and_a_text_that_only_looks_like_one_stays_a_message(tiny):
    tokenizer = subject_for(tiny("llama")).tokenizer
    text = renderer(tokenizer, "")(CHAT)
    assert text.index("Where?") < text.index("There.") < text.index("Sure?")
    assert messages_of('[{"role": broken') == [{"role": "user", "content": '[{"role": broken'}]
    with pytest.raises(ActivationError, match="ends with the turn of 'assistant'"):
        messages_of('[{"role": "assistant", "content": "a"}]')


def test_a_chat_for_a_model_without_template_is_questions_and_answers(tiny):
    tokenizer = load_tokenizer(settings_for(tiny("llama")))
    tokenizer.chat_template = None
    assert renderer(tokenizer, "Be brief.")(CHAT) == (
        "Be brief.\n\nQuestion: Where?\nAnswer: There.\n\nQuestion: Sure?\nAnswer:"
    )


def _asked(ask: Ask, n: int) -> Ask:
    texts = [f"Say {i}" for i in range(n)]
    questions = (
        Question("report", texts, ("no", "yes"), 3, elicitation="free/you/0"),
        Question("report", texts, ("no", "yes"), 0, elicitation="logits/you/0/swapped"),
    )
    return Ask(ask.target, ask.items[["item_id"]], questions, part="asked")


def _run(folder, model, n=12, *, forms=True, later=None, load=None):
    settings = settings_for(model)
    tokenizer, config = load_tokenizer(settings), load_config(settings)
    marks = fingerprint(settings, config)
    ask = ask_for(n)
    ask = replace(ask, questions=(replace(ask.questions[0], samples=2), *ask.questions[1:]))
    asks = [ask, _asked(ask, n)] if forms else [ask]
    entries = plan_run(asks, settings, tokenizer=tokenizer, config=config, model=marks)
    _, items, _, _ = planned(model, n)
    said = []

    def follow(store):
        return plan_run(later(store), settings, tokenizer=tokenizer, config=config, model=marks)

    load = load or (lambda: subject_for(model))
    ran = cache_entries(folder, entries, items, settings, marks, load, said.append, later=follow if later else None)
    return ran, said, open_store(folder)


def test_forms_samples_and_follow_ups_stand_in_one_table_of_replies(tiny, tmp_path):
    def later(store):
        acts = store.replies[(store.replies["prompt"] == "object") & (store.replies["sample"] == 0)]
        chats = [f"{text} Sure?" for text in acts["text"]]
        ids = pd.DataFrame({"item_id": list(acts["item_id"])})
        yield Ask("knowledge", ids, (Question("report", chats, (), 3, elicitation="choice/you/after/0"),), part="acted")
        both = pd.DataFrame({"item_id": ["q0", "q0"]})
        yield Ask(
            "knowledge", both, (Question("candidate", ["Who?"] * 2, continuations=["Ada", "Bob"]),), part="candidates"
        )

    _, said, store = _run(tmp_path, tiny("llama"), later=later)
    found = store.replies.groupby(["prompt", "elicitation", "sample"]).size().to_dict()
    assert found == {
        ("object", "", 0): 12, ("object", "", 1): 12, ("object", "", 2): 12,
        ("report", "choice/you/0", 0): 12, ("control", "choice/you/0", 0): 12, ("report", "free/you/0", 0): 12,
        ("report", "logits/you/0/swapped", 0): 12, ("report", "choice/you/after/0", 0): 12, ("candidate", "", 0): 2,
    }  # fmt: skip
    alone = store.replies[store.replies["elicitation"] == "logits/you/0/swapped"]
    assert alone["text"].isna().all() and np.isfinite(np.stack(alone["logprobs"])).all()
    assert store.entries == [("knowledge", "plain")]
    assert any("tokens to compute" in line for line in said)


def test_a_further_form_reuses_the_activations_and_every_reply_that_is_there(tiny, tmp_path):
    _, _, before = _run(tmp_path, tiny("llama"), forms=False)
    ran, _, after = _run(tmp_path, tiny("llama"))
    assert ran
    new = after.manifest["entries"][1]
    assert ran and new["part"] == "asked" and len(new["shards"]) == 1
    assert after.manifest["entries"][0] == before.manifest["entries"][0]


def test_follow_ups_are_kept_while_an_earlier_part_is_mended_and_nothing_runs_twice(tiny, tmp_path):
    def later(store):
        ids = pd.DataFrame({"item_id": [f"q{i}" for i in range(12)]})
        yield Ask(
            "knowledge",
            ids,
            (Question("report", ["Sure?"] * 12, (), 2, elicitation="choice/you/after/0"),),
            part="acted",
        )

    _, _, store = _run(tmp_path, tiny("llama"), later=later)
    assert not _run(tmp_path, tiny("llama"), later=later, load=_refuse)[0]
    first = tmp_path / store.manifest["entries"][0]["shards"][0]["file"]
    first.unlink()
    ran, _, after = _run(tmp_path, tiny("llama"), later=later)
    assert ran
    assert after.manifest["entries"] == store.manifest["entries"]


def _refuse():
    raise AssertionError("the model was loaded although everything was there")


def test_a_form_that_is_left_out_is_set_aside_and_back_without_the_model(tiny, tmp_path):
    from tacit.activations.store.other_runs import clean
    from tacit.activations.store.verify import describe

    _, _, whole = _run(tmp_path, tiny("llama"))
    _run(tmp_path, tiny("llama"), forms=False, load=_refuse)
    fewer = open_store(tmp_path)
    assert len(fewer.manifest["entries"]) == 1 and "set aside    1 sets of prompts" in describe(fewer)
    assert "free/you/0" not in set(fewer.replies["elicitation"])
    _run(tmp_path, tiny("llama"), load=_refuse)
    again = open_store(tmp_path)
    assert again.manifest["entries"] == whole.manifest["entries"]
    assert again.replies.equals(whole.replies)
    _run(tmp_path, tiny("llama"), forms=False, load=_refuse)
    folder = tmp_path / whole.manifest["entries"][1]["shards"][0]["file"]
    assert folder.exists() and clean(tmp_path)[0] == 1
    assert not folder.exists() and not open_store(tmp_path).manifest["set_aside"]
    assert clean(tmp_path) == (0, 0)
