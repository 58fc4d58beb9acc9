"""Where a replay resumes in the log, and whether the log may take the data set.

Each rating has its source, the data set, and its sequence number there. A partition has the ratings of a data set in
order and without gaps, so the last one gives the position to resume at. That holds while the topic keeps its number of
partitions, which the catalogue topic knows; there is no other state.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from streamsvd.errors import EventError, TopicUnsafe
from streamsvd.log import (
    Layout,
    LogClient,
    Record,
    Topics,
    check_partitions,
    create_topics,
    first_and_last,
    read_catalogue,
    write_catalogue,
)
from streamsvd.ratings import Catalogue, Dataset, Event, decode

_START = 1000  # records of a partition in which a data set's first rating is looked for


@dataclass(frozen=True, slots=True)
class LogState:
    """What a topic has of one data set.

    Attributes
    ----------
    last : dict of int to int
        Number of its last rating in each partition, -1 without one.
    first : int or None
        Number of its first rating in the log; None if there is none, or not near the log's start.
    """

    last: dict[int, int]
    first: int | None


@dataclass(frozen=True, slots=True)
class PreparedTopic:
    """A topic that is ready for a data set.

    Attributes
    ----------
    layout : Layout
        Partitions, and notes for the user.
    log : LogState
        Where the replay resumes.
    """

    layout: Layout
    log: LogState


def prepare(
    log: LogClient,
    topics: Topics,
    dataset: Dataset,
    catalogue: Catalogue | None,
    *,
    partitions: int | None = None,
    mix: bool = False,
) -> PreparedTopic:
    """Create the topics, find where to resume, and write the catalogue.

    Parameters
    ----------
    log : LogClient
    topics : Topics
    dataset : Dataset
        Of the ratings to replay.
    catalogue : Catalogue or None
        Its items.
    partitions : int, optional
        Of a new ratings topic.
    mix : bool
        Allow several data sets in one topic.

    Raises
    ------
    TopicUnsafe
        The topic would lose ratings, or partitions were added to it, or it has another data set and `mix` is off.
    LogUnavailable, LogError, DeliveryFailed, SettingsError
    """
    layout = create_topics(log, topics, partitions)
    logged = read_catalogue(log, topics.catalogue)
    if logged.refused:
        layout = replace(layout, notes=(*layout.notes, logged.refusal()))
    found = logged.dataset
    if found is not None and found.source != dataset.source:
        _refuse_mixing(log, topics, found.source, dataset, mix)
        if found.scale != dataset.scale:
            raise TopicUnsafe(
                f"topic {topics.ratings} at {log.address} holds {found.source}, rated from {found.scale[0]:g} to "
                f"{found.scale[1]:g}; {dataset.source} is rated from {dataset.scale[0]:g} to {dataset.scale[1]:g}. "
                "Their ratings cannot be mixed: name another topic with --topic."
            )
    for other in sources_of(log, topics.ratings) - {dataset.source}:
        _refuse_mixing(log, topics, other, dataset, mix)
    sources = {dataset.source} | ({found.source} if found else set())
    ratings = check_partitions(log, topics.ratings, logged, sources)
    state = inspect_log(log, topics.ratings, dataset.source)
    write_catalogue(log, topics.catalogue, dataset, catalogue, ratings=ratings, keep_others=mix)
    return PreparedTopic(layout, state)


def sources_of(log: LogClient, topic: str) -> set[str]:
    """Sources at the start and at the end of each partition of a topic.

    Raises
    ------
    LogUnavailable, LogError
    """

    def any_source(record: Record) -> str | None:
        event = _event(record)
        return event.source if event else None

    ends = first_and_last(log, topic, any_source, _START).values()
    return {source for both in ends for source in both if source is not None}


def inspect_log(log: LogClient, topic: str, source: str) -> LogState:
    """Find what a topic has of one source; reads its start, and backwards from its end as far as needed.

    Raises
    ------
    LogUnavailable, LogError
    """

    def own_number(record: Record) -> int | None:
        event = _event(record)
        return event.sequence if event and event.source == source else None

    ends = first_and_last(log, topic, own_number, _START)
    last = {partition: -1 if number is None else number for partition, (_, number) in ends.items()}
    return LogState(last, min((first for first, _ in ends.values() if first is not None), default=None))


def _event(record: Record) -> Event | None:
    try:
        return decode(record.value)
    except EventError:  # invalid records are handled by the consumer
        return None


def _refuse_mixing(log: LogClient, topics: Topics, found: str, dataset: Dataset, mix: bool) -> None:
    if not mix:
        raise TopicUnsafe(
            f"topic {topics.ratings} at {log.address} holds ratings of {found}; those of {dataset.source} would be "
            "mixed with them, and users and items of one number would become one. Name another topic with --topic, or "
            "allow it with --mix."
        )
