"""The dashboard as a visitor sees it: a real Chromium, a real consumer, real Kafka and Redis."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path

import pytest
from browsing import ACCESSIBILITY, Visit, chromium, dashboard, visit
from model_runs import command, consume_command, fill, wait_until, write
from playwright.sync_api import Browser, expect

from evaluation.metrics.figures import RMSE
from model_store import connect
from model_store.feed import Now, read_now
from streamsvd.dashboard.formats import count
from streamsvd.embedded import Server, embedded_redis
from streamsvd.embedded.folder import free_ports
from streamsvd.errors import StoreError
from streamsvd.ratings import Catalogue, Id, RatingTable, load

pytestmark = pytest.mark.system

MODEL = "watched"
PICTURES = os.environ.get("STREAMSVD_PICTURES")
"""Folder for the README's pictures; with it, the whole history is learned first."""
FIRST = 99_000 if PICTURES else 20_000
BAD = [
    b'{"v":1,"user":196,"item":242,"rating":9.0,"ts":881250949}',
    b"not a rating <b>at all</b>",
    b'{"v":1,"user":196,"rating":3.0,"ts":881250949}',
]


class Town:
    """Everything that a dashboard watches, running: Kafka, a Redis of its own, a consumer."""

    def __init__(
        self,
        kafka: str,
        topic: str,
        history: tuple[RatingTable, Catalogue | None],
        start_redis: Callable[[], AbstractContextManager[Server]],
    ) -> None:
        self.kafka, self.topic, self._start_redis = kafka, topic, start_redis
        self.table, self._catalogue = history
        self._redis = ExitStack()
        self.redis = self.start_redis()
        self.sent = 0
        self.consumer: subprocess.Popen[str]
        self.url = ""

    def start_redis(self) -> str:
        """Start Redis, again with its old data; its URL, always the same."""
        return self._redis.enter_context(self._start_redis()).address

    def stop_redis(self) -> None:
        self._redis.close()

    def send(self, n: int) -> None:
        """Put that many more ratings onto the log."""
        self.sent += n
        fill(self.kafka, self.topic, self.table[: self.sent], self._catalogue)

    @property
    def newest_user(self) -> Id:
        """Who gave the last rating."""
        user: Id = self.table.users[self.sent - 1].item()
        return user

    def now(self) -> Now | None:
        """The newest figures in Redis; None while there are none, or no Redis."""
        try:
            with connect(self.redis) as client:
                found = read_now(client, MODEL)
        except StoreError:
            return None
        return found and found[0]

    def wait_until_learned(self) -> Now:
        """Wait until everything that was sent is in the store."""
        wait_until(lambda: (now := self.now()) and now.point.events == self.sent, f"{self.sent} ratings learned")
        now = self.now()
        assert now is not None
        return now


@pytest.fixture(scope="module")
def town(kafka_address: str, tmp_path_factory: pytest.TempPathFactory, ml_100k: Path) -> Iterator[Town]:
    folder, ports = tmp_path_factory.mktemp("redis"), free_ports(1)
    with ExitStack() as stack:
        patched = stack.enter_context(pytest.MonkeyPatch.context())
        patched.setattr("streamsvd.embedded.redis.free_ports", lambda count: ports)
        history = load(ml_100k, environ={})
        town = Town(kafka_address, f"dashboard-{folder.parent.name}", history, lambda: embedded_redis(folder))
        stack.callback(town.stop_redis)
        town.send(FIRST)
        write(kafka_address, town.topic, BAD)
        consume = consume_command(kafka_address, town.redis, town.topic, MODEL, "--checkpoint-seconds", "0.5")
        town.consumer = stack.enter_context(command(*consume, "--shadow", "means=damped-means"))
        where = ["--redis", town.redis, "--kafka", town.kafka, "--topic", town.topic, "--model", MODEL]
        town.url = stack.enter_context(dashboard(*where))
        town.wait_until_learned()
        yield town


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as browser:
        yield browser


def picture(seen: Visit, name: str, *, of: str | None = None) -> None:
    """Keep a picture for the README when one was asked for: of one card, or of what is on the screen."""
    if PICTURES:
        place = seen.page if of is None else seen.card(of)
        place.screenshot(path=Path(PICTURES) / f"dashboard-{name}.png")


def state(seen: Visit) -> str:
    """What the line at the top says."""
    return seen.page.locator("[role=status].state").inner_text()


