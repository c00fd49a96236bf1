"""Names that several rooms share: methods, outcomes, columns and files. Written once, so that no two can differ."""

# methods, as they are called in scores.csv and in the columns `method:…` of probes/items.parquet
NESTED = "nested"
"""The headline probe: site, layer, family and penalty chosen on inner folds."""
NESTED_REPORT = "nested report"
"""The same among readings of the report prompt alone."""
FIXED = "fixed layer"
"""A probe at ⌊2L/3⌋, fixed in advance."""
NAIVE = "naive maximum"
"""The best layer after the fact; optimistic, shown so that nobody quotes it."""
BEST = "best report"
"""The report rung chosen on inner folds."""
SAID, SAID_CALIBRATED, LOGITS = "said", "said calibrated", "logits"
"""The primary report: as said, after a one-dimensional map, and read off the answers' log-probabilities."""
TUNED = "tuned"
"""The report after a soft prompt trained on the probe's labels."""
RANDOM_MODEL, CONTROL_TASK, POSITION = "random model", "control task", "prompt length"
OUTPUT_CONFIDENCE, LOGIT_LENS, LOGIT_LENS_HERE = "output confidence", "logit lens", "logit lens, same layer"

# outcomes of reading a reply
ANSWERED, REFUSED, UNREADABLE = "answered", "refused", "unreadable"
OUTCOMES = (ANSWERED, REFUSED, UNREADABLE)

# prefixes of columns in probes/items.parquet
METHOD_COLUMN, LABEL_COLUMN, READ_COLUMN, RIGHT_COLUMN = "method:", "label:", "read:", "right:"

# folders and files of a run
ACTIVATIONS, PROBES, VERDICTS, FIGURES = "activations", "probes", "verdicts", "figures"
VERDICTS_FILE = "verdicts.json"
VERDICTS_SCHEMA, SCORES_SCHEMA = "tacit-verdicts/1", "tacit-scores/1"
