"""The lookup box: a user's history and recommendations with reasons; films like a film, found by title."""

from __future__ import annotations

from collections.abc import Callable

from nicegui import run

from streamsvd.app.commands.recommend import parse_id
from streamsvd.app.dashboard import wording
from streamsvd.app.dashboard.lookups import Lookups, OfUser, Row
from streamsvd.app.dashboard.parts import Text, box, card
from streamsvd.errors import StoreUnavailable, StreamSVDError

_SUBMITTED = "(event) => { event.preventDefault(); emit(new FormData(event.target).get('what').trim()); }"


class LookupCard:
    """Two fields, and the answers below them.

    Parameters
    ----------
    lookups : Lookups
    """

    def __init__(self, lookups: Lookups) -> None:
        self._lookups = lookups
        with card(wording.LOOKUP, "w12", always=True):
            with box("div", "controls", id="lookup"):
                self._form("User", "an id, such as 196", self._ask_user)
            self._said = Text("p", "Nothing has been looked up yet.", "note")
            self._said.props["role"] = "status"
            self._answers = box("div", "columns")

    def _form(self, label: str, hint: str, ask: Callable[[str], object]) -> None:
        name = f"look-up-{label.lower()}"
        with box("form", "controls").on("submit", lambda event: ask(event.args), js_handler=_SUBMITTED):
            with box("div", "field"):
                Text("label", label).props["for"] = name
                box("input", id=name, name="what", placeholder=hint, autocomplete="off", spellcheck="false")
            Text("button", "Look up", "button main").props["type"] = "submit"

    async def _ask_user(self, typed: str) -> None:
        if not typed:
            return
        self._said.set(f"Looking up user {typed} …")
        try:
            found = await run.io_bound(self._lookups.user, parse_id(typed))
        except StoreUnavailable:
            self._said.set("Redis does not answer; try again when it does.")
        except StreamSVDError as error:
            self._said.set(str(error))
        else:
            if found is not None:  # None while the server stops
                self._show_user(found)

    def _show_user(self, found: OfUser) -> None:
        self._answers.clear()
        with self._answers:
            _films(f"Recommended to user {found.headline}", "predicted", found.recommended)
        self._said.set(f"{found.headline}. {found.source}")


def _films(title: str, figure: str, rows: list[Row]) -> None:
    with box("div", "scroll"), box("table"):
        Text("caption", title)
        with box("thead"), box("tr"):
            Text("th", "film").props["scope"] = "col"
            Text("th", figure, "number").props["scope"] = "col"
        with box("tbody"):
            for row in rows:
                with box("tr"):
                    with box("td"):
                        Text("div", row.title)
                        if row.about:
                            Text("div", row.about, "why-line")
                    Text("td", row.figure, "number")