def test_it_shows_what_the_store_holds(town: Town, browser: Browser) -> None:
    now = town.wait_until_learned()
    with visit(browser, town.url, height=1010) as seen:
        seen.wait_for(
            f"document.querySelector('[data-card=model-size]').innerText.includes('{count(town.sent)}')", "ratings"
        )
        known = seen.card("model-size").inner_text()
        assert count(now.point.users) in known
        assert count(now.point.items) in known
        shown = seen.card("error-now").inner_text()
        assert RMSE.text(now.point.total["rmse_event"]) in shown
        assert RMSE.text(now.point.total["rmse_page"]) in shown
        assert "ml-100k" in seen.page.locator("header").inner_text()
        assert "Up to date" in state(seen)
        assert seen.card("error-chart").locator("svg path[stroke='var(--event)']").count() > 0
        assert seen.card("singular").locator("svg path[fill='var(--event)']").count() == 8
        picture(seen, "light")


def test_every_card_says_what_it_means(town: Town, browser: Browser) -> None:
    with visit(browser, town.url) as seen:
        cards = seen.page.locator("[data-card]")
        assert cards.count() == 13
        for place in range(cards.count()):
            card = cards.nth(place)
            assert len(card.locator(".meaning").inner_text()) > 20
            assert card.locator(".unit").inner_text()
            explanation = card.locator(".words")
            assert not explanation.is_visible()
            card.locator("button.help").press("Enter")
            expect(explanation).to_be_visible()
            assert len(explanation.inner_text()) > 100
            seen.page.keyboard.press("Escape")
            expect(explanation).not_to_be_visible()


def test_it_follows_the_model_by_itself(town: Town, browser: Browser) -> None:
    with visit(browser, town.url) as seen:
        line = seen.card("error-chart").locator("svg path[stroke='var(--event)']").first
        before = line.get_attribute("d")
        town.send(500)
        seen.wait_for(
            f"document.querySelector('[data-card=model-size]').innerText.includes('{count(town.sent)}')", "ratings"
        )
        expect(line).not_to_have_attribute("d", before or "")


def test_windows_are_chosen_with_the_keyboard(town: Town, browser: Browser) -> None:
    with visit(browser, town.url) as seen:
        note = seen.card("error-now").locator(".note")
        expect(note).to_contain_text("RMSE over all ratings")
        seen.card("error-chart").locator("input[value='all ratings']").focus()
        seen.page.keyboard.press("ArrowRight")
        expect(note).to_contain_text("RMSE over last ")
        seen.card("error-chart").locator("input[value=RMSE]").focus()
        seen.page.keyboard.press("ArrowRight")
        expect(note).to_contain_text("MAE over last ")
        seen.card("error-chart").locator("input[value=events]").focus()
        seen.page.keyboard.press("ArrowRight")
        expect(seen.card("error-chart").locator("svg")).to_contain_text("Oct")  # event time along the axis
        seen.card("error-chart").locator("summary").press("Enter")
        expect(seen.card("error-chart").locator("tbody tr").first).to_be_visible()


def test_shadows_stand_beside_the_served_model(town: Town, browser: Browser) -> None:
    now = town.wait_until_learned()
    with visit(browser, town.url) as seen:
        means = seen.card("side-by-side").locator("tr", has_text="means")
        expect(means).to_contain_text(RMSE.text(now.point.shadows["means"]["rmse_page"]))
        expect(means).to_contain_text("worse since")
        chart = seen.card("error-chart")
        expect(chart.locator(".legend")).to_contain_text("means, page")
        assert chart.locator("svg path[stroke='var(--third)']").count() == 1
        chart.locator("input[value=fading]").press("Space")
        expect(chart).to_contain_text("Shadows are drawn for the window")
        expect(chart.locator("svg path[stroke='var(--third)']")).to_have_count(0)


def test_dead_letters_show_their_reason_and_the_record(town: Town, browser: Browser) -> None:
    with visit(browser, town.url) as seen:
        card = seen.card("dead-letters")
        expect(card.locator(".big")).to_have_text(str(len(BAD)))
        expect(card.locator(".record")).to_have_text(BAD[-1].decode())
        expect(card.locator(".error")).to_contain_text("item")
        card.get_by_role("button", name="Older").press("Enter")
        expect(card.locator(".record")).to_have_text(BAD[-2].decode())


