"""The log: topics that keep every rating, and the two ends through which ratings go in and come out.

`log_client` gives a client of the log at an address; whatever takes a `LogClient` works with any.
"""

from streamsvd.log.catalogue_topic import LoggedCatalogue, read_catalogue, write_catalogue
from streamsvd.log.choice import log_client
from streamsvd.log.dead_letters import DeadLetters
from streamsvd.log.looking import DeadLetter, LogEnd, LogLook
from streamsvd.log.partitioning import partition_of
from streamsvd.log.ports import Admin, Delivery, LogClient, OffsetRange, RatingSource, Reader, Record
from streamsvd.log.predictions import Predicted, PredictionSink
from streamsvd.log.reading import first_match, last_match, read_all
from streamsvd.log.sink import RatingSink
from streamsvd.log.topics import (
    DEFAULT_TOPIC,
    Layout,
    Topics,
    check_ratings_topic,
    create_topics,
    partition_count,
    topic_exists,
    topic_id,
)

__all__ = [
    "DEFAULT_TOPIC",
    "Admin",
    "DeadLetter",
    "DeadLetters",
    "Delivery",
    "Layout",
    "LogClient",
    "LogEnd",
    "LogLook",
    "LoggedCatalogue",
    "OffsetRange",
    "Predicted",
    "PredictionSink",
    "RatingSink",
    "RatingSource",
    "Reader",
    "Record",
    "Topics",
    "check_ratings_topic",
    "create_topics",
    "first_match",
    "last_match",
    "log_client",
    "partition_count",
    "partition_of",
    "read_all",
    "read_catalogue",
    "topic_exists",
    "topic_id",
    "write_catalogue",
]
