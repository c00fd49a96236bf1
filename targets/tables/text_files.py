"""Decodes a text file, if its encoding can be told with certainty.

In: a path. Out: its text. UTF-8, and UTF-16 with a byte order mark, are certain; in any other encoding the same bytes
are different letters, so the file is refused with what it probably is and how to convert it.
"""

import codecs
from pathlib import Path

from tacit.errors import TargetError

LARGEST = 2**30
"""Bytes of a text file; a larger one would take several times as much memory."""
MARKS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
SAVE = "Save it as UTF-8 (in a spreadsheet program: CSV UTF-8), or convert it: iconv -f {name} -t UTF-8"


def decoded(path: Path) -> str:
    """The text of a file. Raises TargetError for one that is too large, or whose encoding cannot be told."""
    size = path.stat().st_size
    if size > LARGEST:
        raise TargetError(
            f"{path} has {size / 2**30:.1f} GiB, and at most {LARGEST // 2**30} GiB is read. Give a part of its rows."
        )
    data = path.read_bytes()
    encoding = next((name for mark, name in MARKS if data.startswith(mark)), "utf-8")
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError as error:
        raise TargetError(f"{path}, {_where(data, error, encoding)}") from error
    if "\0" in text[:4000]:
        raise TargetError(
            f"{path} has zero bytes in its text, so it is probably UTF-16 without a byte order mark. "
            f"{SAVE.format(name='UTF-16LE')} {path}"
        )
    return text


def _where(data: bytes, error: UnicodeDecodeError, encoding: str) -> str:
    """The line of the first byte that cannot be decoded, and what it would be in Windows-1252."""
    if encoding != "utf-8":
        return f"byte {error.start}: this is not {encoding.upper()}, although it begins as such. Repair the file."
    line = data.count(b"\n", 0, error.start) + 1
    start = max(data.rfind(b"\n", 0, error.start) + 1, error.start - 20)
    shown = data[start : error.start + 10].split(b"\n")[0].decode("cp1252", errors="replace").strip()
    return (
        f"line {line}: byte 0x{data[error.start]:02x} is not UTF-8. The file may be Windows-1252, in which this reads "
        f"{shown!r}, but other encodings are possible. {SAVE.format(name='WINDOWS-1252')}"
    )
