"""All prompts of an item, its replies and its samples as one tree of tokens, of which each is computed once."""
