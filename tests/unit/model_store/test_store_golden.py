"""Bytes that were written once are read, and written again, for as long as their format version lives."""

from __future__ import annotations

import runpy
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from model_store.codec.blobs import unpack, unpack_rows
from model_store.codec.checkpoint import Head
from model_store.files.snapshot_file import SnapshotFile

FOLDER = Path(__file__).parent / "golden"
MADE = runpy.run_path(str(Path(__file__).parent / "make_golden.py"))
WRITTEN: dict[str, bytes] = MADE["files"]()


@pytest.mark.parametrize("name", sorted(WRITTEN))
def test_this_release_writes_the_golden_bytes(name: str) -> None:
    assert WRITTEN[name] == (FOLDER / name).read_bytes()


def test_golden_array_is_read() -> None:
    found = unpack((FOLDER / "array-v1.bin").read_bytes(), "key")
    assert found.dtype == np.dtype("<f4")
    assert found.tolist() == [[1.0, 2.0, 3.0], [4.0, 5.0, 6.5]]


def test_golden_rows_are_read() -> None:
    table = [MADE["ROW"], np.dtype("<i4")]
    fixed = [(FOLDER / f"fixed-row-{k}-v1.bin").read_bytes() for k in range(2)]
    rows, values, _ = unpack_rows(fixed, "key", table)
    assert rows.tolist() == [0, 70_000]
    assert values.tobytes() == MADE["ROWS"].tobytes()
    ragged = [(FOLDER / f"ragged-row-{k}-v1.bin").read_bytes() for k in range(3)]
    rows, values, offsets = unpack_rows(ragged, "key", table)
    assert (rows.tolist(), values.tolist(), offsets.tolist()) == ([5, 6, 2**32 - 1], [3, 1, 4, 1, 5], [0, 2, 2, 5])


def test_golden_head_is_read() -> None:
    assert Head.decode((FOLDER / "head-v1.txt").read_bytes(), "key") == MADE["HEAD"]


def test_golden_export_is_read() -> None:
    found = SnapshotFile(FOLDER / "export-v1.snapshot")
    assert (found.users, found.items, found.fields) == (2, 0, 6)
    snapshot, expected = found.snapshot(), MADE["SNAPSHOT"]
    assert snapshot.hashes == expected.hashes
    assert snapshot.head == replace(expected.head, token=0, base=12, catalogue_version=12)
    assert snapshot.catalogue()[242].title == "Kolya (1996)"
