"""Find the decoder blocks, whose outputs are the residual stream, by structure rather than by name.

They are the ModuleList that has as many entries as the config has layers, holds most of the parameters, and whose
entries return `(batch, tokens, d_model)`. nnterp keeps a table of names instead, so new families need a new release.
"""

from __future__ import annotations

import torch
from torch import nn

from tacit.errors import ActivationError


def find_blocks(module: nn.Module) -> tuple[str, int]:
    """The dotted path of the decoder blocks' ModuleList and how many there are.

    Raises ActivationError with the module tree's outline when no list fits.
    """
    config = module.config.get_text_config()
    wanted = getattr(config, "num_hidden_layers", None)
    lists = {name: child for name, child in module.named_modules() if isinstance(child, nn.ModuleList) and len(child)}
    fitting = {name: child for name, child in lists.items() if wanted is None or len(child) == wanted}
    if not fitting:
        outline = "; ".join(f"{name}: {len(child)} x {type(child[0]).__name__}" for name, child in lists.items())
        raise ActivationError(
            f"{type(module).__name__}: no list of {wanted} blocks among its modules ({outline or 'no module lists'}). "
            "Is it a decoder-only language model?"
        )
    size = {name: sum(p.numel() for p in child.parameters()) for name, child in fitting.items()}
    path = max(size, key=size.get)
    parts = [name for name in size if size[name] and name.rpartition(".")[0] == path.rpartition(".")[0]]
    if len(parts) > 1:  # separate lists of attention and feed-forward, as in XLM: neither returns the residual stream
        raise ActivationError(
            f"{type(module).__name__}: its layers are spread over {', '.join(parts)}, so no module's output is the "
            "residual stream."
        )
    return path, len(fitting[path])


def check_blocks(states: list[torch.Tensor], shape: tuple[int, ...], outline: str) -> None:
    """Check that the states read on a tiny pass are a residual stream, before hours are spent on a run.

    Raises ActivationError for a wrong shape or non-finite values, naming the first layer that is wrong.
    """
    for layer, state in enumerate(states):
        if tuple(state.shape) != shape:
            raise ActivationError(
                f"layer {layer} gives shape {tuple(state.shape)}, expected {shape}: not a residual stream. {outline}"
            )
        if not torch.isfinite(state).all():
            raise ActivationError(f"layer {layer} gives values that are not finite on a tiny pass. Try: DTYPE=float32")
