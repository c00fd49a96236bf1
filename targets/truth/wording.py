"""Prompts of target `truth`: how a model is asked whether a statement is true.

In: a statement and an elicitation. Out: user messages. The object prompt is the statement alone, as in the data of *The
Geometry of Truth* (Marks and Tegmark 2023, arXiv 2310.06824); paraphrase 0 of each report extends it, so that the
statement has been read before the question. `number` asks for the probability, as P(True) of Kadavath et al. 2022
(arXiv 2207.05221) does for an answer.
"""

from tacit.targets.elicitations import Elicitation
from tacit.targets.knowledge.wording import ending_of

ASKED_V1 = {
    "you": (
        "{statement} Is this statement true?",
        "Is the following statement true? {statement}",
        "Here is a statement: {statement}\nWould you say that it is true?",
    ),
    "typical": (
        "{statement} Would a typical language model say that this statement is true?",
        "Would a typical language model say that the following statement is true? {statement}",
        "Here is a statement: {statement}\nIf a typical language model were asked, would it say that it is true?",
    ),
}
SURE_V1 = {
    "you": (
        "{statement} How likely is it that this statement is true, from 0 to 100?",
        "From 0 to 100, how likely is it that the following statement is true? {statement}",
        "Here is a statement: {statement}\nHow likely is it, in percent, that it is true?",
    ),
    "typical": (
        "{statement} How likely would a typical language model say it is that this statement is true, from 0 to 100?",
        "From 0 to 100, how likely would a typical language model say it is that the following statement is true? "
        "{statement}",
        "Here is a statement: {statement}\nHow likely, in percent, would a typical language model say it is that it is "
        "true?",
    ),
}


FACTS_V1 = {"yes": "The next statement is true.", "no": "The next statement is false."}
"""What the natural control states."""
SURE_FACT_V1 = "It is {percent} percent likely that the next statement is true."


def control_fact(true: str, percent: str, elicitation: Elicitation) -> str:
    """What the natural control states; true: yes or no."""
    return SURE_FACT_V1.format(percent=percent) if elicitation.rung == "number" else FACTS_V1[true]


def report_prompt(statement: str, elicitation: Elicitation) -> str:
    """The user message that asks the model whether the statement is true."""
    table = SURE_V1 if elicitation.rung == "number" else ASKED_V1
    return table[elicitation.framing][elicitation.paraphrase].format(statement=statement) + ending_of(elicitation)
