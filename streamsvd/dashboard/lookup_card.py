"""The lookup card: a user's history and recommendations with reasons; items similar to one that is found by title."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TypeVar

from nicegui import run, ui

from streamsvd.dashboard import card_texts
from streamsvd.dashboard.elements import Text, box, button, card
from streamsvd.dashboard.lookups import ItemRow, Lookups, SimilarAnswer, UserAnswer
from streamsvd.errors import StoreUnavailable, StreamSVDError
from streamsvd.ratings import Id, typed_id

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
                    button("Latest user", "button", self._ask_last_user)
                self._form("Item", "words of its title", self._ask_items)
            self._status = Text("p", "Nothing has been looked up yet.", "note")
            self._status.props["role"] = "status"
            with box("div", "columns"):
                self._history, self._recommended, self._similar = box("div"), box("div"), box("div")

    def _form(self, label: str, hint: str, ask: Callable[[str], Awaitable[None]]) -> ui.element:
        """A field with its button; returns the place next to the button."""
        name = f"look-up-{label.lower()}"
        with box("form", "form").on("submit", lambda event: ask(event.args), js_handler=_SUBMITTED):
            with box("div", "field"):
                Text("label", label).props["for"] = name
                box("input", id=name, name="what", placeholder=hint, autocomplete="off", spellcheck="false")
            Text("button", "Look up", "button main").props["type"] = "submit"
            return box("div", "more")

    async def _ask_user(self, typed: str) -> None:
        if typed:
            await self._look_up_user(typed_id(typed))

    async def _ask_last_user(self) -> None:
        user = await self._answered("the latest user", self._lookups.last_user)
        if user is not None:
            await self._look_up_user(user)

    async def _look_up_user(self, user: Id) -> None:
        found = await self._answered(f"user {user}", lambda: self._lookups.user(user))
        if found is not None:
            self._show_user(found)

    async def _ask_items(self, typed: str) -> None:
        if not typed:
            return
        items = await self._answered(f"items with “{typed}” in the title", lambda: self._lookups.find(typed))
        if items is None:
            return
        self._similar.clear()
        with self._similar:
            self._table(f"Items with “{typed}” in the title", "", items)
        self._status.set(f"{len(items)} items found; choose one." if items else f"No item has “{typed}” in its title.")

    async def _ask_similar(self, item: Id) -> None:
        found = await self._answered(f"items like {item}", lambda: self._lookups.item(item))
        if found is not None:
            self._show_item(found)

    async def _answered(self, what: str, ask: Callable[[], T]) -> T | None:
        """The store's answer; None after an error, which is shown."""
        self._status.set(f"Looking up {what} …")
        try:
            return await run.io_bound(ask)
        except StoreUnavailable:
            self._status.set("Redis does not answer; try again later.")
        except StreamSVDError as error:
            self._status.set(str(error))
        return None

    def _show_user(self, found: UserAnswer) -> None:
        self._history.clear()
        self._recommended.clear()
        with self._history:
            if found.history is not None:
                self._table(f"Newest ratings of user {found.user}", "above expected", found.history)
        with self._recommended:
            self._table(f"Recommended to user {found.user}", "predicted", found.recommended)
        self._status.set(f"{found.headline} {found.source}")

    def _show_item(self, found: SimilarAnswer) -> None:
        self._similar.clear()
        with self._similar:
            self._table(f"Liked together with {found.title}", "similarity", found.similar)
        self._status.set(f"Items like {found.title}. {found.source}")

    def _table(self, caption: str, figure: str, rows: list[ItemRow]) -> None:
        """A table of items; the title of each is a button that looks up similar ones."""
        with box("div", "scroll"), box("table"):
            Text("caption", caption)
            with box("thead"), box("tr"):
                Text("th", "item").props["scope"] = "col"
                if figure:
                    Text("th", figure, "number").props["scope"] = "col"
            with box("tbody"):
                for row in rows:
                    with box("tr"):
                        self._item(row)
                        if figure:
                            Text("td", row.figure, "number")

    def _item(self, row: ItemRow) -> None:
        with box("td"):
            button(row.title, "link", lambda: self._ask_similar(row.item)).props["title"] = "Items like this one"
            if row.about:
                Text("div", row.about, "why-line")
