"""Reads a Parquet file within a bound of rows and memory, since a small file can hold a huge table.

In: a path. Out: a frame of all rows or, for a table of more than `MOST_ROWS`, of that many drawn at random, always the
same ones. Rows are read in batches, so that no more than the drawn ones are ever held.
"""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from tacit.errors import TargetError
from tacit.seeds import stream

MOST_ROWS = 200_000
"""Rows that are read: hundreds of times as many as a run uses."""
MOST_BYTES = 2**31
"""Bytes of the rows that are kept."""
BATCH_BYTES, MOST_IN_BATCH = 2**26, 65_536


def read_parquet(path: Path) -> pd.DataFrame:
    """The rows, in their order; how many were left unread is in `attrs["unread"]`.

    Raises TargetError for rows that take more than `MOST_BYTES`, and pyarrow's errors for a damaged file.
    """
    with pq.ParquetFile(path) as file:
        n = file.metadata.num_rows
        drawn = np.arange(n)
        if n > MOST_ROWS:
            drawn = np.sort(stream(0, "rows of a large table").choice(n, size=MOST_ROWS, replace=False, shuffle=False))
        kept = list(_drawn_batches(path, file, drawn))
        table = pa.Table.from_batches(kept, schema=file.schema_arrow)
    frame = table.to_pandas()
    frame.attrs["unread"] = n - len(frame)
    return frame


def _drawn_batches(path: Path, file: pq.ParquetFile, drawn: np.ndarray) -> Iterator[pa.RecordBatch]:
    start = size = 0
    for batch in file.iter_batches(batch_size=_batch_rows(file)):
        inside = drawn[np.searchsorted(drawn, start) : np.searchsorted(drawn, start + len(batch))] - start
        start += len(batch)
        batch = batch if len(inside) == len(batch) else batch.take(pa.array(inside))
        size += batch.nbytes
        if size > MOST_BYTES:
            raise TargetError(
                f"{path} takes more than {MOST_BYTES / 2**30:g} GiB of memory ({file.metadata.num_rows:,} rows). Give "
                "a table with fewer or shorter rows, or with fewer columns."
            )
        yield batch


def _batch_rows(file: pq.ParquetFile) -> int:
    """Rows of a batch: about `BATCH_BYTES`, judged by the first row."""
    first = next(file.iter_batches(batch_size=1), None)
    width = max(first.nbytes, 1) if first is not None else 1
    return int(np.clip(BATCH_BYTES // width, 1, MOST_IN_BATCH))
