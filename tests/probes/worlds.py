"""The invented worlds with known truth that tests share with `make validate`."""

from tacit.validation.worlds import WorldStore, WorldTarget, along, coin, flipped, graded, make_world, reply_row

__all__ = ["WorldStore", "WorldTarget", "along", "coin", "flipped", "graded", "make_world", "reply_row"]
