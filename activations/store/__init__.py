"""The files that `cache` writes, read without torch."""
