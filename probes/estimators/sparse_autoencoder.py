"""A sparse autoencoder's features of activations, from a folder in the format of sae-lens, with numpy alone.

In: a folder with `cfg.json` and `sae_weights.safetensors` (W_enc, b_enc, b_dec, threshold). Out: the features as a
sparse matrix. Architectures: standard (ReLU), jumprelu (Rajamanoharan et al. 2024, arXiv 2407.14435) and topk (Gao et
al. 2024, arXiv 2406.04093). Weights are read from safetensors only.
"""

import json
import re
from dataclasses import dataclass
from pathlib import Path

import ml_dtypes  # noqa: F401  (registers bfloat16 with numpy, in which some autoencoders are kept)
import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load_file
from scipy.sparse import csr_array, vstack

from tacit.errors import ProbeError

ARCHITECTURES = ("standard", "jumprelu", "topk")
ROWS = 256
"""Rows encoded at a time: dense features of all items at once would take gigabytes."""


@dataclass(frozen=True)
class SparseAutoencoder:
    name: str
    architecture: str
    """standard, jumprelu or topk"""
    w_enc: np.ndarray
    """(d_model, n_features) float32"""
    b_enc: np.ndarray
    """(n_features,) float32"""
    b_dec: np.ndarray
    """(d_model,) float32, taken off the input; zeros where the autoencoder does not do that"""
    threshold: np.ndarray
    """(n_features,) float32; zeros but for jumprelu"""
    k: int
    """features kept per row, topk only; else 0"""
    layer: int | None
    """layer whose states it was trained on, as tacit counts them (0 is the embeddings); None where it does not say"""

    def encode(self, x: np.ndarray) -> csr_array:
        """(n_items, n_features) float32 of activations (n_items, d_model).

        Raises ProbeError where the activations have another width.
        """
        if x.shape[1] != len(self.w_enc):
            raise ProbeError(
                f"the sparse autoencoder {self.name} reads {len(self.w_enc)} dimensions, and these activations have"
                f" {x.shape[1]}. Give one that was trained on this model."
            )
        return csr_array(vstack([self._some(x[at : at + ROWS]) for at in range(0, len(x), ROWS)]))

    def _some(self, x: np.ndarray) -> csr_array:
        before = (x.astype(np.float32) - self.b_dec) @ self.w_enc + self.b_enc
        if self.architecture == "topk":
            least = np.partition(before, -self.k, axis=1)[:, -self.k, None]
            return csr_array(np.where(before >= least, np.maximum(before, 0), 0))
        return csr_array(np.where(before > self.threshold, np.maximum(before, 0), 0))


def load_sae(folder: str | Path) -> SparseAutoencoder:
    """Read a sae-lens folder. Raises ProbeError for what is missing, damaged or of another architecture."""
    folder = Path(folder)
    try:
        config = json.loads((folder / "cfg.json").read_text(encoding="utf-8"))
        weights = {name: x.astype(np.float32) for name, x in load_file(folder / "sae_weights.safetensors").items()}
        w_enc, b_enc = weights["W_enc"], weights["b_enc"]
        if config.get("rescale_acts_by_decoder_norm"):
            length = np.linalg.norm(weights["W_dec"], axis=1)
            w_enc, b_enc = w_enc * length, b_enc * length
    except (OSError, SafetensorError, KeyError, json.JSONDecodeError) as error:
        raise ProbeError(
            f"{folder} is no sparse autoencoder that can be read ({error}). Expected cfg.json and"
            " sae_weights.safetensors with W_enc, b_enc and b_dec, as sae-lens saves them."
        ) from error
    architecture, nothing = _architecture(folder, config), np.zeros(len(w_enc), dtype=np.float32)
    takes_off, none = config.get("apply_b_dec_to_input", True), np.zeros(len(b_enc), dtype=np.float32)
    return SparseAutoencoder(
        name=folder.name, architecture=architecture, w_enc=w_enc, b_enc=b_enc,
        b_dec=weights.get("b_dec", nothing) if takes_off else nothing,
        threshold=weights.get("threshold", none) if architecture == "jumprelu" else none,
        k=_k(config), layer=_layer(folder, config),
    )  # fmt: skip


def _architecture(folder: Path, config: dict) -> str:
    name = config.get("architecture", "standard")
    if (config.get("activation_fn_str") or config.get("activation_fn")) == "topk":
        name = "topk"
    scaled = config.get("normalize_activations", "none")
    if name not in ARCHITECTURES or scaled not in ("none", None):
        what = name if name not in ARCHITECTURES else f"normalize_activations={scaled}"
        raise ProbeError(f"{folder}: {what} is not read here. Give one that is {', '.join(ARCHITECTURES)}, not scaled.")
    return name


def _k(config: dict) -> int:
    inner = config.get("activation_fn_kwargs") or {}
    return int(config.get("k") or inner.get("k") or 0)


def _layer(folder: Path, config: dict) -> int | None:
    """blocks.5.hook_resid_post leaves block 6 as we count; hook_resid_pre enters it."""
    hook = config.get("hook_name") or (config.get("metadata") or {}).get("hook_name") or ""
    found = re.search(r"blocks\.(\d+)\.hook_resid_(pre|post)$", hook)
    if hook and not found:
        raise ProbeError(f"{folder} reads {hook}. Give one of the residual stream: hook_resid_pre or hook_resid_post.")
    return int(found[1]) + (found[2] == "post") if found else None
