"""`streamsvd dashboard`."""

from __future__ import annotations

import os
from contextlib import closing
from typing import Annotated

import typer

from model_store import check_model_name, connect
from streamsvd.cli.options import KafkaOption, ModelOption, RedisOption, TopicOption
from streamsvd.cli.services import known_kafka, open_redis
from streamsvd.dashboard import serve


def dashboard(
    model: ModelOption = "default",
    redis: RedisOption = None,
    kafka: KafkaOption = None,
    topic: TopicOption = "ratings",
    port: Annotated[int, typer.Option(help="Port of the page; 0 for any free one.", min=0, max=65535)] = 8080,
    host: Annotated[
        str, typer.Option(help="Address to listen on. 0.0.0.0 shows the page to the network.")
    ] = "127.0.0.1",
) -> None:
    """Watch a model while it learns, on a page in the browser that updates as ratings arrive.

    It shows the error by both protocols, speed and lag, checkpoints, dead letters, drift, shadows, and looks up users
    and items. It only reads. When Redis or Kafka stops, the page shows that and continues when they are back. Without
    Kafka it shows neither the current lag nor the dead letters' records.

    Examples:

        streamsvd dashboard

        streamsvd dashboard --model films --redis redis://cache:6379/0 --kafka broker:9092 --port 9000
    """
    check_model_name(model)
    with open_redis(redis, os.environ) as url, closing(connect(url, for_lookups=True)) as client:
        serve(model, topic, client, known_kafka(kafka, os.environ), host, port, typer.echo)
