"""What the model will do: choices and response properties."""
