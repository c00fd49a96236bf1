# %% [markdown]
# # A run in a notebook
# Cells of a notebook (Jupytext, VS Code, PyCharm), and a script: `python docs/example.py runs/default`. Everything
# is read from the run's files; no model is needed.

# %%
import sys

from tacit.figures import read_run
from tacit.figures.inputs.elicitation_rows import rung_rows
from tacit.figures.inputs.layer_rows import layer_rows
from tacit.figures.plots import agreement, elicitations, layers

run = read_run(sys.argv[1] if len(sys.argv) > 1 else "runs/default")
print(run.rows[["target", "condition", "verdict", "probe", "report", "gap"]].round(2).to_string(index=False))

# %% [markdown]
# ## One panel of a figure, on axes of your own
# Each figure is a function of a table. What it draws is in the table, so filter it, or change it.

# %%
target, condition = run.rows.loc[0, ["target", "condition"]]
table = layer_rows(run.scores, run.rows, target=target)
ax = layers.draw(table[table["condition"] == condition])
ax.set_ylabel("how much of it can be read")
ax.figure.savefig(run.folder / "figures" / "example.pdf")

# %% [markdown]
# ## Every way of asking, best first

# %%
asked = rung_rows(run.scores, run.entries, run.rows)
mine = asked[(asked["target"] == target) & (asked["condition"] == condition)]
print(mine.sort_values("value", ascending=False)[["form", "fitted", "value", "lower", "upper"]].round(2).head())
elicitations.draw(mine)

# %% [markdown]
# ## The items behind a gap: the probe is right and the report is not

# %%
items = run.items[(run.items["target"] == target) & (run.items["condition"] == condition)]
unsaid = items[items["probe_right"].astype(bool) & ~items["report_right"].astype(bool)]
print(f"{len(unsaid)} of {len(items)} items are known and not said")
print(unsaid[["item_id", "label_name", "probe", "reply"]].head().to_string(index=False))
agreement.draw(agreement.agreement_rows(items))