def test_users_and_items_are_looked_up_with_the_keyboard(town: Town, browser: Browser) -> None:
    with visit(browser, town.url) as seen:
        keyboard, card = seen.page.keyboard, seen.card("lookup")
        said = card.locator("[role=status]")
        keyboard.press("Tab")
        expect(seen.page.locator(":focus")).to_have_text("Skip to the lookup")
        keyboard.press("Enter")
        keyboard.press("Tab")
        keyboard.type(str(town.newest_user))
        keyboard.press("Enter")
        recommended = card.locator("table", has_text="Recommended to user")
        expect(recommended.locator("tbody tr")).to_have_count(10)
        expect(recommended.locator(".why-line").first).to_contain_text("because of")
        expect(card.locator("table", has_text="Newest ratings").locator("tbody tr").first).to_be_visible()
        expect(said).to_contain_text("Answered from snapshot")

        keyboard.press("Tab")  # from the field over its two buttons to the items
        keyboard.press("Tab")
        keyboard.press("Tab")
        keyboard.type("star wars")
        keyboard.press("Enter")
        found = card.locator("table", has_text="Items with “star wars” in the title")
        expect(found).to_contain_text("Star Wars (1977)")
        found.get_by_role("button", name="Star Wars (1977)").press("Enter")
        alike = card.locator("table", has_text="Liked together with Star Wars (1977)")
        expect(alike.locator("tbody tr")).to_have_count(10)
        picture(seen, "lookup", of="lookup")


def test_lookups_that_find_nothing_say_so(town: Town, browser: Browser) -> None:
    with visit(browser, town.url) as seen:
        card = seen.card("lookup")
        said = card.locator("[role=status]")
        card.locator("#look-up-user").fill("<i>nobody</i>")
        card.locator("#look-up-user").press("Enter")
        expect(said).to_contain_text("no ratings of user <i>nobody</i>")
        expect(card.locator("table", has_text="Recommended").locator("tbody tr")).to_have_count(10)
        card.locator("#look-up-item").fill("no such item")
        card.locator("#look-up-item").press("Enter")
        expect(said).to_contain_text("No item has “no such item” in its title")


def test_a_redis_that_stops_is_said_and_comes_back(town: Town, browser: Browser) -> None:
    with visit(browser, town.url) as seen:
        town.stop_redis()
        try:
            seen.wait_for("document.querySelector('.state').innerText.includes('Redis does not answer')", "the banner")
            assert seen.page.locator(".frame.stale").count() == 1
            assert "The figures shown are from" in state(seen)
            assert seen.card("model-size").locator(".big").first.inner_text() != "–"  # the past stays on show
            picture(seen, "lost")
        finally:
            town.start_redis()
        seen.wait_for("!document.querySelector('.state').innerText.includes('Redis')", "Redis again")
        assert seen.page.locator(".frame.stale").count() == 0


def test_a_consumer_that_stops_is_said_and_comes_back(town: Town, browser: Browser) -> None:
    with visit(browser, town.url) as seen:
        town.consumer.send_signal(signal.SIGSTOP)
        try:
            town.send(100)
            seen.wait_for("document.querySelector('.state').innerText.includes('consumer has stopped')", "the banner")
            assert "100 ratings wait" in state(seen)
            assert seen.page.locator(".frame.stale").count() == 1
        finally:
            town.consumer.send_signal(signal.SIGCONT)
        seen.wait_for("document.querySelector('.state').innerText.includes('Up to date')", "all learned")


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_a_phone_shows_all_of_it(town: Town, browser: Browser, dark: bool) -> None:
    with visit(browser, town.url, width=390, height=844, dark=dark) as seen:
        assert seen.page.evaluate("document.documentElement.scrollWidth") == 390
        picture(seen, f"phone-{'dark' if dark else 'light'}")


def test_dark_follows_the_system_until_the_button_says_otherwise(town: Town, browser: Browser) -> None:
    with visit(browser, town.url, height=1010, dark=True) as seen:
        background = "getComputedStyle(document.body).backgroundColor"
        dark = seen.page.evaluate(background)
        picture(seen, "dark")
        seen.page.get_by_role("button", name="Dark or light").press("Enter")
        light = seen.page.evaluate(background)
        assert dark != light
        seen.page.reload()
        assert seen.page.evaluate(background) == light
        seen.page.emulate_media(color_scheme="light")
        assert seen.page.evaluate(background) == light


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_nothing_is_in_the_way_of_anybody(town: Town, browser: Browser, dark: bool) -> None:
    with visit(browser, town.url, dark=dark) as seen:
        found = seen.page.evaluate(ACCESSIBILITY)
        assert found == {"lang": "en-US", "title": f"streamsvd: {MODEL}", "mains": 1, "h1": 1, "complaints": []}
