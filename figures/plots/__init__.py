"""One plot per file, each with `draw(table, *, ax=None)`."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submodules=(
        "agreement", "count_errors", "counts", "cross_model", "decomposition", "elicitations", "know_and_say", "layers",
        "learning_curve", "positions", "reliability", "sparse_probing", "transfer", "validation",
    ),
)  # fmt: skip
