"""What the page is put together from: plain HTML elements, cards with their explanation, choices, tables.

Native elements throughout: a `fieldset` of radio buttons, a `button`, a `popover`. The browser brings the keyboard,
the focus and the names that a screen reader tells.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Generic, TypeVar

from nicegui import ui
from nicegui.elements.mixins.text_element import TextElement

from streamsvd.dashboard.card_texts import Wording

T = TypeVar("T", bound=str)


class Text(TextElement):
    """Text inside an HTML element of any kind; `set` changes it, and only what changed is sent."""

    def __init__(self, tag: str, text: str = "", classes: str = "") -> None:
        super().__init__(tag=tag, text=text)
        self.classes(classes)

    def set(self, text: str) -> None:
        """Show this."""
        if text != self.text:
            self.text = text


def box(tag: str, classes: str = "", **attributes: str) -> ui.element:
    """An HTML element to put others into; an underscore in an attribute's name stands for a hyphen."""
    element = ui.element(tag).classes(classes)
    for name, value in attributes.items():
        element.props[name.replace("_", "-")] = value
    return element


@contextmanager
def card(words: Wording, width: str, *, always: bool = False) -> Iterator[None]:
    """A card with its title, its unit, what it means, and a button that explains it at length.

    Parameters
    ----------
    words : Wording
    width : str
        Class of its width: `w3` to `w12` of twelve columns.
    always : bool
        Never greyed out: it does not show figures of the store.
    """
    name = f"about-{words.key}"
    with box("section", f"card {width} {'always' if always else ''}", aria_labelledby=name, data_card=words.key):
        with box("div", "top"):
            title = Text("h2", words.title)
            title.props["id"] = name
            Text("span", words.unit, "unit")
            explanation(words)
        Text("p", words.meaning, "meaning")
        with box("div", "body"):
            yield


def explanation(words: Wording) -> None:
    """The button with a question mark, and what it opens; Escape or a click beside it closes it again."""
    name = f"help-{words.key}"
    button = Text("button", "?", "help")
    button.props.update({"type": "button", "popovertarget": name, "aria-label": f"What does “{words.title}” mean?"})
    with box("div", "words", id=name, popover="auto", role="dialog", aria_label=words.title):
        Text("h3", words.title)
        for paragraph in words.help:
            Text("p", paragraph)


class Choice(Generic[T]):
    """One of several, as radio buttons in a row."""

    def __init__(self, title: str, options: Sequence[T], chosen: T, changed: Callable[[], None]) -> None:
        self.value = chosen
        self._name = title.lower().replace(" ", "-")
        self._options: tuple[T, ...] = ()
        self._changed = changed
        with box("fieldset", "choice"):
            Text("legend", title)
            self._place = box("div", "options")
        self.offer(options)

    def offer(self, options: Sequence[T]) -> None:
        """Offer these from now on; the present choice stays if it is one of them."""
        if tuple(options) == self._options or not options:
            return
        self._options = tuple(options)
        if self.value not in options:
            self.value = options[0]
        self._place.clear()
        with self._place:
            for option in options:
                self._button(option)

    def _button(self, option: T) -> None:
        with box("label"):
            button = box("input", type="radio", name=self._name, value=option)
            if option == self.value:
                button.props["checked"] = True
            Text("span", option)

        def choose() -> None:
            self.value = option
            self._changed()

        button.on("change", choose, args=[])


class Facts:
    """Names with values beside them, in a card."""

    def __init__(self, names: Sequence[str]) -> None:
        self._values: dict[str, Text] = {}
        with box("dl", "facts"):
            for name in names:
                Text("dt", name)
                self._values[name] = Text("dd", "–")

    def set(self, name: str, value: str) -> None:
        """Show this value beside that name."""
        self._values[name].set(value)


class Table:
    """A table whose rows are drawn again when they differ.

    Parameters
    ----------
    columns : sequence of (str, bool)
        Headings, and whether the column holds numbers.
    caption : str
    """

    def __init__(self, columns: Sequence[tuple[str, bool]], caption: str, *, caption_seen: bool = True) -> None:
        self._columns = columns
        self._rows: list[list[str]] | None = None
        self.place = box("div", "scroll")
        with self.place, box("table"):
            Text("caption", caption, "" if caption_seen else "unseen")
            with box("thead"), box("tr"):
                for name, number in columns:
                    Text("th", name, "number" if number else "").props["scope"] = "col"
            self.body = box("tbody")

    def show(self, rows: list[list[str]]) -> None:
        """Show these rows; the first cell of each names it."""
        if rows == self._rows:
            return
        self._rows = rows
        self.body.clear()
        with self.body:
            for row in rows:
                with box("tr"):
                    for place, (text, (_, number)) in enumerate(zip(row, self._columns, strict=True)):
                        cell = Text("td" if place else "th", text, "number" if number else "")
                        if not place:
                            cell.props["scope"] = "row"


class Legend:
    """What the lines of a chart stand for."""

    def __init__(self) -> None:
        self._place = box("ul", "legend")
        self._shown: list[tuple[str, str, bool]] = []

    def show(self, lines: list[tuple[str, str, bool]]) -> None:
        """Show these: name, colour, and whether the line is dashed."""
        if lines == self._shown:
            return
        self._shown = lines
        self._place.clear()
        with self._place:
            for name, colour, dashed in lines:
                with box("li"):
                    box("span", "swatch dashed" if dashed else "swatch").style(f"color: var({colour})")
                    Text("span", name)


class Chart:
    """A chart that is sent only when it differs."""

    def __init__(self, label: str, classes: str = "chart") -> None:
        self._element = ui.echart({}, renderer="svg").classes(classes)
        self._element.props.update({"role": "img", "aria-label": label})
        self._drawn: object = None

    def draw(self, options: dict[str, object]) -> None:
        """Show this."""
        if options == self._drawn:
            return
        self._drawn = options
        self._element.options.clear()
        self._element.options.update(options)
        self._element.update()
