"""The demonstration video of the dashboard: docs/dashboard.mp4, recorded from the real system.

Kafka and Redis are started, a history is replayed, a consumer learns it with shadow models, and a real Chromium
shows the dashboard while this script looks around. Frames come from Chromium's own screencast, ffmpeg puts them
together. Needs `chromium` and `ffmpeg` (Debian's packages of these names) and the extra `dev`.
"""

from __future__ import annotations

import argparse
import base64
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from playwright.sync_api import Page, sync_playwright

import streamsvd.embedded.redis as own_redis
from model_store import connect, request_promotion
from streamsvd.embedded import embedded_redis, provide_kafka
from streamsvd.embedded.folder import free_ports
from streamsvd.log import Topics, log_client

TARGET = Path(__file__).parent.parent / "docs" / "dashboard.mp4"
MODEL = "films"
TOPIC = "ratings"
WIDTH, HEIGHT = 1280, 900
RATE = 1200
SHADOWS = ("--shadow", "means=damped-means", "--shadow", "one-pass=gamma=inf", "--shadow", "wide=rank=16")
PATIENCE_SECONDS = 600.0
BAD = (b'{"v":1,"user":196,"item":242,"rating":9.0,"ts":881250949}', b'{"v":1,"user":"ann","rating":4,"ts":881250950}')
FIGURES = "(document.querySelector('[data-card=model-size] .big')?.textContent ?? '–') !== '–'"

_CAPTION = """(text) => {
  let place = document.getElementById("caption");
  if (!place) {
    place = document.createElement("div");
    place.id = "caption";
    place.style.cssText = `position: fixed; left: 0; right: 0; bottom: 16px; margin: 0 auto; z-index: 99;
      width: fit-content; max-width: 1000px; padding: 12px 22px; border-radius: 12px; background: rgb(12 16 22 / 0.92);
      color: #fff; font: 500 21px/1.35 Roboto, sans-serif; box-shadow: 0 8px 30px rgb(0 0 0 / 0.35); text-align: center;
      pointer-events: none; white-space: pre-line;`;
    document.body.append(place);
  }
  place.textContent = text;
  place.style.display = text ? "block" : "none";
}"""
_GO_TO = """(name) => document.querySelector(`[data-card=${name}]`)
  .scrollIntoView({ behavior: "smooth", block: name === "error-now" ? "end" : "center" })"""


class Recording:
    """Frames of a page on disk, with the moments at which they came."""

    def __init__(self, page: Page, folder: Path) -> None:
        self._page = page
        self._folder = folder
        self._moments: list[float] = []
        self._session = page.context.new_cdp_session(page)
        self._session.on("Page.screencastFrame", self._keep)

    def start(self) -> None:
        size = {"maxWidth": WIDTH, "maxHeight": HEIGHT}
        self._session.send("Page.startScreencast", {"format": "jpeg", "quality": 92, "everyNthFrame": 1, **size})

    def stop(self) -> float:
        """Length of the recording in seconds."""
        self._session.send("Page.stopScreencast")
        return self._moments[-1] - self._moments[0]

    def _keep(self, frame: dict[str, Any]) -> None:
        (self._folder / f"{len(self._moments):06}.jpg").write_bytes(base64.b64decode(frame["data"]))
        self._moments.append(frame["metadata"]["timestamp"])
        self._session.send("Page.screencastFrameAck", {"sessionId": frame["sessionId"]})

    def develop(self, target: Path) -> None:
        """Put the frames together: every one is shown until the next one came."""
        lines = ["ffconcat version 1.0"]
        ends = [*self._moments[1:], self._moments[-1] + 2.0]
        for number, (begin, end) in enumerate(zip(self._moments, ends, strict=True)):
            lines += [f"file {number:06}.jpg", f"duration {max(end - begin, 0.001):.4f}"]
        script = self._folder / "frames.txt"
        script.write_text("\n".join(lines) + "\n")
        encode = ["-c:v", "libx264", "-preset", "slow", "-crf", "25", "-pix_fmt", "yuv420p", "-movflags", "+faststart"]
        command = ["ffmpeg", "-y", "-loglevel", "error", "-f", "concat", "-safe", "0", "-i", str(script)]
        subprocess.run([*command, "-vf", "fps=15", *encode, str(target)], check=True)


