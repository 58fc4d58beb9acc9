"""Write the golden files of the store's formats: `python make_golden.py`, once for each new format version.

Files of earlier versions are never written again: a release has to read (or clearly refuse) what an older one wrote.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from model_store.blocks import VERSION, pack, pack_rows
from model_store.checkpoint import FORMAT, Head

FOLDER = Path(__file__).parent / "golden"

ROW = np.dtype([("x", "<f8", (3,)), ("count", "<i4")])
ROWS = np.array([([1.5, -2.25, 1e-300], 7), ([0.0, -0.0, 3.0], 8)], ROW)
SEEN = np.array([3, 1, 4, 1, 5], "<i4")
SEEN_OFFSETS = np.array([0, 2, 2, 5])
MATRIX = np.array([[1.0, 2.0, 3.0], [4.0, 5.0, 6.5]], "<f4")
HEAD = Head(
    version=12,
    token=3,
    base=1,
    films=2,
    offsets={("ratings", 0): 1200, ("films", 0): 9742},
    marks={"ml-100k-06416e59/0": 1199},
    genres=("Comedy", "Drama"),
    event_time=893_286_638,
    written_at=1_700_000_000.25,
    summary={"rmse": 0.9116, "events": 1200, "note": "désolé"},
    settings={"k": 8, "scale": [1, 5]},
    dtypes=[[["x", "<f8", [3]], ["count", "<i4"]], "<i4"],
    blocks={"users": {"factors": {"kind": "fixed", "dtype": 1}, "seen": {"kind": "ragged", "dtype": 2}}, "items": {}},
    arrays={"globals": ["g"], "metrics": []},
)


def files() -> dict[str, bytes]:
    """Name → content, as this release writes them."""
    fixed = pack_rows(ROWS, np.arange(3), np.array([0, 70_000]), 1)
    ragged = pack_rows(SEEN, SEEN_OFFSETS, np.array([5, 6, 2**32 - 1]), 2)
    return {
        f"array-v{VERSION}.bin": pack(MATRIX),
        **{f"fixed-row-{k}-v{VERSION}.bin": blob for k, blob in enumerate(fixed)},
        **{f"ragged-row-{k}-v{VERSION}.bin": blob for k, blob in enumerate(ragged)},
        f"head-v{FORMAT}.txt": HEAD.encode(),
    }


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    for name, content in files().items():
        if not (FOLDER / name).exists():
            (FOLDER / name).write_bytes(content)
