"""The kernels of this part, compiled in advance."""

from __future__ import annotations

import numpy as np

from streamsvd.ratings.bulk.decode_columns import ColumnDecoder
from streamsvd.ratings.bulk.repeats import skip_repeated
from streamsvd.ratings.codec import encode
from streamsvd.ratings.event import Rating

_TEXTS = 300  # more than a new table holds


def compile_kernels() -> None:
    """Compile the kernels, or load them from the cache."""
    values = [encode(Rating(str(k), k, 1.0, k, "it", k)) for k in range(_TEXTS)]
    sizes = np.array([len(value) for value in values], np.int64)
    data = np.frombuffer(b"".join(values), np.uint8)
    columns = ColumnDecoder((0.0, 1.0)).decode(data, np.cumsum(sizes) - sizes, sizes, _TEXTS)
    skip_repeated(columns, dict.fromkeys(columns.source_names(), -1), columns.plain)
