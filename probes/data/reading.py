"""Where activations are read: a site and a layer."""

from typing import NamedTuple


class Reading(NamedTuple):
    site: str
    """which prompt or reply, and which of its tokens, such as `object`"""
    layer: int
    """0 is the embeddings"""

    @property
    def name(self) -> str:
        """As printed and in columns: "object 4"."""
        return f"{self.site} {self.layer}"

    def __str__(self) -> str:
        return self.name
