"""Tokenizers for the tests: a toy that always works, and the real checkpoints beside the repository, if any."""

import math
import os
import re
from pathlib import Path

SHARED = Path(os.environ.get("TACIT_SHARED") or Path(__file__).parents[3] / "shared")
REAL = ("stories260K", "tinytalk-3m-chat")


def toy(text: str) -> int:
    """One token per four letters of a word and one per mark, spaces free."""
    return sum(math.ceil(len(piece) / 4) for piece in re.findall(r"\w+|[^\w\s]", text))


def folder(name: str) -> Path:
    """Where the checkpoint `name` lies."""
    return SHARED / "models" / name


def real(name: str):
    """`count_tokens` of the checkpoint `name`."""
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(folder(name), local_files_only=True)
    return lambda text: len(tokenizer(text, add_special_tokens=False)["input_ids"])
