"""Model to files. Importing this package brings in no torch: `activations.cache` and its neighbours do, when used."""

from activations.errors import ActivationError
from activations.settings import Settings, read_settings, run_folder, run_name, write_settings
from activations.store import Store, open_store

__all__ = [
    "ActivationError",
    "Settings",
    "Store",
    "open_store",
    "read_settings",
    "run_folder",
    "run_name",
    "write_settings",
]
