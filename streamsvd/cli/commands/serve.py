"""`streamsvd serve`."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from streamsvd.cli.options import KafkaOption, MaxAheadOption, ModelOption, RedisOption, TopicOption, parse_span
from streamsvd.cli.service_process import ServicePlan, run_service
from streamsvd.log import Topics
from streamsvd.service import Limits, check_exposure, read_key_file, read_keys


def serve(
    host: Annotated[
        str, typer.Option(help="Address to listen on; one that other machines reach needs API keys.")
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port; 0 for any free one.", min=0, max=65535)] = 8000,
    keys: Annotated[
        Path | None,
        typer.Option(
            "--keys",
            metavar="FILE",
            help="API keys, as `streamsvd key` writes them. Without it: the lines in STREAMSVD_API_KEYS.",
        ),
    ] = None,
    lookups_only: Annotated[
        bool, typer.Option("--lookups-only", help="Without POST /ratings, and so without Kafka.")
    ] = False,
    model: ModelOption = "default",
    redis: RedisOption = None,
    kafka: KafkaOption = None,
    topic: TopicOption = "ratings",
    max_ahead: MaxAheadOption = "1d",
) -> None:
    """Answer lookups over HTTP, and write ratings to Kafka.

    GET /openapi.json describes the endpoints and their limits. Errors are problem documents (RFC 9457). The journal
    on standard error has one JSON object a line. Ctrl-C or SIGTERM let requests finish, flush the log and exit.

    Without API keys, only this machine can connect.

    Examples:

        streamsvd serve

        curl 'http://127.0.0.1:8000/recommend?user=196&n=5'

        curl http://127.0.0.1:8000/ratings --json '{"user": 196, "item": 242, "rating": 3}'

        streamsvd serve --host 0.0.0.0 --keys keys.txt --lookups-only
    """
    given = os.environ.get("STREAMSVD_API_KEYS", "")
    known = read_key_file(keys) if keys else read_keys(given, "STREAMSVD_API_KEYS") if given else ()
    check_exposure(host, known)
    plan = ServicePlan(
        host=host,
        port=port,
        model=model,
        redis=redis,
        kafka=kafka,
        topics=None if lookups_only else Topics(topic),
        keys=known,
        limits=Limits(max_ahead=parse_span(max_ahead)),
    )
    run_service(plan, os.environ)