class Tour:
    """What is shown, step by step."""

    def __init__(self, page: Page) -> None:
        self._page = page

    def say(self, text: str, seconds: float = 0.0) -> None:
        """Show a caption, and give the reader time."""
        self._page.evaluate(_CAPTION, text)
        self.rest(seconds)

    def rest(self, seconds: float) -> None:
        self._page.wait_for_timeout(1000 * seconds)

    def go_to(self, card: str) -> None:
        self._page.evaluate(_GO_TO, card)
        self.rest(0.9)

    def choose(self, value: str) -> None:
        """Choose with the keyboard, so that the focus shows where."""
        chosen = self._page.locator(f"input[type=radio][value='{value}']")
        chosen.focus()
        self.rest(0.3)
        self._page.keyboard.press("Space")

    def type_into(self, field: str, text: str) -> None:
        self._page.locator(f"#look-up-{field}").focus()
        self._page.keyboard.type(text, delay=90)
        self.rest(0.4)
        self._page.keyboard.press("Enter")

    def wait_for(self, text: str, place: str) -> None:
        condition = f"document.querySelector({place!r}).innerText.includes({text!r})"
        self._page.wait_for_function(condition, timeout=1000 * PATIENCE_SECONDS)


def tour(page: Page, world: World) -> None:
    """The recording."""
    show = Tour(page)
    show.say("streamsvd learns each rating as it arrives: Kafka in, Redis out.\nThis is its dashboard, in a replay.", 4)
    show.say(
        "Each rating is predicted, scored, and only then learned:\nthis is the error on ratings not seen before.", 5
    )
    show.choose("last 10,000")
    show.say("Any window: the last 10,000 ratings show the present, not the past.", 3)
    show.choose("event time")
    show.say("Along event time: seven months of ratings pass in a minute.", 3)
    show.choose("events")
    show.choose("all ratings")
    show.go_to("side-by-side")
    show.say("Shadow models learn the same ratings beside the served one.\nA verdict holds however often one looks.", 5)
    show.go_to("lookup")
    show.say("What would an application get? Look up a user.", 0.5)
    show.type_into("user", world.user)
    show.wait_for("Recommended to user", "[data-card=lookup]")
    show.go_to("lookup")
    show.say("The newest ratings, the best films not yet seen, and the ratings that speak for them.", 5)
    show.type_into("item", "toy story")
    show.wait_for("Items with", "[data-card=lookup]")
    show.rest(0.8)
    page.locator("[data-card=lookup] .columns > :nth-child(3) button.link").first.press("Enter")
    show.wait_for("Liked together with", "[data-card=lookup]")
    show.say("Films that the same people like.", 3)
    world.spoil()
    show.say("A sender makes mistakes …")
    show.go_to("dead-letters")
    show.wait_for("Record 1", "[data-card=dead-letters]")
    show.say("Bad records are put aside, untouched, with the reason; learning goes on.", 4)
    show.go_to("error-now")
    show.say("Now Redis is stopped.", 0.5)
    with world.redis_stopped():
        show.wait_for("Redis does not answer", ".state")
        show.say("The page says so, greys out what is old, and tries again by itself.", 4)
        show.say("Redis is started again.", 0.5)
    page.wait_for_function("!document.querySelector('.frame.stale')", timeout=1000 * PATIENCE_SECONDS)
    show.say("The consumer has waited, the page goes on. Not one rating is lost.", 4)
    world.promote("wide")
    show.go_to("side-by-side")
    show.say("A shadow can be served from the next checkpoint on:\nstreamsvd promote wide")
    show.wait_for("wide (served)", "[data-card=side-by-side]")
    show.rest(3)
    show.go_to("error-now")
    page.get_by_role("button", name="Dark or light").press("Enter")
    show.say("Dark or light, by keyboard, on a phone, offline:\nstreamsvd dashboard", 4)


