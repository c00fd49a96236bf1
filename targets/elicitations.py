"""The ways of asking a model about itself: rung x framing x context x paraphrase, and their names.

In: names such as `free/you/0`, or the choices on the command line. Out: `Elicitation`s. Each target has its own wording
of them; this file decides which ones are used, so that no gap is due to a form of question that was left out.

Rungs (see docs/protocol.md, section 5): `free` asks for free text, `choice` for a forced choice or a number, `number`
for a confidence from 0 to 100; `logits` reads the distribution over the valid answers with options in other orders and
with letters as labels; `shots4` and `shots16` put that many labelled examples first (few-shot); `reason` lets the model
reason before it answers; `prefill` asks as `choice` does and begins the model's reply with "Answer:".
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from tacit.errors import TargetError

RUNGS = ("choice", "free", "number", "logits", "shots4", "shots16", "reason", "prefill")
FRAMINGS = ("you", "typical")
CONTEXTS = ("before", "after")
VARIANTS = ("", "swapped", "letters", "letters-swapped")
N_PARAPHRASES = 3
DEFAULT_RUNGS = ("choice", "logits", "shots4")
SHOTS = {"shots4": 4, "shots16": 16}
PREFILL = "Answer:"
"""How a prefilled reply begins. Small chat models often answer the question at hand, or comment on it, where they are
asked about themselves; put into their mouth, this makes them give an answer in the format that was asked for."""


@dataclass(frozen=True, order=True)
class Elicitation:
    """One way of asking."""

    rung: str = "choice"
    framing: str = "you"
    """`you`, or `typical`: what would a typical language model answer?"""
    context: str = "before"
    """`before` the act, or `after` it, with the model's own act in its context."""
    paraphrase: int = 0
    """0 extends the object prompt if the target can; 1 and 2 are separate prompts."""
    variant: str = ""
    """For `logits`: options in reverse order, or letters instead of words."""

    @property
    def name(self) -> str:
        """`choice/you/0`, `choice/you/after/0`, `logits/you/0/swapped`."""
        parts = [self.rung, self.framing, *([self.context] if self.context != "before" else []), str(self.paraphrase)]
        return "/".join(parts + ([self.variant] if self.variant else []))

    @property
    def opening(self) -> str:
        """How the model's reply begins, as if it had written so itself; "" if it begins by itself."""
        return PREFILL if self.rung == "prefill" else ""

    @property
    def needs_act(self) -> bool:
        """Whether the prompt depends on what the model did: it shows the act, or labelled examples."""
        return self.context == "after" or self.rung in SHOTS


PRIMARY = Elicitation()
"""The primary report; the residual stream is read at its prompt."""


def parse(name: str) -> Elicitation:
    """The elicitation called `name`. Raises TargetError for an invalid name."""
    parts = name.strip().split("/")
    context = parts.pop(2) if len(parts) > 3 and parts[2] in CONTEXTS else "before"
    variant = parts.pop(3) if len(parts) > 3 else ""
    fits = len(parts) == 3 and parts[0] in RUNGS and parts[1] in FRAMINGS and parts[2].isdecimal()
    if not fits or variant not in VARIANTS:
        raise TargetError(
            f"{name!r} is not an elicitation: expected rung/framing/paraphrase, such as free/you/0, with a rung of "
            f"{', '.join(RUNGS)} and a framing of {', '.join(FRAMINGS)}. Correct the column's name."
        )
    return Elicitation(parts[0], parts[1], context, int(parts[2]), variant)


def select(
    available: Iterable[Elicitation],
    *,
    rungs: Sequence[str] = DEFAULT_RUNGS,
    framings: Sequence[str] = FRAMINGS,
    contexts: Sequence[str] = ("before",),
    paraphrases: int = N_PARAPHRASES,
    fewer: int = 1,
    own: Collection[str] = (),
) -> tuple[Elicitation, ...]:
    """The elicitations of `available` to ask; the primary one is always included and first.

    paraphrases: number of wordings per rung about the model itself; fewer: the same for the framing `typical` and for
    few-shot rungs, whose prompts are several times as long. own: names of elicitations in the user's own wording, which
    are always asked.
    """
    known = sorted(set(available), key=_place)
    kept = [
        elicitation
        for elicitation in known
        if elicitation.name in own
        or (
            elicitation.rung in rungs
            and elicitation.framing in framings
            and elicitation.context in contexts
            and elicitation.paraphrase < (paraphrases if _many(elicitation) else min(fewer, paraphrases))
        )
    ]
    return (PRIMARY, *(elicitation for elicitation in kept if elicitation != PRIMARY))


def _many(elicitation: Elicitation) -> bool:
    return elicitation.framing == "you" and elicitation.rung not in SHOTS


def _place(elicitation: Elicitation) -> tuple:
    return (
        RUNGS.index(elicitation.rung),
        CONTEXTS.index(elicitation.context),
        FRAMINGS.index(elicitation.framing),
        elicitation.paraphrase,
        VARIANTS.index(elicitation.variant),
    )


def usual_forms(
    *, rungs: Sequence[str], variants: Sequence[str] = (), contexts: Sequence[str] = ("before",)
) -> tuple[Elicitation, ...]:
    """The elicitations of a target that has a wording for every rung, in both framings and three paraphrases.

    rungs: all but `logits`, whose variants (orders and letters) exist only for `you` and paraphrase 0. Its score still
    averages over paraphrases, because other rungs keep the log-probabilities of valid answers too. Few-shot examples
    show this model's own labels, so few-shot rungs do not ask about a typical model.
    """
    forms = [
        Elicitation(rung, framing, context, paraphrase)
        for rung in rungs
        for context in contexts
        for framing in FRAMINGS
        for paraphrase in range(N_PARAPHRASES)
        if (context == "before" or rung == "choice") and (framing == "you" or rung not in SHOTS)
    ]
    return (*forms, *(Elicitation("logits", variant=variant) for variant in variants if variant))
