"""What a user would take instead of this producer and consumer: the clients alone, and quix-streams with the learner.

quix-streams and confluent-kafka need `pip install 'streamsvd[bench]'`.
"""

from __future__ import annotations

import tempfile
import time
from contextlib import closing

from confluent_kafka import OFFSET_BEGINNING, Consumer
from confluent_kafka import TopicPartition as ConfluentPartition
from kafka import KafkaConsumer, KafkaProducer, TopicPartition
from quixstreams import Application
from timing import Timed

from streamsvd.learner import IteratedSVD
from streamsvd.ratings import RatingTable, encode


def kafka_python_producer(address: str, topic: str, table: RatingTable) -> Timed:
    """kafka-python sends records that are made beforehand, as safely as a replay: idempotent, to all replicas."""
    records = [(encode(event), str(event.user).encode(), event.timestamp * 1000) for event in table.events()]
    client = KafkaProducer(
        bootstrap_servers=address,
        enable_idempotence=True,
        acks="all",
        max_in_flight_requests_per_connection=1,
        linger_ms=20,
        batch_size=256 << 10,
        max_request_size=4 << 20,
    )
    with closing(client):
        client.partitions_for(topic)
        with Timed() as timed:
            for value, key, timestamp in records:
                client.send(topic, value, key, None, 0, timestamp)
            client.flush()
    return timed


def kafka_python_consumer(address: str, topic: str, count: int) -> Timed:
    """kafka-python hands out records, with fetches of 16 MB and nothing done with them."""
    client = KafkaConsumer(
        bootstrap_servers=address,
        enable_auto_commit=False,
        fetch_max_bytes=1 << 24,
        max_partition_fetch_bytes=1 << 24,
        max_poll_records=5000,
    )
    with closing(client):
        partition = TopicPartition(topic, 0)
        client.assign([partition])
        client.seek_to_beginning(partition)
        with Timed() as timed:
            read = 0
            while read < count:
                read += sum(map(len, client.poll(200).values()))
    return timed


def confluent_consumer(address: str, topic: str, count: int) -> Timed:
    """confluent-kafka hands out records, 5,000 at a time, with nothing done with them."""
    client = Consumer({"bootstrap.servers": address, "group.id": "bench", "enable.auto.commit": False})
    with closing(client):
        client.assign([ConfluentPartition(topic, 0, OFFSET_BEGINNING)])
        with Timed() as timed:
            read = 0
            while read < count:
                read += len(client.consume(5000, 0.2))
    return timed


def quix_streams(address: str, topic: str, count: int, model: IteratedSVD) -> Timed:
    """quix-streams reads ratings, decodes them and gives them to the learner one by one, as it is used.

    The time runs from the first rating on, without the seconds in which its group is formed. It keeps no checkpoint of
    the model and no figures, and nothing is in Redis.
    """
    timed = Timed()
    began = False

    def learn(rating: dict[str, object]) -> None:
        nonlocal began
        if not began:
            timed.__enter__()
            began = True
        model.learn_one(rating["user"], rating["item"], rating["rating"], rating["ts"])  # type: ignore[arg-type]  # as they are in the JSON

    with tempfile.TemporaryDirectory() as folder:
        application = Application(
            broker_address=address,
            consumer_group=f"bench-{time.time_ns()}",
            auto_offset_reset="earliest",
            auto_create_topics=False,
            state_dir=folder,
            loglevel="ERROR",
        )
        application.dataframe(application.topic(topic, value_deserializer="json")).update(learn)
        application.run(count=count)
        timed.__exit__()
    return timed
