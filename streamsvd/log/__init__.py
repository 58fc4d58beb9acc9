"""The log: topics that keep every rating, and the clients that write and read them.

`log_client` returns a client of the log at an address; everything that takes a `LogClient` works with any client.
"""

from streamsvd.log.catalogue_topic import LoggedCatalogue, check_partitions, read_catalogue, write_catalogue
from streamsvd.log.dead_letters import DeadLetters
from streamsvd.log.default_client import compile_record_kernels, compile_sending_kernels, log_client
from streamsvd.log.inspection import DeadLetter, log_end, newest_dead_letters
from streamsvd.log.ports import LogClient, RatingSource
from streamsvd.log.predictions import Predicted, PredictionSink
from streamsvd.log.reading import first_and_last, read_all
from streamsvd.log.records import LogRecord, Record, RecordBlock
from streamsvd.log.sink import RatingSink
from streamsvd.log.topics import (
    Layout,
    Topics,
    check_ratings_topic,
    create_topics,
    describe_topic,
    new_topic_advice,
    require_topic,
    topic_exists,
)

__all__ = [
    "DeadLetter",
    "DeadLetters",
    "Layout",
    "LogClient",
    "LogRecord",
    "LoggedCatalogue",
    "Predicted",
    "PredictionSink",
    "RatingSink",
    "RatingSource",
    "Record",
    "RecordBlock",
    "Topics",
    "check_partitions",
    "check_ratings_topic",
    "compile_record_kernels",
    "compile_sending_kernels",
    "create_topics",
    "describe_topic",
    "first_and_last",
    "log_client",
    "log_end",
    "new_topic_advice",
    "newest_dead_letters",
    "read_all",
    "read_catalogue",
    "require_topic",
    "topic_exists",
    "write_catalogue",
]
