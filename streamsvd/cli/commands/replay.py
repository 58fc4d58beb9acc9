"""`streamsvd replay`: a data set onto the log, in the order in which it happened."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from typing import Annotated

import typer
from rich.console import Console

from producer import Bound, Pace, ReplaySummary, Selection, prepare
from producer import replay as run
from streamsvd.cli.data_options import AS_FOUND, DataOptions, note_bounds, with_data_options
from streamsvd.cli.json_output import print_json
from streamsvd.cli.options import JsonFlag, KafkaOption, TopicOption
from streamsvd.cli.progress_bars import replay_bar
from streamsvd.cli.services import open_kafka
from streamsvd.cli.tables import plain_text, print_note
from streamsvd.log import RatingSink, Topics, compile_sending_kernels, log_client
from streamsvd.ratings import Catalogue, Dataset, RatingTable, Synthetic, utc_day
from streamsvd.stopping import stop_on_signals

_BOUND = "A date or time (1997-12-05, in UTC), @ and seconds since 1970, or a number of ratings."


@with_data_options
def replay(
    data: Annotated[
        str,
        typer.Argument(
            metavar="FILE_OR_NAME",
            help="A ratings file, folder or zip; or a name such as ml-latest-small, ml-25m or synthetic.",
        ),
    ],
    kafka: KafkaOption = None,
    topic: TopicOption = "ratings",
    rate: Annotated[
        float | None, typer.Option(help="Ratings to send a second; by default as fast as possible.")
    ] = None,
    speed: Annotated[
        str | None,
        typer.Option(
            help="Keep the gaps between timestamps, divided by this factor: 3600x sends an hour of ratings a second."
        ),
    ] = None,
    start: Annotated[str | None, typer.Option("--from", metavar="BOUND", help=f"Begin here. {_BOUND}")] = None,
    until: Annotated[str | None, typer.Option(metavar="BOUND", help="End before this; same forms.")] = None,
    limit: Annotated[int | None, typer.Option(min=0, help="Send at most this many ratings now.")] = None,
    partitions: Annotated[
        int | None,
        typer.Option(
            min=1,
            help="Partitions of a new topic, which keeps this number. One, the default, keeps all ratings in order; "
            "more keep each user's.",
        ),
    ] = None,
    mix: Annotated[bool, typer.Option("--mix", help="Allow a topic that holds another data set.")] = False,
    reading: DataOptions = AS_FOUND,
    ratings: Annotated[int, typer.Option(min=1, help="Number of ratings of the data set synthetic.")] = 100_000,
    seed: Annotated[int, typer.Option(min=0, help="Seed of the data set synthetic.")] = 0,
    quiet: Annotated[bool, typer.Option("--quiet", help="Print errors only.")] = False,
    as_json: JsonFlag = False,
) -> None:
    """Send a data set's ratings to Kafka in the order in which they happened.

    Ratings go out by timestamp, and within one second as in the file. Topics
    are created with settings that never lose a rating, and the catalogue goes
    first. Every rating is confirmed by Kafka before it counts.

    Ratings that lie in the future are refused: consumers would not learn them.

    After an interruption, also by kill -9, run the same command again: it
    continues where the log ends, and sends nothing twice.

    Examples:

        streamsvd replay ml-latest-small

        streamsvd replay ml-25m --speed 86400x --from 2015-01-01

        streamsvd replay books.csv --columns reader,isbn,stars,day --scale 1:10
    """
    notes = Console(stderr=True, quiet=quiet, highlight=False, soft_wrap=True)
    selection = Selection(*(None if bound is None else Bound.parse(bound) for bound in (start, until)))
    pace = Pace.parse(rate, speed)
    topics = Topics(topic)
    with notes.status(plain_text(f"reading {data}")):
        bounds = {"--from": start, "--until": until}
        blocks, dataset, catalogue, count, dated = _load(data, reading, ratings, seed, selection, bounds, notes)
    if not dated:
        notes.print("Note: on the log, the event time of each of these ratings is its number, as seconds since 1970.")
    if pace == Pace():  # others are sent one by one
        with notes.status("making ready to send"):
            compile_sending_kernels()
    with open_kafka(kafka, os.environ) as address, stop_on_signals() as stop:
        log = log_client(address)
        ready = prepare(log, topics, dataset, catalogue, partitions=partitions, mix=mix)
        for note in ready.layout.notes:
            print_note(f"Note: {note}.", notes)
        with (
            RatingSink(log, topics.ratings) as sink,
            replay_bar(notes, dataset.name, count, limit, dated=dated, quiet=quiet) as show,
        ):
            summary = run(
                blocks,
                sink,
                log=ready.log,
                selection=selection,
                limit=limit,
                pace=pace,
                progress=show,
                stop=lambda: bool(stop),
                sleep=stop.wait,
            )
        if as_json:
            about = {"dataset": dataset.name, "sha256": dataset.sha256, "source": dataset.source, "topic": topic}
            print_json({**about, **asdict(summary), "events_per_second": summary.events_per_second})
        else:
            print_note(_report(summary, dataset, topics.ratings, address, dated=dated), Console(quiet=quiet))


def _load(
    data: str,
    reading: DataOptions,
    ratings: int,
    seed: int,
    selection: Selection,
    bounds: Mapping[str, str | None],
    notes: Console,
) -> tuple[Iterable[RatingTable], Dataset, Catalogue | None, int | None, bool]:
    """Blocks of ratings, whose they are, the catalogue, how many are selected if known, and whether they have times."""
    if data == "synthetic":
        world = Synthetic(ratings, users=max(1, ratings // 100), items=max(2000, ratings // 250), seed=seed)
        # A range of a stream that is made as it goes has a length that is not known beforehand.
        count = ratings if selection.is_all else None
        return world.blocks(), world.dataset, world.catalogue(), count, True
    table, catalogue = reading.load(data, console=notes)
    note_bounds(table, bounds, notes)
    selection.check_past(table, time.time())
    return [table], table.dataset, catalogue, len(selection.of(table)), not table.is_file_order


def _report(summary: ReplaySummary, dataset: Dataset, topic: str, address: str, *, dated: bool) -> str:
    lines = [
        f"{dataset.name}: {summary.events:,} ratings sent to topic {topic} at {address} in {summary.seconds:.1f} s "
        f"({summary.events_per_second:,.0f}/s)"
    ]
    if summary.events and dated:
        lines[0] += f", from {utc_day(summary.first_timestamp)} to {utc_day(summary.last_timestamp)}"
    lines[0] += "."
    if summary.skipped > summary.left_out:
        lines.append(f"{summary.skipped - summary.left_out:,} ratings were in the log already.")
    if summary.left_out:
        lines.append(
            f"{summary.left_out:,} ratings were left out: the log begins after them and keeps its order. To have "
            "them, replay into another topic."
        )
    if summary.stopped:
        lines.append("Stopped on request; the same command continues where the log ends.")
    return "\n".join(lines)
