"""Every prediction onto a topic: what the learner predicted, numbered, and sent again only with the same content."""

from __future__ import annotations

from contextlib import suppress

import msgspec
import pytest
from model_runs import consuming, fill, plan_for

from consumer import Progress, Schedule
from streamsvd import IteratedSVD
from streamsvd.errors import SettingsError
from streamsvd.log import Predicted, log_client, read_all
from streamsvd.ratings import Synthetic


def test_every_prediction_is_sent_and_repeated_ones_say_so(
    kafka_address: str, redis_url: str, topic_prefix: str, model_name: str
) -> None:
    table = Synthetic(ratings=1500, users=60, items=400).table()
    fill(kafka_address, topic_prefix, table)
    topic = f"{topic_prefix}-predictions"
    plan = plan_for(
        kafka_address,
        redis_url,
        topic_prefix,
        model_name,
        predictions=topic,
        schedule=Schedule(events=10**6, seconds=3600.0),
    )
    # goes away without a checkpoint after 700, as if it had been killed
    with consuming(plan) as (consumer, _), suppress(InterruptedError):
        consumer.run(until={0: 700}, progress=_interrupt)
    with consuming(plan) as (consumer, source):
        consumer.run(until=source.end_offsets())

    model = IteratedSVD(scale=table.dataset.scale)
    expected = model.learn(table.users, table.items, table.ratings, table.timestamps)
    found = read_all(log_client(kafka_address), topic)
    records = [(record.key, msgspec.json.decode(record.value or b"", type=Predicted)) for record in found]
    assert all(key == str(predicted.user).encode() for key, predicted in records)
    assert len(records) > 1500
    by_number: dict[int, Predicted] = {}
    for _, predicted in records:
        assert by_number.setdefault(predicted.number, predicted) == predicted
    assert sorted(by_number) == [*range(1, 1501)]
    whole = [by_number[number] for number in range(1, 1501)]
    assert [predicted.event for predicted in whole] == expected.event.tolist()
    assert [predicted.page for predicted in whole] == expected.page.tolist()
    assert [predicted.deviation for predicted in whole] == expected.deviation.tolist()
    assert [predicted.item for predicted in whole] == table.items.tolist()
    assert [predicted.ts for predicted in whole] == table.timestamps.tolist()


def _interrupt(progress: Progress) -> None:
    if progress.learned:
        raise InterruptedError


def test_a_name_that_kafka_does_not_take_is_refused(
    kafka_address: str, redis_url: str, topic_prefix: str, model_name: str
) -> None:
    fill(kafka_address, topic_prefix, Synthetic(ratings=50, users=10, items=100).table())
    plan = plan_for(kafka_address, redis_url, topic_prefix, model_name, predictions="no such name!")
    with pytest.raises(SettingsError, match="letters, digits"), consuming(plan):
        pass
