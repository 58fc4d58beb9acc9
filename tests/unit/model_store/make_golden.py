"""Write the golden files of the store's formats: `python make_golden.py`, once for each new format version.

Undo records are put together by the server, so that file needs a Redis: `python make_golden.py redis://…`.

Files of earlier versions are never written again: a release has to read (or clearly refuse) what an older one wrote.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import numpy as np
import redis

from model_store import ModelWriter, connect
from model_store.codec.blobs import VERSION, pack, pack_rows
from model_store.codec.checkpoint import FORMAT, Head
from model_store.codec.keys import Keys
from model_store.files.export import export_snapshot
from model_store.files.snapshot_file import FORMAT as FILE_FORMAT
from model_store.read.snapshot import Snapshot
from streamsvd.kernels.state import Ragged, State
from streamsvd.ratings import CatalogueItem, encode_item

sys.path.append(str(Path(__file__).parents[2] / "support"))
from model_states import checkpoint, state

FOLDER = Path(__file__).parent / "golden"

ROW = np.dtype([("x", "<f8", (3,)), ("count", "<i4")])
ROWS = np.array([([1.5, -2.25, 1e-300], 7), ([0.0, -0.0, 3.0], 8)], ROW)
SEEN = np.array([3, 1, 4, 1, 5], "<i4")
NUMBERS = np.array([0, 70_000])
SEEN_OFFSETS = np.array([0, 2, 2, 5])
MATRIX = np.array([[1.0, 2.0, 3.0], [4.0, 5.0, 6.5]], "<f4")
HEAD = Head(
    version=12,
    token=3,
    base=1,
    catalogue_version=2,
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


SNAPSHOT = Snapshot(
    Keys("films"),
    HEAD,
    users=2,
    items=0,
    hashes={
        "catalogue": {b"242": encode_item(CatalogueItem(242, "Kolya (1996)", ("Comedy",), 1996))},
        "globals": {b"g": pack(MATRIX)},
        "metrics": {},
        "users:block:factors": dict(zip([b"196", b'"abc"'], pack_rows(ROWS, np.arange(3), NUMBERS, 1), strict=True)),
        "users:block:seen": dict(
            zip([b"196", b'"abc"'], pack_rows(SEEN, np.array([0, 2, 5]), NUMBERS, 2), strict=True)
        ),
    },
)


def exported() -> bytes:
    """The file that holds `SNAPSHOT`."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "golden.snapshot"
        export_snapshot(SNAPSHOT, path)
        return path.read_bytes()


def exact(version: int, users: list[int], items: list[int]) -> State:
    """A state without sines, which differ from processor to processor in their last bit.

    Its lists of rated items hold no ratings, as when the golden files were made: the store's format is still the same.
    """
    found = state(version, users, items)
    for rows in (found.users, found.items):
        rows.fixed["factors"]["x"] = version + 0.5
    seen = found.users.ragged["seen"]
    found.users.ragged["seen"] = Ragged(seen.values["item"].astype("<i4"), seen.offsets)
    return found


def undo_record(client: redis.Redis, model: str) -> bytes:
    """The undo record of a small change: field → value, both in hexadecimal digits, one a line, sorted.

    Without the lineage, which is another one every time.
    """
    writer = ModelWriter(client, model, keep=1)
    writer.acquire()
    writer.write(checkpoint(1, writer.token, exact(1, [1, 2], [1])), catalogue=[])
    writer.write(checkpoint(2, writer.token, exact(2, [2, 3], [])), removed_items=[1])
    writer.close()
    record = client.hgetall(Keys(model).undo(1))
    del record[b"head lineage"]
    return b"".join(b"%s %s\n" % (name.hex().encode(), value.hex().encode()) for name, value in sorted(record.items()))


def files() -> dict[str, bytes]:
    """Name → content, as this release writes them."""
    fixed = pack_rows(ROWS, np.arange(3), np.array([0, 70_000]), 1)
    ragged = pack_rows(SEEN, SEEN_OFFSETS, np.array([5, 6, 2**32 - 1]), 2)
    return {
        f"array-v{VERSION}.bin": pack(MATRIX),
        **{f"fixed-row-{k}-v{VERSION}.bin": blob for k, blob in enumerate(fixed)},
        **{f"ragged-row-{k}-v{VERSION}.bin": blob for k, blob in enumerate(ragged)},
        f"head-v{FORMAT}.txt": HEAD.encode(),
        f"export-v{FILE_FORMAT}.snapshot": exported(),
    }


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    made = files()
    if len(sys.argv) > 1:
        made[f"undo-v{FORMAT}.txt"] = undo_record(connect(sys.argv[1]), "golden")
    for name, content in made.items():
        if not (FOLDER / name).exists():
            (FOLDER / name).write_bytes(content)
