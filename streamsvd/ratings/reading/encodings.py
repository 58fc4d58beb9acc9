"""Text as UTF-8, whatever Unicode encoding its byte order mark names."""

from __future__ import annotations

import codecs
import io
from typing import Any

_MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32"),  # before UTF-16, whose mark is its beginning
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_CHARACTERS = 1 << 16


def in_utf8(stream: io.BufferedReader) -> io.BufferedReader:
    """The stream itself, or its text in UTF-8 where it begins with the mark of UTF-16 or UTF-32.

    Reading raises `UnicodeDecodeError` where the text is not what its mark says.
    """
    head = stream.peek(4)
    encoding = next((name for mark, name in _MARKS if head.startswith(mark)), None)
    return stream if encoding is None else io.BufferedReader(_Transcoded(stream, encoding))


class _Transcoded(io.RawIOBase):
    """Text of another encoding, as bytes of UTF-8."""

    def __init__(self, stream: io.BufferedReader, encoding: str) -> None:
        self._text = io.TextIOWrapper(stream, encoding, newline="")
        self._left = b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        data = self._left or self._text.read(_CHARACTERS).encode()
        count = min(len(data), len(buffer))
        buffer[:count], self._left = data[:count], data[count:]
        return count

    def close(self) -> None:
        self._text.close()
        super().close()
