"""Ratings in bulk: values of records to columns, and columns to values, by kernels.

A part of its own, since it imports Numba, which commands that read no log do without.
"""

from streamsvd.ratings.bulk.compiling import compile_kernels
from streamsvd.ratings.bulk.decode_columns import ColumnDecoder, IdColumn, RatingColumns
from streamsvd.ratings.bulk.encoded_ratings import EncodedRatings, encode_columns
from streamsvd.ratings.bulk.repeats import skip_repeated

__all__ = [
    "ColumnDecoder",
    "EncodedRatings",
    "IdColumn",
    "RatingColumns",
    "compile_kernels",
    "encode_columns",
    "skip_repeated",
]
