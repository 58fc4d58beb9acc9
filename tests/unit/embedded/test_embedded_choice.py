"""The decision which Kafka and which Redis are used."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamsvd.embedded import ServerChoice, choose_kafka, choose_redis, mask_url, provide_kafka, provide_redis
from streamsvd.embedded.containers import docker_answers
from streamsvd.embedded.folder import server_folder
from streamsvd.errors import ServiceError, SettingsError

Choose = Callable[..., ServerChoice]
both = pytest.mark.parametrize(
    ("choose", "variable", "address"),
    [
        (choose_kafka, "STREAMSVD_KAFKA", "one:9092,two:9092"),
        (choose_redis, "STREAMSVD_REDIS", "rediss://db.local:6380/2"),
    ],
)


def _yes() -> bool:
    return True


def _no() -> bool:
    return False


@both
def test_a_given_address_comes_first(choose: Choose, variable: str, address: str, tmp_path: Path) -> None:
    choice = choose({variable: address}, folder=tmp_path, docker_available=_yes)

    assert choice == ServerChoice("given", address, f"{variable} is set")


@both
@pytest.mark.parametrize("kind", ["docker", "embedded"])
def test_a_kind_can_be_forced(choose: Choose, variable: str, address: str, kind: str) -> None:
    unlikely = _no if kind == "docker" else _yes

    assert choose({variable: kind}, docker_available=unlikely).kind == kind


@both
def test_docker_is_used_when_it_answers_and_nothing_is_kept(choose: Choose, variable: str, address: str) -> None:
    assert choose({}, docker_available=_yes).kind == "docker"
    assert choose({variable: " "}, docker_available=_no).kind == "embedded"


@both
def test_a_named_folder_rules_docker_out(choose: Choose, variable: str, address: str, tmp_path: Path) -> None:
    assert choose({}, folder=tmp_path / "new", docker_available=_yes).kind == "embedded"


@both
def test_one_that_runs_in_the_folder_is_used(choose: Choose, variable: str, address: str, tmp_path: Path) -> None:
    with server_folder("server", tmp_path) as place:
        place.announce(address)
        assert choose({}, folder=tmp_path, docker_available=_yes) == ServerChoice(
            "running", address, f"one runs in {tmp_path}"
        )
    assert choose({}, folder=tmp_path).kind == "embedded"


@pytest.mark.parametrize("text", ["localhost", "http://kafka:9092", "kafka:port", "a:1, b:2", "yes"])
def test_a_kafka_address_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(SettingsError, match=r"STREAMSVD_KAFKA=.*host:port"):
        choose_kafka({"STREAMSVD_KAFKA": text})


@pytest.mark.parametrize("text", ["127.0.0.1:6379", "http://redis", "redis://", "redis:// host", "unix://"])
def test_a_redis_url_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(SettingsError, match=r"STREAMSVD_REDIS=.*redis://host"):
        choose_redis({"STREAMSVD_REDIS": text})


@pytest.mark.parametrize("text", ["[::1]:9092", "127.0.0.1:1", "kafka.example:9092,[::1]:9093"])
def test_kafka_addresses_of_every_form_are_taken(text: str) -> None:
    assert choose_kafka({"STREAMSVD_KAFKA": text}).address == text


def test_a_refused_url_does_not_show_its_password() -> None:
    with pytest.raises(SettingsError) as caught:
        choose_redis({"STREAMSVD_REDIS": "http://me:swordfish@host"})

    assert "swordfish" not in str(caught.value)


@given(
    st.text("abcdefgh", min_size=0, max_size=5),
    st.text("XYZ0189-_/?#:@%", min_size=1).map(lambda text: f"PASS{text}WORD"),
    st.sampled_from(["redis", "rediss"]),
)
def test_no_password_passes_the_mask(user: str, password: str, scheme: str) -> None:
    assert password not in mask_url(f"{scheme}://{user}:{password}@host:6379/0?password={password}")


@pytest.mark.parametrize("url", ["redis://127.0.0.1:6379/0", "unix:///run/redis.sock?db=1", "kafka:9092"])
def test_the_mask_leaves_the_rest_alone(url: str) -> None:
    assert mask_url(url) == url


def test_a_given_address_is_lent_without_starting_anything() -> None:
    with (
        provide_kafka(environ={"STREAMSVD_KAFKA": "nowhere:1"}) as address,
        provide_redis(environ={"STREAMSVD_REDIS": "redis://nowhere:1"}) as url,
    ):
        assert (address, url) == ("nowhere:1", "redis://nowhere:1")


def test_forcing_docker_without_an_engine_says_what_to_do(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path / 'none.sock'}")

    with pytest.raises(ServiceError, match="start Docker"), provide_kafka(environ={"STREAMSVD_KAFKA": "docker"}):
        pass
    with pytest.raises(ServiceError, match="start Docker"), provide_redis(environ={"STREAMSVD_REDIS": "docker"}):
        pass


def test_an_engine_that_nobody_listens_for_does_not_answer(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path / 'none.sock'}")

    assert not docker_answers()


def test_the_container_classes_are_where_we_look_for_them() -> None:
    from testcontainers.community.kafka import KafkaContainer
    from testcontainers.community.redis import RedisContainer

    assert callable(KafkaContainer.with_kraft)
    assert callable(RedisContainer)
