"""Whether the model knows the answer to a question."""
