"""One plot per file, each with `draw(table, *, ax=None)`."""
