"""Names that several rooms share: methods, outcomes, columns and files. Defined once, so that they agree everywhere."""

# methods, as they are called in scores.csv and in the columns `method:…` of probes/items.parquet
NESTED = "nested"
"""The headline probe: site, layer, family and penalty chosen on inner folds."""
FIXED = "fixed layer"
"""A probe at ⌊2L/3⌋, fixed in advance."""
NAIVE = "naive maximum"
"""The score of the layer with the best score; optimistic, shown for comparison only."""
BEST = "best report"
"""The report rung chosen on inner folds."""
TOGETHER = " with report"
"""Ending of a nested probe's name: that probe and the best report as the two features of one more probe."""
TUNED, TUNED_CONTROL = "tuned", "tuned on permuted labels"
"""The report after a soft prompt trained on the probe's labels, and its control task on labels permuted by group."""
RANDOM_MODEL, CONTROL_TASK, POSITION = "random model", "control task", "prompt length"
OUTPUT_CONFIDENCE, LOGIT_LENS, LOGIT_LENS_HERE = "output confidence", "logit lens", "logit lens, same layer"

DEFAULT_TARGETS = ("token_count", "knowledge", "behavior")
"""The targets that have built-in items and are measured unless others are asked for."""
BEHAVIOR = "behavior"
"""The target whose label is a property of the model's reply; one of several properties is `behavior-first_word`."""


def base_target(target: str) -> str:
    """The name under which a target is registered: `behavior` for each of its properties, any other name itself."""
    return BEHAVIOR if target.startswith(f"{BEHAVIOR}-") else target


# outcomes of reading a reply
ANSWERED, REFUSED, UNREADABLE, OUT_OF_RANGE = "answered", "refused", "unreadable", "out of range"
OUTCOMES = (ANSWERED, REFUSED, UNREADABLE, OUT_OF_RANGE)
"""All but the first are non-answers. Shares list the last one only where it occurs."""

# prefixes of columns in probes/items.parquet
METHOD_COLUMN = "method:"
"""A method's held-out predictions; ":<class index>" follows for several classes."""
LABEL_COLUMN = "label:"
"""The labels on which a method is scored, if it has its own (shuffled ones)."""
READ_COLUMN, RIGHT_COLUMN = "read:", "right:"
"""The prediction of the nested probe at one site, and whether it is right."""

# folders and files of a run
ACTIVATIONS, PROBES, VERDICTS, FIGURES = "activations", "probes", "verdicts", "figures"
VERDICTS_FILE = "verdicts.json"
VERDICTS_SCHEMA, SCORES_SCHEMA = "tacit-verdicts/1", "tacit-scores/1"
