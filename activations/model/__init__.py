"""Everything that touches torch, transformers and nnsight: loading, reading states, generating."""
