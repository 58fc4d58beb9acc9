"""The log: Kafka topics that keep every rating, and the two ends through which ratings go in and come out."""

from streamsvd.log.catalogue_topic import LoggedCatalogue, read_catalogue, write_catalogue
from streamsvd.log.dead_letters import DeadLetters
from streamsvd.log.kafka_python.source import KafkaSource, RatingSource, Record
from streamsvd.log.kafka_python.topics import DEFAULT_TOPIC, Layout, Topics, check_ratings_topic, create_topics
from streamsvd.log.predictions import Predicted, PredictionSink
from streamsvd.log.sink import KafkaSink, RatingSink, partition_of

__all__ = [
    "DEFAULT_TOPIC",
    "DeadLetters",
    "KafkaSink",
    "KafkaSource",
    "Layout",
    "LoggedCatalogue",
    "Predicted",
    "PredictionSink",
    "RatingSink",
    "RatingSource",
    "Record",
    "Topics",
    "check_ratings_topic",
    "create_topics",
    "partition_of",
    "read_catalogue",
    "write_catalogue",
]
