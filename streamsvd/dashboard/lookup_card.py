"""The lookup box: a user's history and recommendations with reasons; films like a film, found by title."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TypeVar

from nicegui import run, ui

from streamsvd.dashboard import card_texts
from streamsvd.dashboard.elements import Text, box, card
from streamsvd.dashboard.lookups import Lookups, OfItem, OfUser, Row
from streamsvd.errors import StoreUnavailable, StreamSVDError
from streamsvd.ratings import Id
from streamsvd.ratings.id_text import parse_id

T = TypeVar("T")

_SUBMITTED = "(event) => { event.preventDefault(); emit(new FormData(event.target).get('what').trim()); }"


class LookupCard:
    """Two fields, and the answers below them.

    Parameters
    ----------
    lookups : Lookups
    """

    def __init__(self, lookups: Lookups) -> None:
        self._lookups = lookups
        with card(card_texts.LOOKUP, "w12", always=True):
            with box("div", "fields", id="lookup"):
                with self._form("User", "an id, such as 196", self._ask_user):
                    last = Text("button", "Who rated last", "button")
                    last.props["type"] = "button"
                    last.on("click", self._ask_last_user, args=[])
                with self._form("Film", "words of its title", self._ask_films):
                    pass
            self._said = Text("p", "Nothing has been looked up yet.", "note")
            self._said.props["role"] = "status"
            with box("div", "columns"):
                self._history, self._recommended, self._similar = box("div"), box("div"), box("div")

    def _form(self, label: str, hint: str, ask: Callable[[str], Awaitable[None]]) -> ui.element:
        """A field with its button; lends the place beside the button."""
        name = f"look-up-{label.lower()}"
        with box("form", "form").on("submit", lambda event: ask(event.args), js_handler=_SUBMITTED):
            with box("div", "field"):
                Text("label", label).props["for"] = name
                box("input", id=name, name="what", placeholder=hint, autocomplete="off", spellcheck="false")
            Text("button", "Look up", "button main").props["type"] = "submit"
            return box("div", "more")

    async def _ask_user(self, typed: str) -> None:
        if typed:
            await self._look_up_user(parse_id(typed))

    async def _ask_last_user(self) -> None:
        user = await self._answered("the user who rated last", self._lookups.last_user)
        if user is not None:
            await self._look_up_user(user)

    async def _look_up_user(self, user: Id) -> None:
        found = await self._answered(f"user {user}", lambda: self._lookups.user(user))
        if found is not None:
            self._show_user(found)

    async def _ask_films(self, typed: str) -> None:
        if not typed:
            return
        films = await self._answered(f"films called “{typed}”", lambda: self._lookups.films(typed))
        if films is None:
            return
        self._similar.clear()
        with self._similar:
            self._films(f"Films called “{typed}”", "", films)
        self._said.set(f"{len(films)} films found; choose one." if films else f"No film has “{typed}” in its title.")

    async def _ask_similar(self, item: Id) -> None:
        found = await self._answered(f"films like {item}", lambda: self._lookups.item(item))
        if found is not None:
            self._show_item(found)

    async def _answered(self, what: str, ask: Callable[[], T]) -> T | None:
        """What the store answers; None when it does not, which is said."""
        self._said.set(f"Looking up {what} …")
        try:
            return await run.io_bound(ask)
        except StoreUnavailable:
            self._said.set("Redis does not answer; look up again when it does.")
        except StreamSVDError as error:
            self._said.set(str(error))
        return None

    def _show_user(self, found: OfUser) -> None:
        self._history.clear()
        self._recommended.clear()
        with self._history:
            if found.history is not None:
                self._films(f"Newest ratings of user {found.user}", "above expected", found.history)
        with self._recommended:
            self._films(f"Recommended to user {found.user}", "predicted", found.recommended)
        self._said.set(f"{found.headline} {found.source}")

    def _show_item(self, found: OfItem) -> None:
        self._similar.clear()
        with self._similar:
            self._films(f"Liked together with {found.title}", "similarity", found.similar)
        self._said.set(f"Films like {found.title}. {found.source}")

    def _films(self, caption: str, figure: str, rows: list[Row]) -> None:
        """A table of films; the title of each is a button that looks up films like it."""
        with box("div", "scroll"), box("table"):
            Text("caption", caption)
            with box("thead"), box("tr"):
                Text("th", "film").props["scope"] = "col"
                if figure:
                    Text("th", figure, "number").props["scope"] = "col"
            with box("tbody"):
                for row in rows:
                    with box("tr"):
                        self._film(row)
                        if figure:
                            Text("td", row.figure, "number")

    def _film(self, row: Row) -> None:
        with box("td"):
            button = Text("button", row.title, "link")
            button.props.update({"type": "button", "title": "Films like this one"})
            button.on("click", lambda: self._ask_similar(row.item), args=[])
            if row.about:
                Text("div", row.about, "why-line")
