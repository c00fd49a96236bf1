"""Model to files. Importing this package does not import torch."""

from tacit.activations.store.store import Store, open_store
from tacit.errors import ActivationError
from tacit.settings import Settings, read_settings, run_folder, run_name, write_settings

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
