"""`consume --shadow`, `shadows` and `promote`, as a user types them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis
from model_runs import command, consume_command, fill, learn_all, plan_for, version_of, wait_until, write
from shadow_runs import shadow_plan
from typer.testing import CliRunner, Result

from model_store import connect, read_shadows
from streamsvd.cli.main import app
from streamsvd.errors import SettingsError
from streamsvd.ratings import RatingTable, encode, read_ratings


@pytest.fixture
def client(redis_url: str) -> Iterator[redis.Redis]:
    with connect(redis_url) as client:
        yield client


@pytest.fixture
def table(ml_100k: Path) -> RatingTable:
    return read_ratings(ml_100k)[:2000]


def said(*arguments: str) -> Result:
    """A command in this process, which is quicker."""
    return CliRunner().invoke(app, arguments)


def test_shadows_are_shown_promoted_and_promoted_back(
    kafka_address: str, redis_url: str, client: redis.Redis, topic_prefix: str, model_name: str, table: RatingTable
) -> None:
    fill(kafka_address, topic_prefix, table[:1500])
    place = "--redis", redis_url, "--model", model_name
    options = "--shadow", "wide=rank=12", "--shadow", "means=damped-means"
    consume = consume_command(kafka_address, redis_url, topic_prefix, model_name)
    with command(*consume, "--until-end", *options) as process:
        output, messages = process.communicate(timeout=120)
        assert process.returncode == 0, messages
    assert "models on the same stream" in output
    assert all(name in output for name in ("original", "wide", "means", "rank=12", "damped-means"))

    shown = said("shadows", *place)
    assert shown.exit_code == 0, shown.output
    assert f"model {model_name}" in shown.stdout
    for name, reason in (
        ("nobody", "the shadows are: means, wide"),
        ("means", "is a baseline"),
        ("original", "served already"),
    ):
        refused = said("promote", name, *place)
        assert isinstance(refused.exception, SettingsError)
        assert reason in str(refused.exception)

    stored = said("promote", "wide", "--wait", "0", "--json", *place)
    assert "The request is stored" in stored.stderr
    assert json.loads(stored.stdout) == {"model": model_name, "name": "wide", "served": False}
    before = version_of(client, model_name)
    with command(*consume) as process:  # for ever, with nothing to learn
        wait_until(lambda: version_of(client, model_name) > before, "the promotion at the start")
        assert read_shadows(client, model_name)[0].name == "wide"
        done = said("promote", "original", "--wait", "60", *place)
        assert "original is the served model now" in done.stderr
        write(kafka_address, topic_prefix, map(encode, table[1500:].events()))
        wait_until(lambda: read_shadows(client, model_name)[0].events == 2000, "the rest")
        process.terminate()
        assert process.wait(60) == 0


def test_figures_for_programs(
    kafka_address: str, redis_url: str, topic_prefix: str, model_name: str, table: RatingTable
) -> None:
    fill(kafka_address, topic_prefix, table)
    place = "--redis", redis_url, "--model", model_name, "--json"
    learn_all(plan_for(kafka_address, redis_url, topic_prefix, model_name))
    assert "has no shadows" in said("shadows", *place[:-1]).stderr
    assert json.loads(said("shadows", *place).stdout) == {"model": model_name, "shadows": []}
    learn_all(
        plan_for(
            kafka_address, redis_url, topic_prefix, model_name, rebuild=True, shadows=shadow_plan({"wide": "rank=12"})
        )
    )
    found = json.loads(said("shadows", *place).stdout)
    assert [row["name"] for row in found["shadows"]] == ["original", "wide"]
    assert found["shadows"][1]["against_served"]["ratings"] > 1900


def test_evaluate_compares_in_process() -> None:
    result = said("evaluate", "synthetic", "--quiet", "--shadow", "means=damped-means", "--json")
    assert result.exit_code == 0, result.output
    found = json.loads(result.stdout)
    served, means = found["shadows"]
    assert served["rmse_page"] == found["rmse_page"]
    assert means["against_served"]["squared"] > 0


@pytest.mark.parametrize("text", ["wide", "wide=", "=rank=3", "a b=rank=3"])
def test_a_shadow_without_name_or_content_is_refused(text: str) -> None:
    assert isinstance(said("evaluate", "synthetic", "--quiet", "--shadow", text).exception, SettingsError)


def test_a_name_given_twice_is_refused() -> None:
    twice = ["--shadow", "wide=rank=3", "--shadow", "wide=rank=4"]
    assert "given twice" in str(said("evaluate", "synthetic", "--quiet", *twice).exception)
