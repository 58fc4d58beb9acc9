"""Ratings: what one is, how it travels, and where it is read from.

- **An event** is a `Rating`, a `Retraction` or an `Erasure`; `encode` and `decode` are its form on the wire.
- **A data set** is a `RatingTable`, in the order of the stream, and perhaps a `Catalogue` of `CatalogueItem`s: `load`
  takes a name, a path or what is in memory, `read_ratings` and `read_catalogue` a path, `Synthetic` makes one up;
  `k_core` thins one out, `count_repeats` counts duplicates and re-ratings.
- **A format** of files is a module of `formats`; what all of them share is in `reading`.
- **Values of many records** become columns by the kernels of `bulk`, which is imported by its own name.

Other rooms import from these two only.
"""

from streamsvd.ratings.catalogue import Catalogue, CatalogueItem, check_logged_item, decode_item, encode_item
from streamsvd.ratings.codec import MAX_VALUE_BYTES, decode, encode
from streamsvd.ratings.coded_ids import CodedIds
from streamsvd.ratings.dataset import Dataset
from streamsvd.ratings.datasets import NAMES, SOURCES, SYNTHETIC, fetch, find, load, locate
from streamsvd.ratings.event import (
    MAX_AHEAD,
    MAX_TIMESTAMP,
    Erasure,
    Event,
    Id,
    Rating,
    Retraction,
    check_not_ahead,
    check_scale,
    utc_day,
)
from streamsvd.ratings.id_text import MAX_ID_LENGTH, other_kind, parse_id, typed_id
from streamsvd.ratings.kcore import k_core
from streamsvd.ratings.readers import read_catalogue, read_ratings, read_users
from streamsvd.ratings.reading.columns import Columns
from streamsvd.ratings.repeats import Repeats, count_repeats
from streamsvd.ratings.sources import Network, ProgressCallback
from streamsvd.ratings.synthetic import Synthetic
from streamsvd.ratings.table import RatingTable

__all__ = [
    "MAX_AHEAD",
    "MAX_ID_LENGTH",
    "MAX_TIMESTAMP",
    "MAX_VALUE_BYTES",
    "NAMES",
    "SOURCES",
    "SYNTHETIC",
    "Catalogue",
    "CatalogueItem",
    "CodedIds",
    "Columns",
    "Dataset",
    "Erasure",
    "Event",
    "Id",
    "Network",
    "ProgressCallback",
    "Rating",
    "RatingTable",
    "Repeats",
    "Retraction",
    "Synthetic",
    "check_logged_item",
    "check_not_ahead",
    "check_scale",
    "count_repeats",
    "decode",
    "decode_item",
    "encode",
    "encode_item",
    "fetch",
    "find",
    "k_core",
    "load",
    "locate",
    "other_kind",
    "parse_id",
    "read_catalogue",
    "read_ratings",
    "read_users",
    "typed_id",
    "utc_day",
]
