"""The real loop with a real Redis, on a log in memory that is disturbed at chosen records: each rating counts once."""

from __future__ import annotations

from itertools import count
from typing import Any

import msgspec
import pytest
from model_runs import checkpoint_of, consuming, fill, final, learn_all, learned_in_process, letters, plan_for, write
from model_states import plain

from consumer import Consumer, ConsumerPlan, Progress, Schedule
from consumer.checkpointer import Checkpointer
from streamsvd.errors import TopicUnsafe
from streamsvd.log import Predicted, read_all
from streamsvd.log.memory import MemoryLog
from streamsvd.ratings import Synthetic, encode

TOPIC, PREDICTIONS = "films", "predictions"
WORLD = Synthetic(ratings=1500, users=60, items=300, seed=4)
TABLE = WORLD.table()
INVALID = 7  # every so many ratings of the second half, a record that is none


class Crash(Exception):
    """Where the process ended."""


@pytest.fixture
def log() -> MemoryLog:
    """Half of the ratings, then the rest among invalid records."""
    log = MemoryLog()
    fill(log, TOPIC, TABLE[:750], WORLD.catalogue())
    for number, event in enumerate(TABLE[750:].events()):
        write(log, TOPIC, [encode(event), *([b"rubbish %d" % number] if number % INVALID == 0 else [])])
    return log


@pytest.fixture
def plan(log: MemoryLog, redis_url: str, model_name: str) -> ConsumerPlan:
    return plan_for(log, redis_url, TOPIC, model_name, schedule=Schedule(events=200), predictions=PREDICTIONS)


def undisturbed(log: MemoryLog, store: str, model: str) -> dict[str, Any]:
    """What another consumer of the same log knows at its end."""
    learn_all(plan_for(log, store, TOPIC, f"{model}-undisturbed", schedule=Schedule(events=7_777)))
    return final(store, f"{model}-undisturbed")


def learn_again_and_again(plan: ConsumerPlan) -> tuple[Consumer, Progress, int]:
    """Consume to the end, started again after each crash; and how many there were."""
    for crashes in count():
        try:
            return (*learn_all(plan), crashes)
        except Crash:
            continue
    raise AssertionError("unreachable")


def crash(_: object) -> None:
    raise Crash


def assert_side_topics(log: MemoryLog) -> None:
    """Each bad record once, and one prediction of each rating, whatever was sent again."""
    invalid = [record.value for record in read_all(log, TOPIC) if (record.value or b"").startswith(b"rubbish")]
    assert [letter.value for letter in letters(log, TOPIC)] == invalid
    assert len(invalid) == 108
    predicted: dict[int, Predicted] = {}
    for record in read_all(log, PREDICTIONS):
        found = msgspec.json.decode(record.value or b"", type=Predicted)
        assert predicted.setdefault(found.number, found) == found
    assert sorted(predicted) == [*range(1, len(TABLE) + 1)]


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("step", ["check_topic", "confirm_side_topics", "write", "commit_offsets"])
def test_a_crash_around_a_step_of_a_checkpoint_changes_no_bit(
    log: MemoryLog, plan: ConsumerPlan, monkeypatch: pytest.MonkeyPatch, step: str, when: str
) -> None:
    real, calls = getattr(Checkpointer, step), count(1)

    def crashing(self: Checkpointer, *arguments: Any, **named: Any) -> Any:
        number = next(calls)
        if when == "before" and number in (2, 6):
            raise Crash
        found = real(self, *arguments, **named)
        if when == "after" and number in (2, 6):
            raise Crash
        return found

    monkeypatch.setattr(Checkpointer, step, crashing)
    _, end, crashes = learn_again_and_again(plan)
    monkeypatch.undo()
    assert (crashes, end.figures.events) == (2, len(TABLE))
    assert final(plan.redis, plan.model) == undisturbed(log, plan.redis, plan.model)
    assert plain(checkpoint_of(plan.redis, plan.model).state) == learned_in_process(TABLE, WORLD.catalogue())["state"]
    assert_side_topics(log)
    assert log.committed[f"streamsvd-{plan.model}"] == log.source(TOPIC).end_offsets()


def test_a_crash_at_any_record_changes_no_bit(log: MemoryLog, plan: ConsumerPlan) -> None:
    places = [1, 2, 199, 200, 201, 750, 751, 1399, 1607]
    for offset in places:
        log.before(TOPIC, 0, offset, crash)
    _, end, crashes = learn_again_and_again(plan)
    assert (crashes, end.figures.events, end.positions) == (len(places), len(TABLE), {0: 1608})
    assert final(plan.redis, plan.model) == undisturbed(log, plan.redis, plan.model)
    assert_side_topics(log)


def test_records_that_are_delivered_twice_count_once(log: MemoryLog, plan: ConsumerPlan) -> None:
    log.deliver_twice(TOPIC, 0, 100, 400)
    log.deliver_twice(TOPIC, 0, 600, 740)
    _, end = learn_all(plan)
    assert (end.learned, end.repeated) == (len(TABLE), 440)
    assert final(plan.redis, plan.model) == undisturbed(log, plan.redis, plan.model)
    assert_side_topics(log)


