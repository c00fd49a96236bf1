"""Probe and report measured against each other: paired scores, decisions, agreement, where information is lost."""
