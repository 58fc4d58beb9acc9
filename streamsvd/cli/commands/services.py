"""`streamsvd services`: Kafka and Redis that stay up between commands."""

from __future__ import annotations

import signal
from contextlib import ExitStack

import typer
from rich.console import Console

from streamsvd.embedded import default_folder, embedded_kafka, embedded_redis, jars_folder


def services() -> None:
    """Run Kafka and Redis in the foreground until Ctrl-C.

    Other streamsvd commands find them without an address, and any number of commands can share them. Their
    data is kept and used again next time, also by a command that starts its own. The two lines printed on
    standard output are their addresses for other programs.

    Example:

        streamsvd services
    """
    for number in (signal.SIGINT, signal.SIGTERM):  # both end the block below; a script's background job ignores SIGINT
        signal.signal(number, signal.default_int_handler)
    notes = Console(stderr=True)
    task = "Starting Kafka and Redis" if jars_folder().is_dir() else "Fetching Kafka (44 MB, only once)"
    try:
        with ExitStack() as stack:
            with notes.status(task):
                redis = stack.enter_context(embedded_redis(default_folder("redis")))
                kafka = stack.enter_context(embedded_kafka(default_folder("kafka")))
            typer.echo(f"export STREAMSVD_KAFKA={kafka.address}\nexport STREAMSVD_REDIS={redis.address}")
            notes.print(f"Data is kept in {kafka.folder} and {redis.folder}. Ctrl-C stops both.", highlight=False)
            while kafka.running and not redis.wait(0.5):
                pass
    except KeyboardInterrupt:
        notes.print("Stopped.")
