"""Names that several rooms share: methods, outcomes, columns and files. Written once, so that no two can differ."""

# methods, as they are called in scores.csv and in the columns `method:…` of probes/items.parquet
NESTED = "nested"
"""The headline probe: site, layer, family and penalty chosen on inner folds."""
FIXED = "fixed layer"
"""A probe at ⌊2L/3⌋, fixed in advance."""
NAIVE = "naive maximum"
"""The best layer after the fact; optimistic, shown so that nobody quotes it."""
BEST = "best report"
"""The report rung chosen on inner folds."""
TUNED = "tuned"
"""The report after a soft prompt trained on the probe's labels."""
RANDOM_MODEL, CONTROL_TASK, POSITION = "random model", "control task", "prompt length"
OUTPUT_CONFIDENCE, LOGIT_LENS, LOGIT_LENS_HERE = "output confidence", "logit lens", "logit lens, same layer"

# outcomes of reading a reply
ANSWERED, REFUSED, UNREADABLE = "answered", "refused", "unreadable"
OUTCOMES = (ANSWERED, REFUSED, UNREADABLE)

# prefixes of columns in probes/items.parquet
METHOD_COLUMN = "method:"
"""A method's held-out predictions; ":<class index>" follows for several classes."""
LABEL_COLUMN = "label:"
"""The labels that a method is measured against, where it has its own (shuffled ones)."""
READ_COLUMN, RIGHT_COLUMN = "read:", "right:"
"""What a nested probe at one site says of an item, and whether that is right."""

# folders and files of a run
ACTIVATIONS, PROBES, VERDICTS, FIGURES = "activations", "probes", "verdicts", "figures"
VERDICTS_FILE = "verdicts.json"
VERDICTS_SCHEMA, SCORES_SCHEMA = "tacit-verdicts/1", "tacit-scores/1"
