"""Readers: pure functions from the text of a reply to a `Report` of what it says."""