def test_ratings_that_were_written_twice_count_once(log: MemoryLog, plan: ConsumerPlan) -> None:
    write(log, TOPIC, [encode(event) for event in TABLE[400:900].events()])
    _, end = learn_all(plan)
    assert (end.learned, end.repeated) == (len(TABLE), 500)
    assert plain(checkpoint_of(plan.redis, plan.model).state) == learned_in_process(TABLE, WORLD.catalogue())["state"]


def test_a_stop_at_a_record_ends_there_and_goes_on_from_there(log: MemoryLog, plan: ConsumerPlan) -> None:
    stopped: list[int] = []
    log.before(TOPIC, 0, 333, lambda source: stopped.append(333))
    with consuming(plan) as (consumer, source):
        end = consumer.run(until=source.end_offsets(), stop=lambda: bool(stopped))
    assert (end.learned, end.positions) == (333, {0: 333})
    assert checkpoint_of(plan.redis, plan.model).offsets[TOPIC, 0] == 333
    learn_all(plan)
    assert final(plan.redis, plan.model) == undisturbed(log, plan.redis, plan.model)


def test_a_log_that_loses_its_tail_is_refused(log: MemoryLog, plan: ConsumerPlan) -> None:
    log.before(TOPIC, 0, 500, lambda source: log.lose_tail(TOPIC, 0, 450))
    with pytest.raises(TopicUnsafe, match="does not hold that offset"):
        learn_all(plan)
    before = final(plan.redis, plan.model)
    assert before["offsets"][TOPIC, 0] == 400
    log.lose_tail(TOPIC, 0, 350)
    with pytest.raises(TopicUnsafe, match="has lost records"):
        learn_all(plan)
    assert final(plan.redis, plan.model) == before


@pytest.mark.parametrize("more", [0, 60], ids=["as-long", "longer"])
def test_a_log_that_lost_its_tail_and_was_filled_again_is_refused(
    log: MemoryLog, plan: ConsumerPlan, more: int
) -> None:
    learn_all(plan)
    before, end = final(plan.redis, plan.model), log.source(TOPIC).end_offsets()[0]
    log.lose_tail(TOPIC, 0, end - 20)
    write(log, TOPIC, [encode(event) for event in TABLE[: 20 + more].events()])
    with pytest.raises(TopicUnsafe, match=r"partition 0: .* no longer holds .* Restore the log, or .*--rebuild"):
        learn_all(plan)
    assert final(plan.redis, plan.model) == before
    learn_all(plan_for(log, plan.redis, TOPIC, plan.model, rebuild=True))
    assert learn_all(plan)[1].learned == 0


def test_a_lost_tail_that_is_replayed_again_is_the_same_log(redis_url: str, model_name: str) -> None:
    log = MemoryLog()
    fill(log, TOPIC, TABLE[:1000])
    plan = plan_for(log, redis_url, TOPIC, model_name)
    learn_all(plan)
    log.lose_tail(TOPIC, 0, 980)
    fill(log, TOPIC, TABLE)
    learn_all(plan)
    assert plain(checkpoint_of(redis_url, model_name).state) == learned_in_process(TABLE)["state"]


def test_a_topic_made_anew_meanwhile_teaches_nothing(log: MemoryLog, plan: ConsumerPlan) -> None:
    def remake(_: object) -> None:
        del log.topics[TOPIC]
        fill(log, TOPIC, TABLE[500:])

    log.before(TOPIC, 0, 500, remake)
    with pytest.raises(TopicUnsafe, match="was deleted and recreated"):
        learn_all(plan)
    assert checkpoint_of(plan.redis, plan.model).offsets[TOPIC, 0] == 400
    with pytest.raises(TopicUnsafe, match="was learned from topic films"):
        learn_all(plan)


def test_a_topic_that_gets_partitions_teaches_nothing_more(log: MemoryLog, plan: ConsumerPlan) -> None:
    log.before(TOPIC, 0, 500, lambda source: log.add_partitions(TOPIC, 2))
    with pytest.raises(TopicUnsafe, match=r"has 2 partition.*learned from 1"):
        learn_all(plan)
    before = final(plan.redis, plan.model)
    assert before["offsets"][TOPIC, 0] == 400
    with pytest.raises(TopicUnsafe, match=r"has 2 partition.*learned from 1"):
        learn_all(plan)
    assert final(plan.redis, plan.model) == before


@pytest.mark.parametrize("partitions", [2, 3])
def test_with_partitions_crashes_and_repetitions_count_nothing_twice(
    redis_url: str, model_name: str, partitions: int
) -> None:
    log = MemoryLog()
    fill(log, TOPIC, TABLE, partitions=partitions)
    for partition in range(partitions):
        log.before(TOPIC, partition, 70, crash)
        log.deliver_twice(TOPIC, partition, 100, 200)
    plan = plan_for(log, redis_url, TOPIC, model_name, schedule=Schedule(events=90))
    _, end, crashes = learn_again_and_again(plan)
    assert (crashes, end.figures.events) == (partitions, len(TABLE))
    assert end.positions == log.source(TOPIC).end_offsets()
    stored = checkpoint_of(redis_url, model_name)  # between partitions the order may differ, so the bits do
    assert int(stored.state.users.fixed["factors"]["count"].sum()) == len(TABLE)
    assert int(stored.state.items.fixed["factors"]["count"].sum()) == len(TABLE)
    assert len(stored.marks) == partitions
