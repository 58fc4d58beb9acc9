"""A real Chromium that looks at a real dashboard, and notes everything that a visitor would be troubled by."""

from __future__ import annotations

import re
import shutil
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from model_runs import command
from playwright.sync_api import Browser, Page, sync_playwright

PATIENCE_MS = 60_000
"""For anything to appear; only what never comes takes that long."""
HERE = "127.0.0.1"

ACCESSIBILITY = (Path(__file__).parent / "accessibility.js").read_text()

_ARGUMENTS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@contextmanager
def chromium() -> Iterator[Browser]:
    """The machine's own Chromium, with a new and empty profile."""
    program = shutil.which("chromium")
    assert program is not None, "no chromium on the PATH: apt-get install chromium"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=_ARGUMENTS)
        try:
            yield browser
        finally:
            browser.close()


class Visit:
    """One visitor's page.

    Attributes
    ----------
    page : Page
    troubles : list of str
        Messages of the console, errors of scripts, and requests that left this host.
    """

    def __init__(self, page: Page) -> None:
        self.page = page
        self.troubles: list[str] = []
        page.on("console", self._heard)
        page.on("pageerror", lambda error: self.troubles.append(f"script: {error}"))
        page.on("request", lambda request: self._asked(request.url))
        page.on("websocket", lambda socket: self._asked(socket.url))
        page.set_default_timeout(PATIENCE_MS)

    def _heard(self, message: Any) -> None:
        if message.type in ("error", "warning"):
            self.troubles.append(f"console: {message.text}")

    def _asked(self, url: str) -> None:
        if urlsplit(url).scheme in ("http", "https", "ws", "wss") and urlsplit(url).hostname != HERE:
            self.troubles.append(f"asked {url}")

    def card(self, key: str) -> Any:
        """The card of this name."""
        return self.page.locator(f"[data-card={key}]")

    def wait_for(self, condition: str, what: str) -> None:
        """Wait until a JavaScript expression holds."""
        try:
            self.page.wait_for_function(condition, timeout=PATIENCE_MS)
        except Exception as error:
            error.add_note(f"waited for {what}; the page said: {self.page.inner_text('body')[:3000]}")
            raise


@contextmanager
def visit(browser: Browser, url: str, *, width: int = 1360, height: int = 900, dark: bool = False) -> Iterator[Visit]:
    """Open a page and wait until it shows figures; at the end, nothing may have troubled the visitor."""
    context = browser.new_context(
        viewport={"width": width, "height": height},
        color_scheme="dark" if dark else "light",
        reduced_motion="reduce",
    )
    try:
        found = Visit(context.new_page())
        found.page.goto(url)
        found.wait_for("(document.querySelector('[data-card=model-size] .big')?.textContent ?? '–') !== '–'", "figures")
        yield found
        assert found.troubles == []
    finally:
        context.close()


@contextmanager
def dashboard(*arguments: str) -> Iterator[str]:
    """A `streamsvd dashboard` on a free port; its URL."""
    with command("dashboard", "--port", "0", *arguments) as process:
        assert process.stdout is not None
        url = process.stdout.readline().strip()
        if not re.fullmatch(r"http://127\.0\.0\.1:\d+/", url):
            pytest.fail(f"the dashboard said {url!r}")
        yield url
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=60)
