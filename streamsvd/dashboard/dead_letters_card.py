"""Dead letters: number, reasons, and the newest records one at a time."""

from __future__ import annotations

from collections import Counter

from streamsvd.dashboard import card_texts
from streamsvd.dashboard.board import Board
from streamsvd.dashboard.elements import DataTable, DescriptionList, Text, box, button, card
from streamsvd.dashboard.formats import count, moment, shortened
from streamsvd.log import DeadLetter

_REASONS_SHOWN = 5
_LONGEST_REASON = 110
_LONGEST_VALUE = 2000


class DeadLettersCard:
    """Reasons with counts, and the newest records, one at a time."""

    def __init__(self) -> None:
        self._letters: list[DeadLetter] = []
        self._number: int | None = None  # of the letter shown; None follows the newest
        with card(card_texts.DEAD_LETTERS, "w12"), box("div", "halves"):
            with box("div", "half"):
                self._count = Text("div", "–", "big")
                self._none = Text("p", "None: every record so far was a valid rating.", "empty")
                self._reasons = DataTable([("reason", False), ("records", True)], "Reasons")
                self._note = Text("p", "", "note")
            with box("div", "half") as self._letter:
                with box("div", "controls"):
                    self._which = Text("span", "", "note")
                    button("Older", "button small", lambda: self._move(1))
                    button("Newer", "button small", lambda: self._move(-1))
                self._about = DescriptionList(["where", "event time", "key", "value"])
                self._why = Text("p", "", "error")
                self._value = Text("pre", "", "record")
                self._value.props.update({"tabindex": "0", "aria-label": "The record's value"})

    def show(self, board: Board) -> None:
        """Show the newest figures."""
        by_reason = {} if board.stored is None else dict(board.stored.now.operation.dead_letters)
        self._letters = [] if board.logged is None else list(board.logged.letters)
        if not by_reason:
            by_reason = dict(Counter(letter.reason for letter in self._letters))
        total = max(sum(by_reason.values()), 0 if board.logged is None else board.logged.letters_kept)
        self._count.set(count(total))
        self._none.set_visibility(not total)
        self._reasons.place.set_visibility(bool(total))
        ordered = sorted(by_reason.items(), key=lambda pair: (-pair[1], pair[0]))
        rows = [[shortened(reason, _LONGEST_REASON), count(n)] for reason, n in ordered[:_REASONS_SHOWN]]
        if rest := sum(n for _, n in ordered[_REASONS_SHOWN:]):
            rows.append(["other reasons", count(rest)])
        self._reasons.show(rows)
        self._note.set(_not_shown(board) if total and not self._letters else "")
        self._show_letter()

    def _place(self) -> int:
        numbers = [letter.number for letter in self._letters]
        return numbers.index(self._number) if self._number in numbers else 0

    def _move(self, step: int) -> None:
        place = min(max(self._place() + step, 0), len(self._letters) - 1)
        self._number = self._letters[place].number if place else None
        self._show_letter()

    def _show_letter(self) -> None:
        self._letter.set_visibility(bool(self._letters))
        if not self._letters:
            return
        place = self._place()
        letter = self._letters[place]
        self._which.set(f"Record {place + 1} of the newest {len(self._letters)}")
        self._about.set("where", f"{letter.topic}, partition {letter.partition}, offset {letter.offset}")
        self._about.set("event time", moment(letter.timestamp / 1000 if letter.timestamp >= 0 else None))
        self._about.set(
            "key", _readable(letter.key, 80) + (f" ({_size(letter, 'key')})" if "key" in letter.cut else "")
        )
        self._about.set("value", _size(letter, "value"))
        self._why.set(letter.reason)
        self._value.set(_readable(letter.value, _LONGEST_VALUE))


def _size(letter: DeadLetter, what: str) -> str:
    """Number of bytes of the record's `key` or `value`, and what the letter holds of them."""
    held = len((letter.key if what == "key" else letter.value) or b"")
    if what not in letter.cut:
        return f"{count(held)} bytes"
    length, digest = letter.cut[what]
    return f"{count(length)} bytes, of which the first {count(held)} are kept; SHA-256 {digest}"


def _readable(data: bytes | None, most: int) -> str:
    """Bytes as text; what is not printable is escaped."""
    if data is None:
        return "(none)"
    if not data:
        return "(empty)"
    text = shortened(data[: most + 1].decode("utf-8", errors="backslashreplace"), most)
    return "".join(one if one.isprintable() or one == "\n" else f"\\x{ord(one):02x}" for one in text)


def _not_shown(board: Board) -> str:
    if not board.has_kafka:
        return "The records are in Kafka; give its address: --kafka host:port."
    if board.log.error or board.logged is None:
        return f"The records cannot be shown: {board.log.error or 'Kafka has not answered yet.'}"
    return "The dead-letter topic of this Kafka holds none of them."
