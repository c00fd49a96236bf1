"""Downloads a table from the Hugging Face hub.

In: an `hf://` address. Out: a local copy of the file. Uses the hub's fsspec file system, so neither torch nor
transformers is imported.
"""

import shutil
from pathlib import Path

import fsspec

from tacit.errors import TargetError

HUB = "hf://"


def fetched(address: str, folder: Path) -> Path:
    """The file at an `hf://` address, copied into `folder` under its own name.

    Raises TargetError if the hub cannot be reached, or the file does not exist or may not be read.
    """
    target = folder / address.rpartition("/")[2]
    try:
        with fsspec.open(address, "rb") as source, target.open("wb") as copy:
            shutil.copyfileobj(source, copy)
    except Exception as error:  # the exceptions of the hub's client depend on its HTTP library
        why = (str(error).strip().splitlines() or [type(error).__name__])[0].rstrip(".")
        raise TargetError(
            f"{address} could not be fetched: {why}. Check the address and the connection, or download the file and "
            "give its path."
        ) from error
    return target
