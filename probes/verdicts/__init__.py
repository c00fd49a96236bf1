"""Evidence, rules and sentences."""
