"""Metrics, bootstrap intervals, tests and group arithmetic; no data loading, no estimators."""