class World:
    """Kafka, Redis, a replay and a consumer."""

    def __init__(self, stack: ExitStack, folder: Path) -> None:
        self.user = "259"  # who gave the first rating of ml-100k
        self.kafka = stack.enter_context(provide_kafka())
        port = free_ports(1)
        own_redis.free_ports = lambda _: port  # it stops and starts again at one address
        self._folder = folder
        self._redis = ExitStack()
        stack.callback(self._redis.close)
        self.redis = self._start_redis()
        self._where = ["--kafka", self.kafka, "--topic", TOPIC]
        model = ["--redis", self.redis, "--model", MODEL]
        learn = ["--checkpoint-seconds", "1", "--quiet", *SHADOWS]
        stack.enter_context(command("consume", *self._where, *model, *learn, stdout=subprocess.DEVNULL))
        page = stack.enter_context(command("dashboard", "--port", "0", *self._where, *model, stdout=subprocess.PIPE))
        assert page.stdout is not None
        self.url = page.stdout.readline().strip()

    def replay(self, stack: ExitStack, data: str) -> None:
        """Begin to send ratings."""
        stack.enter_context(command("replay", data, "--rate", str(RATE), "--quiet", *self._where))

    def spoil(self) -> None:
        """Put records on the log that are no ratings."""
        delivery = log_client(self.kafka).delivery()
        for value in BAD:
            delivery.send(Topics(TOPIC).ratings, 0, b"someone", value, 1_250_000_000_000, "a record")
        delivery.close()

    def promote(self, shadow: str) -> None:
        """Have a shadow served."""
        with connect(self.redis) as client:
            request_promotion(client, MODEL, shadow)

    @contextmanager
    def redis_stopped(self) -> Iterator[None]:
        self._redis.close()
        yield
        self._start_redis()

    def _start_redis(self) -> str:
        return self._redis.enter_context(embedded_redis(self._folder)).address


@contextmanager
def command(*arguments: str, **options: Any) -> Iterator[subprocess.Popen[str]]:
    """A `streamsvd` command that runs while the body does."""
    process = subprocess.Popen([sys.executable, "-m", "streamsvd", *arguments], text=True, **options)
    try:
        yield process
    finally:
        process.terminate()
        process.wait()


def main() -> None:
    """Record it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", nargs="?", default="ml-100k", help="what is replayed")
    parser.add_argument("--out", type=Path, default=TARGET)
    parser.add_argument("--frames", type=Path, help="keep the frames in this folder")
    options = parser.parse_args()
    chromium = shutil.which("chromium") or sys.exit("no chromium on the PATH: apt-get install chromium")
    with ExitStack() as stack:
        frames = options.frames or Path(stack.enter_context(tempfile.TemporaryDirectory()))
        frames.mkdir(parents=True, exist_ok=True)
        world = World(stack, Path(stack.enter_context(tempfile.TemporaryDirectory())))
        playwright = stack.enter_context(sync_playwright())
        arguments = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking"]
        browser = playwright.chromium.launch(executable_path=chromium, args=arguments)
        page = browser.new_page(viewport={"width": WIDTH, "height": HEIGHT}, color_scheme="light")
        page.goto(world.url)
        world.replay(stack, options.data)
        page.wait_for_function(FIGURES, timeout=1000 * PATIENCE_SECONDS)
        recording = Recording(page, frames)
        recording.start()
        tour(page, world)
        seconds = recording.stop()
        browser.close()
        recording.develop(options.out)
    print(f"{options.out}: {seconds:.0f} s, {options.out.stat().st_size / 1e6:.1f} MB")


if __name__ == "__main__":
    main()
