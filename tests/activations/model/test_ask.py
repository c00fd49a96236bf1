"""Words are put to the model in any form: samples, whole chats, distributions alone, candidate answers."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import torch

from tacit.activations import ActivationError, open_store
from tacit.activations.model.answer_logprobs import continuation_logprobs
from tacit.activations.model.generate import sample
from tacit.activations.model.load import fingerprint, load_config, load_tokenizer
from tacit.activations.model.prompts import encode, messages_of, renderer
from tacit.activations.plan import Ask, plan_run
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


def test_samples_are_the_same_for_the_same_seed_and_leave_the_global_generator_alone(tiny):
    subject = subject_for(tiny("llama"))
    prompts = _prompts(subject)
    before = torch.random.get_rng_state()
    one, two, other = (sample(subject, prompts, 6, 3, seed) for seed in (1, 1, 2))
    assert torch.equal(before, torch.random.get_rng_state())
    assert [[r.text for r in each] for each in one] == [[r.text for r in each] for each in two]
    assert [[r.text for r in each] for each in one] != [[r.text for r in each] for each in other]
    assert [len(each) for each in one] == [3] * len(prompts)


def test_samples_follow_the_models_own_distribution(tiny):
    """First tokens of 4,000 draws against the softmax: a chi-squared statistic within four standard deviations."""
    subject = subject_for(tiny("llama"))
    (prompt,) = _prompts(subject, ["now"])
    with torch.inference_mode():
        p = torch.softmax(subject.module(torch.tensor([prompt.ids])).logits[0, -1].double(), -1).numpy()
    (drawn,) = sample(subject, [prompt], 1, 4000, 0)
    texts = pd.Series([reply.text for reply in drawn]).value_counts()
    names = [subject.tokenizer.decode([i], skip_special_tokens=True) for i in range(len(p))]
    expected = pd.Series(p).groupby(names).sum() * 4000
    common = expected[expected >= 5]
    chi2 = float(((texts.reindex(common.index).fillna(0) - common) ** 2 / common).sum())
    assert abs(chi2 - len(common)) < 4 * np.sqrt(2 * len(common))


@pytest.mark.parametrize("family", ["llama", "gpt2", "mamba"])
def test_the_log_probability_of_an_answer_is_the_sum_over_its_tokens_whatever_the_batch(tiny, family):
    subject = subject_for(tiny(family))
    prompts, texts = _prompts(subject), ["Ada", "London, I think", "no", "yes"]
    together, sizes = continuation_logprobs(subject, prompts, texts)
    for prompt, text, logp, size in zip(prompts, texts, together, sizes, strict=True):
        assert size > 0
        whole = next(
            ids
            for gap in ("", " ")
            if (ids := subject.tokenizer(prompt.text + gap + text, add_special_tokens=False)["input_ids"])[
                : len(prompt.ids)
            ]
            == list(prompt.ids)
        )
        with torch.inference_mode():
            rows = torch.log_softmax(subject.module(torch.tensor([whole])).logits[0].float(), -1)
        expected = sum(float(rows[i - 1, whole[i]]) for i in range(len(prompt.ids), len(whole)))
        assert logp == pytest.approx(expected, abs=1e-4)


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
    ran = cache_entries(folder, entries, items, settings, marks, load, said.append, follow if later else None)
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
    assert any(line.startswith("report:free/you/0: 12 prompts, ") for line in said)


def test_a_further_form_reuses_the_activations_and_every_reply_that_is_there(tiny, tmp_path):
    _, _, before = _run(tmp_path, tiny("llama"), forms=False)
    ran, said, after = _run(tmp_path, tiny("llama"))
    assert ran
    asked = {line.split(":")[0] + ":" + line.split(":")[1] for line in said if "input tokens" in line}
    assert asked == {"report:free/you/0", "report:logits/you/0/swapped"}
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
    ran, said, after = _run(tmp_path, tiny("llama"), later=later)
    assert ran and not any("after/0" in line for line in said if "input tokens" in line)
    assert after.manifest["entries"] == store.manifest["entries"]


def _refuse():
    raise AssertionError("the model was loaded although everything was there")
