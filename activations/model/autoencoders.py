"""Sparse autoencoders by their names in sae-lens, fetched once and kept beside the run as files that need no torch.

The only part that needs the extra `[sae]`: a folder in sae-lens's format is read without it.
"""

from __future__ import annotations

import re
import tempfile
from pathlib import Path

from tacit.errors import ActivationError


def fetch_sae(name: str, shelf: str | Path) -> Path:
    """The folder of the autoencoder `RELEASE:ID`, say `gpt2-small-res-jb:blocks.5.hook_resid_pre`.

    sae-lens downloads it and brings it into its own format, whatever its makers kept it in; the result stays under
    `shelf` and is not fetched again. Raises ActivationError where sae-lens is missing, or does not have it.
    """
    release, _, sae_id = name.partition(":")
    folder = Path(shelf) / re.sub(r"[^\w.-]+", "-", f"{release}--{sae_id}")
    if (folder / "cfg.json").is_file():
        return folder
    if not (release and sae_id):
        raise ActivationError(
            f"--sae {name}: no such folder. Give one that is there, or RELEASE:ID as sae-lens has it."
        )
    try:
        from sae_lens import SAE
    except ImportError as error:
        raise ActivationError(
            f"--sae {name}: autoencoders are fetched by name with sae-lens ({error}). Install it, pip install "
            "'tacit[sae]', or give the folder of one that is there."
        ) from error
    try:
        found = SAE.from_pretrained(release, sae_id, device="cpu")
    except Exception as error:  # the library and the hub raise whatever they like
        raise ActivationError(f"--sae {name}: sae-lens cannot fetch it ({type(error).__name__}: {error}).") from error
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent) as unfinished:
        found.save_model(Path(unfinished) / "sae")
        (Path(unfinished) / "sae").rename(folder)
    return folder
