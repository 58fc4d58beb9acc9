"""Ratings that are in memory already, as a data frame or as rows, into a table.

Both become Arrow arrays (`column`), of which `fields` makes ids, ratings and times; `reading` puts them in order.
"""

from streamsvd.ratings.in_memory.reading import Frame, read_memory
from streamsvd.ratings.in_memory.rows import Row

__all__ = ["Frame", "Row", "read_memory"]
