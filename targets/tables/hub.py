"""A table on the Hugging Face hub, fetched whole.

In: an `hf://` address. Out: the file, to be read as any other. The hub's file system comes with transformers; the room
that runs models is not needed for it.
"""

import shutil
from pathlib import Path

import fsspec

from tacit.errors import TargetError

HUB = "hf://"


def fetched(address: str, folder: Path) -> Path:
    """The file at an `hf://` address, copied into `folder` under its own name.

    Raises `TargetError` where there is no hub, no such file, or no permission.
    """
    target = folder / address.rpartition("/")[2]
    try:
        with fsspec.open(address, "rb") as source, target.open("wb") as copy:
            shutil.copyfileobj(source, copy)
    except Exception as error:  # what the hub's client raises changes with the HTTP library beneath it
        why = (str(error).strip().splitlines() or [type(error).__name__])[0].rstrip(".")
        raise TargetError(
            f"{address} could not be fetched: {why}. Check the address and the connection, or download the file and "
            "give its path."
        ) from error
    return target
