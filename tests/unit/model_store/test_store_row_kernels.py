"""The compiled checksum is zlib's."""

from __future__ import annotations

import zlib

import hypothesis.strategies as st
import numpy as np
from hypothesis import given

from model_store.codec.row_kernels import TABLES, crc32


@given(st.binary(max_size=100), st.integers(0, 20), st.integers(0, 20))
def test_the_checksum_is_that_of_zlib(data: bytes, before: int, after: int) -> None:
    around = np.frombuffer(b"x" * before + data + b"y" * after, np.uint8)
    assert int(crc32(around, before, before + len(data), TABLES)) == zlib.crc32(data)
