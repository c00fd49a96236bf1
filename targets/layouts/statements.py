"""Published true and false statements, such as those of *The Geometry of Truth* (Marks and Tegmark 2023, arXiv
2310.06824): `statement`, `label`, and for some sets what the statement is about.

In: a table with these columns. Out: the same, with `label` as yes or no and, as `entity`, the city that a statement is
about, so that true and false statements about it are never split. A row with another label is left out.
"""

from tacit.targets.layouts.layout import Layout, LeftOutError, Row, has

TRUE, FALSE = {"1", "true", "yes"}, {"0", "false", "no"}


def _statement(row: Row) -> dict[str, str]:
    given = row["label"].strip().lower()
    if given not in TRUE | FALSE:
        raise LeftOutError("its label is neither true nor false")
    if not row["statement"].strip():
        raise LeftOutError("its statement is empty")
    return {"label": "yes" if given in TRUE else "no", "entity": row.get("entity", "") or row.get("city", "")}


STATEMENT_LAYOUTS = (
    Layout(
        "true and false statements", "truth", has("statement", "label"), lambda _table: _statement,
        frozenset({"city", "country", "correct_country"}),
    ),
)  # fmt: skip
