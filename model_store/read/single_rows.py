"""Rows of one user or one item as they come from the store: blobs to arrays, checked."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from numpy.typing import NDArray

from model_store.codec.blobs import unpack_row
from model_store.read.view import View
from streamsvd.errors import SnapshotCorrupt
from streamsvd.lookup import SEEN, UserRow
from streamsvd.ratings import Id


def user_row(view: View, user: Id, blocks: Sequence[str], raw: Sequence[bytes | None]) -> UserRow:
    """Some blocks of a user: of a fixed block an array of one element, of a ragged one as many as the row has.

    Raises
    ------
    SnapshotCorrupt
        When one is damaged, or only some of them are there.
    """
    there = {name: blob for name, blob in zip(blocks, raw, strict=True) if blob is not None}
    if there and len(there) < len(blocks):
        missing = sorted(set(blocks) - set(there))
        raise SnapshotCorrupt(
            f"user {user!r} has no {', '.join(missing)} in model {view.keys.model!r}: part of the snapshot "
            "was lost; rebuild it from the log"
        )
    found = {name: unpack_row(blob, view.keys.block("users", name), view.dtypes, user) for name, blob in there.items()}
    if SEEN in found and found[SEEN].dtype.names is None:
        raise SnapshotCorrupt(
            f"model {view.keys.model!r} was written by an earlier release, which kept no ratings beside the items that "
            "a user has rated: learn it again from the log (streamsvd consume --rebuild)"
        )
    return found


def item_row(view: View, item: Id, block: str, blob: bytes | None) -> NDArray[Any] | None:
    """One block of an item; None where there is none."""
    if blob is None:
        return None
    return unpack_row(blob, view.keys.block("items", block), view.dtypes, item)
