"""The beginning of a ratings file, from which its format is found."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import islice

from streamsvd.errors import DatasetError
from streamsvd.ratings.reading.columns import Columns
from streamsvd.ratings.reading.files import DataFile
from streamsvd.ratings.reading.kinds import refuse_other_kinds
from streamsvd.ratings.reading.splitting import is_blank, is_quoting, split_records
from streamsvd.ratings.reading.unpacking import HEAD_BYTES

SAMPLE_BYTES = 1 << 18
SAMPLE_RECORDS = 200
PARQUET_MAGIC = b"PAR1"

_COMMENT = ("%", "#")
NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")
"""A number as files hold it, with a decimal point."""


@dataclass(frozen=True, slots=True)
class Sample:
    """The first lines of a file, without blank lines and comments before the first one that counts.

    Attributes
    ----------
    label : str
        The file's name in messages.
    columns : Columns or None
        What the caller says that the columns hold.
    head : bytes
        The file's first bytes.
    text : str
        Whole lines, the first of which is a header or a rating; bytes that are no UTF-8 are surrogates in it.
    line : int
        Number of its first line.
    start : int
        How many bytes stand before it.
    line_end : bytes
        What ends a line: LF (perhaps after a CR), or CR.
    comment : Sample or None
        The same from the last comment before that line on, without the comment's marks.
    """

    label: str
    columns: Columns | None
    head: bytes
    text: str = ""
    line: int = 1
    start: int = 0
    line_end: bytes = b"\n"
    comment: Sample | None = None

    @classmethod
    def of(cls, file: DataFile, columns: Columns | None) -> Sample:
        """Read the beginning of a file.

        Raises
        ------
        DatasetError
            When it is no file of ratings, whatever the format.
        """
        with file.open_text() as (stream, _, _):
            data = stream.read(SAMPLE_BYTES)
        head = data[:HEAD_BYTES]
        if not data:
            raise DatasetError(f"{file.label}: the file is empty; fetch it again")
        if head.startswith(PARQUET_MAGIC):
            return cls(file.label, columns, head)
        refuse_other_kinds(head, file.label)
        line_end = b"\r" if b"\r" in data and b"\n" not in data else b"\n"
        if len(data) == SAMPLE_BYTES:
            data = data[: data.rfind(line_end) + 1] or data
        text = data.decode(errors="surrogateescape")
        line, skipped, comment = _without_comments(text, line_end.decode())
        sample = cls(file.label, columns, head, text[skipped:], line, len(_bytes(text[:skipped])), line_end)
        if comment is not None:
            line, skipped = comment
            unmarked = text[skipped:].lstrip().lstrip("".join(_COMMENT))
            start = len(_bytes(text)) - len(_bytes(unmarked))
            sample = replace(sample, comment=replace(sample, text=unmarked, line=line, start=start))
        if not sample.text:
            only = "" if comment is None else " but comments (lines that begin with # or %; quote ids that do)"
            raise DatasetError(f"{file.label}: no ratings in this file{only}; give one that has some")
        try:
            sample.first_line.encode()
        except UnicodeEncodeError:
            raise DatasetError(
                f"{sample.where}: not text in UTF-8; save the file as csv in UTF-8 "
                "(iconv -f latin1 -t utf8, where it is Latin-1)"
            ) from None
        return sample

    @property
    def first_line(self) -> str:
        """The first line that counts, without its end."""
        return self.text.partition(self.line_end.decode())[0].rstrip("\r")

    @property
    def where(self) -> str:
        """The file and its first line, for messages."""
        return f"{self.label}, line {self.line}"

    def fields(self, delimiter: str) -> list[str]:
        """The fields of the first record, stripped of spaces."""
        return [field.strip() for field in next(self.records(delimiter))[1]]

    def after_first(self, delimiter: str) -> tuple[int, int]:
        """How many bytes stand before the line after the first record, and that line's number."""
        if not is_quoting(delimiter):
            first, end, _ = self.text.partition(self.line_end.decode())
            return self.start + len(_bytes(first + end)), self.line + 1
        stream = io.StringIO(self.text, newline="")
        reader = csv.reader(stream, delimiter=delimiter)
        next(reader)
        return self.start + len(_bytes(self.text[: stream.tell()])), self.line + reader.line_num

    def records(self, delimiter: str) -> Iterator[tuple[int, list[str]]]:
        """The first records, with the numbers of their lines."""
        found = ((self.line + number - 1, fields) for number, fields in split_records(self.text, delimiter))
        return islice(found, SAMPLE_RECORDS)

    def is_four_numbers(self, delimiter: str) -> bool:
        """Whether the first line is a rating, of a file of which the caller need say nothing."""
        fields = self.fields(delimiter)
        return self.columns is None and len(fields) == 4 and all(map(NUMBER.fullmatch, fields))


def _without_comments(text: str, line_end: str) -> tuple[int, int, tuple[int, int] | None]:
    """Number of the first line that is neither blank nor a comment, and the characters before it.

    The last comment before it is given in the same way, None where there is none.
    """
    at, number, comment = len(text) - len(text.removeprefix("\ufeff")), 1, None
    while at < len(text):
        end = text.find(line_end, at)
        line = text[at:] if end < 0 else text[at:end]
        if line.lstrip().startswith(_COMMENT):
            comment = number, at
        elif not is_blank(line):
            break
        at, number = (len(text) if end < 0 else end + 1), number + 1
    return number, at, comment


def _bytes(text: str) -> bytes:
    return text.encode(errors="surrogateescape")
