"""Film night: some friends want one film that all of them will like, and one of them has never rated anything here.

The whole system in one program: real Kafka and Redis, started for as long as it runs; a synthetic history replayed
onto Kafka; a consumer that learns it; and lookups in Redis, as an application would ask them.

    python examples/film_night.py
"""

from __future__ import annotations

import time
from contextlib import closing

from consumer import ConsumerPlan, Schedule, open_consumer
from evaluation import Prequential
from model_store import ModelReader, Provenance, connect
from producer import prepare, replay
from streamsvd.embedded import provide_kafka, provide_redis
from streamsvd.learner import Settings
from streamsvd.log import RatingSink, Topics, log_client
from streamsvd.ratings import Rating, Synthetic

FRIENDS = (1, 2, 3)
FILMS = 800
TOPICS = Topics("films")


def learn(kafka: str, redis: str) -> None:
    """Consume the topic up to its present end, into the model `films`."""
    plan = ConsumerPlan(
        log=log_client(kafka),
        redis=redis,
        topics=TOPICS,
        model="films",
        settings=Settings(),
        metrics=Prequential(),
        schedule=Schedule(),
    )
    with open_consumer(plan, time.sleep) as (consumer, source):
        end = consumer.run(until=source.end_offsets())
    print(f"{end.figures.events:,} ratings learned, rolling RMSE {end.figures.rmse_last_window:.3f}")


def liked_by_all(reader: ModelReader) -> int | None:
    """Of the films that no friend has seen, the one whose worst prediction among them is best; None without any."""
    answers = reader.recommend_many(FRIENDS, n=FILMS)  # each one's list: every film that this friend has not seen
    scores = [{item.item: item.score for item in answer.items} for answer in answers]
    new_to_all = set(scores[0]).intersection(*scores[1:])
    if not new_to_all:
        print("\nBetween you, you have seen every film.")
        return None
    best = min(new_to_all, key=lambda item: (-min(of_one[item] for of_one in scores), item))
    print("\nFor all of you:", reader.predict(FRIENDS[0], best).item.title)
    for friend in FRIENDS:
        found = reader.predict(friend, best)
        print(f"  friend {friend}: {found.rating:.1f} ± {found.deviation:.1f}")
    return int(best)


def for_a_newcomer(reader: ModelReader) -> None:
    """Recommendations for an anonymous user, from three ratings; nothing is written."""
    popular, stars = reader.recommend("nobody", n=3).items, (5.0, 1.0, 4.0)
    answer = reader.recommend_for({film.item: rating for film, rating in zip(popular, stars, strict=True)}, n=3)
    print("\nFor the newcomer, who gives")
    for film, rating in zip(popular, stars, strict=True):
        print(f"  {rating:.0f} stars to {film.title}")
    print("this:")
    for item in answer.items:
        print(f"  {item.score:.1f}  {item.title} ({', '.join(item.genres)})")


def watched(kafka: str, redis: str, reader: ModelReader, film: int, at: int) -> None:
    """The next morning the friends rate the film; it is learned, and not recommended again."""
    with RatingSink(log_client(kafka), TOPICS.ratings) as sink:
        for sequence, friend in enumerate(FRIENDS):
            sink.send(Rating(friend, film, 4.5, at, "film night", sequence))
    learn(kafka, redis)
    again = reader.recommend(FRIENDS[0], n=FILMS)
    print(f"Film {film} recommended again: {'yes' if film in [item.item for item in again.items] else 'no'}")
    tell(again.provenance)


def tell(provenance: Provenance) -> None:
    """What an answer was computed from."""
    offset = provenance.offsets[f"{TOPICS.ratings}/0"]
    print(f"(snapshot {provenance.version}, {offset:,} ratings, {provenance.age_seconds:.0f} s old)")


def main() -> None:
    """One film night."""
    history = Synthetic(ratings=20_000, users=800, items=FILMS, seed=7)
    table = history.table()
    with provide_kafka() as kafka, provide_redis() as redis, closing(connect(redis)) as client:
        prepare(log_client(kafka), TOPICS, history.dataset, history.catalogue())
        with RatingSink(log_client(kafka), TOPICS.ratings) as sink:
            replay([table], sink)
        learn(kafka, redis)
        reader = ModelReader(client, "films")
        film = liked_by_all(reader)
        for_a_newcomer(reader)
        if film is not None:
            print("\nThe next morning:")
            watched(kafka, redis, reader, film, int(table.timestamps[-1]) + 86_400)


if __name__ == "__main__":
    main()
