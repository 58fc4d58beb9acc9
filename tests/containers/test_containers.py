"""The image and docker-compose.yml, run by an engine to their end."""

from __future__ import annotations

import re

import pytest
from composed import WORLD, Composed, Shop
from container_engine import OUR_IMAGE, ROOT, SERVICES, Engine
from model_runs import learn_all, plan_for

from producer import prepare, replay
from streamsvd.embedded.containers import kafka_container, redis_container
from streamsvd.log import RatingSink, Topics, log_client
from streamsvd.ratings import Synthetic

pytestmark = [pytest.mark.containers, pytest.mark.timeout(1200)]

LARGEST = 720  # MB
GUARDED = [name for name, service in SERVICES.items() if service.get("read_only")]
SERVERS = [name for name in SERVICES if name not in ("producer", "secrets", "grafana")]
KEEPERS = ["kafka", "redis", "consumer"]  # of what must not be lost
USERS = {"prometheus": "65534"}  # the others' is our image's
_MEASURE = """
import pathlib, collections
packages, total = collections.Counter(), 0
top = next(pathlib.Path('/opt/streamsvd/lib').glob('python3*/site-packages'))
for path in pathlib.Path('/opt/streamsvd').rglob('*'):
    if path.is_file() and not path.is_symlink():
        size = path.stat().st_size
        inside = path.is_relative_to(top)
        name = path.relative_to(top).parts[0].removesuffix('.libs') if inside else 'others'
        packages['compiled' if path.suffix == '.pyc' else name] += size
for name, size in packages.items():
    print(name, size)
"""


# The image


def test_the_image_is_what_the_page_says_and_no_larger(engine: Engine) -> None:
    """`docs/operations.md` has the table; a figure that has moved is to be written there anew."""
    size = int(engine.docker("image", "inspect", "--format", "{{.Size}}", OUR_IMAGE)) / 1e6
    answer = engine.docker("run", "--rm", "--network", "none", "--entrypoint", "python", OUR_IMAGE, "-c", _MEASURE)
    parts = {name: int(count) / 1e6 for name, count in (line.split() for line in answer.splitlines())}
    page = (ROOT / "docs" / "operations.md").read_text()
    told = {
        name: float(count) for name, count in re.findall(r"^\| [^|]+ \| `([\w.]+)` \| (\d+) \|$", page, re.MULTILINE)
    }
    measured = {name: parts[name] for name in told.keys() & parts.keys()}
    measured["base"] = size - sum(parts.values())
    measured["rest"] = size - sum(measured.values())
    measured["all"] = size

    assert size < LARGEST
    assert told == {name: pytest.approx(count, rel=0.05, abs=3) for name, count in measured.items()}


@pytest.mark.parametrize("arguments", [["--help"], ["recommend", "--help"]])
def test_the_command_needs_no_rights(engine: Engine, arguments: list[str]) -> None:
    guards = ["--read-only", "--cap-drop", "ALL", "--security-opt", "no-new-privileges", "--network", "none"]

    assert "Redis" in engine.docker("run", "--rm", *guards, OUR_IMAGE, *arguments)


# The whole job


def test_everything_that_was_replayed_is_learned(system: Composed, shop: Shop) -> None:
    assert shop.taken_up() >= WORLD.ratings
    assert "Exited (0)" in system.states()["producer"]
    assert system.learned() == {"ratings": shop.taken_up(), "dead_letters": 0}


def test_lookups_answer_inside_and_outside(system: Composed, shop: Shop) -> None:
    inside = system.streamsvd("recommend", "1")
    outside = shop.asked("/recommend", user=1, n=3)

    assert outside is not None
    assert outside["known_user"]
    assert len(outside["items"]) == 3
    assert all(str(item["item"]) in inside for item in outside["items"])


def test_the_service_wants_a_key(system: Composed, shop: Shop) -> None:
    assert shop.client.get("/status", headers={"Authorization": "Bearer ssvd_another"}).status_code == 401
    assert shop.client.get("/readyz", headers={"Authorization": ""}).status_code == 200


def test_prometheus_asks_the_consumer_and_the_service(system: Composed, shop: Shop) -> None:
    def answers(query: str) -> dict[str, float]:
        found = shop.client.get("http://localhost:19090/api/v1/query", params={"query": query}).json()
        return {one["metric"]["job"]: float(one["value"][1]) for one in found["data"]["result"]}

    system.wait(lambda: answers("up") == {"streamsvd-consumer": 1, "streamsvd-service": 1}, "both are up")
    system.wait(lambda: answers("streamsvd_model_up").keys() >= {"streamsvd-service"}, "the service's model is known")


def test_the_dashboard_is_a_page(system: Composed, shop: Shop) -> None:
    assert "streamsvd: default" in shop.client.get("http://localhost:18080/").text


@pytest.mark.parametrize("name", [name for name in SERVERS if name in GUARDED])
def test_who_is_guarded_can_do_nothing(system: Composed, name: str) -> None:
    status = dict(re.findall(r"^(\w+):\s+(.*)$", system.inside(name, "cat", "/proc/1/status"), re.MULTILINE))

    assert set(status["Uid"].split()) == {USERS.get(name, "10001")}
    assert {status[f"Cap{which}"] for which in ("Prm", "Eff", "Bnd")} == {"0" * 16}
    assert status["NoNewPrivs"] == "1"
    mounts = system.inside(name, "cat", "/proc/mounts")
    assert re.search(r"^\S+ / \S+ ro\b", mounts, re.MULTILINE)


@pytest.mark.parametrize(
    ("how", "name"), [*(("restart", name) for name in SERVERS), *(("kill", name) for name in KEEPERS)]
)
def test_nothing_is_lost_when_one_is_gone(system: Composed, shop: Shop, name: str, how: str) -> None:
    """What was in the log is learned once, before and after; the kernels are compiled once."""
    system.wait(lambda: shop.rate(1, 1, 4.0) is not None, "a rating is taken")
    if how == "restart":
        system.compose("restart", name)
    else:
        system.compose("kill", name)
        if name == "consumer":
            assert shop.rate(2, 1, 4.0) is not None  # it waits in Kafka
        system.compose("start", name)
    place = system.wait(lambda: shop.rate(3, 1, 4.0), "a rating is taken again")

    system.wait(lambda: shop.taken_up() == place + 1, "what came last is in the snapshot that the service reads")
    assert system.learned() == {"ratings": place + 1, "dead_letters": 0}
    assert system.compose("logs", "consumer").count("Compiling") <= 1


# testcontainers


def test_testcontainers_brings_kafka_and_redis(engine: Engine) -> None:
    world = Synthetic(ratings=500, users=40, items=200)
    with kafka_container() as kafka, redis_container() as store:
        ready = prepare(log_client(kafka), Topics("ratings"), world.dataset, world.catalogue())
        with RatingSink(log_client(kafka), "ratings") as sink:
            replay([world.table()], sink, log=ready.log)
        consumer, progress = learn_all(plan_for(kafka, store, "ratings", "films"))

    assert consumer is not None
    assert progress.learned == world.ratings
