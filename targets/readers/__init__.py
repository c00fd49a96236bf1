"""Replies to Reports: pure functions from text to what it says."""
