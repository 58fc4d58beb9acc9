"""Elements of the page: text, buttons, cards with an explanation, radio buttons, tables, charts.

All are native HTML elements: a `fieldset` of radio buttons, a `button`, a `popover`. The browser provides keyboard,
focus and the names for screen readers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Generic, TypeVar

from nicegui import ui
from nicegui.elements.mixins.text_element import TextElement

from streamsvd.dashboard.card_texts import CardText

T = TypeVar("T", bound=str)


class Text(TextElement):
    """Text inside an HTML element of any kind."""

    def __init__(self, tag: str, text: str = "", classes: str = "") -> None:
        super().__init__(tag=tag, text=text)
        self.classes(classes)

    def set(self, text: str) -> None:
        """Show this text; nothing is sent when it is the same."""
        if text != self.text:
            self.text = text


def box(tag: str, classes: str = "", **attributes: str) -> ui.element:
    """An HTML element that contains others; an underscore in an attribute's name stands for a hyphen."""
    element = ui.element(tag).classes(classes)
    for name, value in attributes.items():
        element.props[name.replace("_", "-")] = value
    return element


def button(text: str, classes: str, clicked: Callable[[], object] | None = None) -> Text:
    """A button; `clicked` is called without arguments, or awaited."""
    element = Text("button", text, classes)
    element.props["type"] = "button"
    if clicked is not None:
        element.on("click", clicked, args=[])
    return element


@contextmanager
def card(texts: CardText, width: str, *, always: bool = False) -> Iterator[None]:
    """A card with its title, unit, meaning, and a button that opens an explanation.

    Parameters
    ----------
    texts : CardText
    width : str
        Class of its width: `w3` to `w12` of twelve columns.
    always : bool
        Not greyed out while the figures of the store are old.
    """
    name = f"about-{texts.key}"
    with box("section", f"card {width} {'always' if always else ''}", aria_labelledby=name, data_card=texts.key):
        with box("div", "top"):
            title = Text("h2", texts.title)
            title.props["id"] = name
            Text("span", texts.unit, "unit")
            _explanation(texts)
        Text("p", texts.meaning, "meaning")
        with box("div", "body"):
            yield


def _explanation(texts: CardText) -> None:
    """The button with a question mark, and its popover, which Escape or a click outside it closes."""
    name = f"help-{texts.key}"
    opener = button("?", "help")
    opener.props.update({"popovertarget": name, "aria-label": f"What does “{texts.title}” mean?"})
    with box("div", "words", id=name, popover="auto", role="dialog", aria_label=texts.title):
        Text("h3", texts.title)
        for paragraph in texts.help:
            Text("p", paragraph)


class RadioGroup(Generic[T]):
    """A choice of one option, as radio buttons in a row."""

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
        """Offer these options; the present choice stays if it is one of them."""
        if tuple(options) == self._options or not options:
            return
        self._options = tuple(options)
        if self.value not in options:
            self.value = options[0]
        self._place.clear()
        with self._place:
            for option in options:
                self._add(option)

    def _add(self, option: T) -> None:
        with box("label"):
            radio = box("input", type="radio", name=self._name, value=option)
            if option == self.value:
                radio.props["checked"] = True
            Text("span", option)

        def choose() -> None:
            self.value = option
            self._changed()

        radio.on("change", choose, args=[])


class DescriptionList:
    """Names with their values."""

    def __init__(self, names: Sequence[str]) -> None:
        self._values: dict[str, Text] = {}
        with box("dl", "facts"):
            for name in names:
                Text("dt", name)
                self._values[name] = Text("dd", "–")

    def set(self, name: str, value: str) -> None:
        """Show this value for that name."""
        self._values[name].set(value)


class DataTable:
    """A table whose rows are redrawn when they change.

    Parameters
    ----------
    columns : sequence of (str, bool)
        Headings, and whether the column holds numbers.
    caption : str
        For screen readers: a card has a title of its own.
    """

    def __init__(self, columns: Sequence[tuple[str, bool]], caption: str) -> None:
        self._columns = columns
        self._rows: list[list[str]] | None = None
        self.place = box("div", "scroll")
        with self.place, box("table"):
            Text("caption", caption, "unseen")
            with box("thead"), box("tr"):
                for name, number in columns:
                    Text("th", name, "number" if number else "").props["scope"] = "col"
            self.body = box("tbody")

    def show(self, rows: list[list[str]]) -> None:
        """Show these rows; the first cell of each is its header."""
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
    """Names of the lines of a chart."""

    def __init__(self) -> None:
        self._place = box("ul", "legend")
        self._shown: list[tuple[str, str, bool]] = []

    def show(self, lines: list[tuple[str, str, bool]]) -> None:
        """Show these lines: name, colour, and whether it is dashed."""
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
    """A chart that is sent only when it changes."""

    def __init__(self, label: str, classes: str = "chart") -> None:
        self._element = ui.echart({}, renderer="svg").classes(classes)
        self._element.props.update({"role": "img", "aria-label": label})
        self._drawn: object = None

    def draw(self, options: dict[str, object]) -> None:
        """Show these ECharts options."""
        if options == self._drawn:
            return
        self._drawn = options
        self._element.options.clear()
        self._element.options.update(options)
        self._element.update()
