"""Whether the model knows that a statement is true."""
