"""The mean input embedding of each prompt: a bag-of-tokens baseline, before any layer has mixed them.

The embedding of the last token alone is no baseline where every prompt ends in the same token, as with a chat template.
No forward pass is needed, only a look-up and a mean.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import torch

from tacit.activations.model.load import Subject
from tacit.activations.model.prompts import Prompt
from tacit.activations.model.sites import PROMPTS


@torch.inference_mode()
def mean_embeddings(subject: Subject, prompts: Sequence[Prompt]) -> np.ndarray:
    """`(n_prompts, d_model) float32`: the input embeddings of each prompt, averaged over its tokens."""
    table = subject.module.get_input_embeddings()
    means = []
    for prompt in prompts:
        ids = torch.tensor(list(prompt.ids), device=table.weight.device)
        means.append(table(ids).float().mean(0).cpu())
    return torch.stack(means).numpy()


def embedding_tensors(subject: Subject, prompts: Mapping[str, Sequence[Prompt]]) -> dict[str, np.ndarray]:
    """`mean/object` and `mean/report`, `(n_items, d_model) float32` each; empty for a remote model."""
    if subject.remote:
        return {}
    return {f"mean/{kind}": mean_embeddings(subject, prompts[kind]) for kind in PROMPTS}
