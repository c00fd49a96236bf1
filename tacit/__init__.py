"""tacit: what a language model knows about itself, and what it says."""
