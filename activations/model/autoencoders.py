"""Download sparse autoencoders by their sae-lens names, once, and keep them with the run, readable without torch.

Only this file needs the extra `[sae]`; a folder in sae-lens's format is read without it.
"""

from __future__ import annotations

import re
import tempfile
from pathlib import Path

from tacit.errors import ActivationError


def fetch_sae(name: str, shelf: str | Path) -> Path:
    """The folder of the autoencoder `RELEASE:ID`, say `gpt2-small-res-jb:blocks.5.hook_resid_pre`.

    sae-lens downloads it and converts it to its own format; the result is kept under `shelf` and not fetched again.
    Raises ActivationError where sae-lens is missing or does not have it.
    """
    release, _, sae_id = name.partition(":")
    folder = Path(shelf) / re.sub(r"[^\w.-]+", "-", f"{release}--{sae_id}")
    if (folder / "cfg.json").is_file():
        return folder
    if not (release and sae_id):
        raise ActivationError(
            f"--sae {name}: no such folder. Give an existing folder, or RELEASE:ID as listed by sae-lens."
        )
    try:
        from sae_lens import SAE
    except ImportError as error:
        raise ActivationError(
            f"--sae {name}: downloading an autoencoder by name needs sae-lens ({error}). Install it with: "
            "pip install 'tacit-lm[sae]'. Or give the folder of an autoencoder."
        ) from error
    try:
        found = SAE.from_pretrained(release, sae_id, device="cpu")
    except Exception as error:  # sae-lens and the hub raise many kinds of errors
        raise ActivationError(f"--sae {name}: sae-lens cannot fetch it ({type(error).__name__}: {error}).") from error
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent) as unfinished:
        found.save_model(Path(unfinished) / "sae")
        (Path(unfinished) / "sae").rename(folder)
    return folder
