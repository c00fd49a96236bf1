"""How many tokens (characters, words) a marked text has."""
