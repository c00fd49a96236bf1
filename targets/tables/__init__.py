"""User data: tables, published formats, Python files."""
