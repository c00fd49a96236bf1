"""A store and a target become arrays: examples, parsed reports, folds, result tables."""
