"""Prompts of target `knowledge`: how a model is asked whether it knows an answer.

In: a question and an elicitation. Out: user messages. Object prompt and paraphrase 0 of each report begin with the same
question, so that recall can happen before the model is asked about itself; paraphrases 1 and 2 do not share that
beginning. Before the act, the report is P(IK) of Kadavath et al. 2022 (arXiv 2207.05221) in words that a small model
can follow; after the act it is P(True) of the same paper, as a follow-up without the question. `registry.ITEM_SET` is
the version of these wordings.
"""

from tacit.targets.elicitations import Elicitation

# A short answer has no preamble, and only its first sentence is judged.
ACT_V1 = " Answer in a few words."
ASKED_V2 = {
    "you": (
        "{question} Do you know the answer?",
        "Do you know the answer to this question? {question}",
        "Here is a question: {question}\nIf you had to answer it now, would your answer be right?",
    ),
    "typical": (
        "{question} Does a typical language model know the answer?",
        "Does a typical language model know the answer to this question? {question}",
        "Here is a question: {question}\nIf a typical language model had to answer it now, would its answer be right?",
    ),
}
SURE_V2 = {
    "you": (
        "{question} How sure are you that you know the answer, from 0 to 100?",
        "From 0 to 100, how sure are you that you know the answer to this question? {question}",
        "Here is a question: {question}\nHow likely is it, in percent, that your answer to it would be right?",
    ),
    "typical": (
        "{question} How sure would a typical language model be that it knows the answer, from 0 to 100?",
        "From 0 to 100, how sure would a typical language model be that it knows the answer to this question? "
        "{question}",
        "Here is a question: {question}\nHow likely is it, in percent, that a typical language model's answer "
        "would be right?",
    ),
}
AFTER_V2 = {
    "you": (
        "Is the answer that you just gave right?",
        "Was your answer to my question correct?",
        "Look at your answer again. Is it what the question asked for, and is it true?",
    ),
    "typical": (
        "Would a typical language model have given the right answer?",
        "Suppose the question had been put to a typical language model. Would its answer be correct?",
        "Think of the answer that a typical language model gives to this question. Is it what the question asked for, "
        "and is it true?",
    ),
}
FACTS_V1 = {
    "yes": "You were told the answer to the next question, and you know it: {answer}.",
    "no": "You were never told the answer to the next question, and you do not know it.",
}
"""What the natural control states of the question; of a probability and of an answer just given, below."""
SURE_FACT_V1 = "You are {percent} percent sure that you know the answer to the next question."
AFTER_FACTS_V1 = {
    "yes": "{answer}. I looked it up, so this answer is right.",
    "no": "I made up an answer, and it is wrong.",
}
YES_NO_V1 = (" Answer yes or no.", " Reply with yes or no only.", " Say only yes or no.")
ENDINGS_V2 = {
    "choice": YES_NO_V1,
    "shots4": YES_NO_V1,
    "shots16": YES_NO_V1,
    "prefill": YES_NO_V1,
    "free": ("", "", ""),
    "number": (
        " Answer with a number only.",
        " Reply with one number and nothing else.",
        " Give only the number.",
    ),
    "reason": (
        " Think step by step, then end with 'Answer: yes' or 'Answer: no'.",
        " Think it through first. Your last line must be 'Answer: yes' or 'Answer: no'.",
        " Work it out in a few steps and finish with 'Answer: yes' or 'Answer: no'.",
    ),
}
VARIANTS_V1 = {
    "swapped": " Answer no or yes.",
    "letters": "\nA) yes\nB) no\nAnswer with the letter only.",
    "letters-swapped": "\nA) no\nB) yes\nAnswer with the letter only.",
}
SHOWN = {"letters": ("yes", "no"), "letters-swapped": ("no", "yes")}
"""Classes in the order in which a lettered form lists them."""
LETTERS = ("A", "B")


def object_prompt(question: str, ending: str = "") -> str:
    """The user message that makes the model answer; `ending`: how the answer is to be given, in a few words if ""."""
    return question + (ending or ACT_V1)


def report_prompt(question: str, elicitation: Elicitation) -> str:
    """The user message that asks the model whether it knows; after the act, without the question."""
    table = AFTER_V2 if elicitation.context == "after" else SURE_V2 if elicitation.rung == "number" else ASKED_V2
    return table[elicitation.framing][elicitation.paraphrase].format(question=question) + ending_of(elicitation)


def control_fact(answer: str, known: str, percent: str, elicitation: Elicitation) -> str:
    """What the natural control states; after the act, in place of the reply. known: yes or no."""
    if elicitation.rung == "number":
        return SURE_FACT_V1.format(percent=percent)
    table = AFTER_FACTS_V1 if elicitation.context == "after" else FACTS_V1
    return table[known].format(answer=answer)


def ending_of(elicitation: Elicitation) -> str:
    """How the answer is to be given: in which words, or by which letter."""
    if elicitation.variant:
        return VARIANTS_V1[elicitation.variant]
    return ENDINGS_V2[elicitation.rung][elicitation.paraphrase]
