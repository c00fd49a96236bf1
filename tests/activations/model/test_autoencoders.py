"""Autoencoders by name: fetched once, kept as sae-lens saves them, and a clear word where that cannot be."""

import json
import sys
import types

import numpy as np
import pytest
from safetensors.numpy import save_file

from tacit.activations.model.autoencoders import fetch_sae
from tacit.errors import ActivationError
from tacit.probes.estimators.sparse_autoencoder import load_sae

NAME = "gpt2-small-res-jb:blocks.5.hook_resid_pre"


class Known:
    """What sae-lens hands out, as far as it is used."""

    def __init__(self, fetched):
        self.fetched = fetched

    def from_pretrained(self, release, sae_id, device):
        if release != "gpt2-small-res-jb":
            raise ValueError(f"Release {release} not found")
        self.fetched.append((release, sae_id, device))
        return types.SimpleNamespace(save_model=self.save_model)

    @staticmethod
    def save_model(folder):
        folder.mkdir(parents=True)
        cfg = {"architecture": "standard", "metadata": {"hook_name": "blocks.5.hook_resid_pre"}}
        (folder / "cfg.json").write_text(json.dumps(cfg))
        weights = {"W_enc": np.eye(4), "b_enc": np.zeros(4), "b_dec": np.zeros(4), "W_dec": np.eye(4)}
        save_file({name: w.astype(np.float32) for name, w in weights.items()}, folder / "sae_weights.safetensors")


@pytest.fixture
def fetched(monkeypatch):
    calls = []
    monkeypatch.setitem(sys.modules, "sae_lens", types.SimpleNamespace(SAE=Known(calls)))
    return calls


def test_a_named_autoencoder_is_fetched_once_and_read(tmp_path, fetched):
    folders = {fetch_sae(NAME, tmp_path / "sae") for _ in range(2)}
    assert fetched == [("gpt2-small-res-jb", "blocks.5.hook_resid_pre", "cpu")]
    sae = load_sae(folders.pop())
    assert (sae.layer, sae.w_enc.shape) == (5, (4, 4))
    assert [path.name for path in (tmp_path / "sae").iterdir()] == ["gpt2-small-res-jb--blocks.5.hook_resid_pre"]


def test_one_that_sae_lens_does_not_have_leaves_nothing_behind(tmp_path, fetched):
    with pytest.raises(ActivationError, match=r"cannot fetch it .ValueError: Release nothing not found"):
        fetch_sae("nothing:5", tmp_path / "sae")
    assert not (tmp_path / "sae").exists()


def test_without_sae_lens_or_a_name_it_says_what_to_do(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "sae_lens", None)
    with pytest.raises(ActivationError, match=r"tacit-lm\[sae\]"):
        fetch_sae(NAME, tmp_path)
    with pytest.raises(ActivationError, match="no such folder"):
        fetch_sae("not/there", tmp_path)
