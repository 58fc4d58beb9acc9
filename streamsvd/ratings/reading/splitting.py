"""Lines of text between delimiters: where a record ends, and what its fields are."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Iterator

DELIMITERS = (",", "\t", ";", "|", "::", " ")
"""What may stand between fields; a space stands for any run of spaces and tabs."""

BLOCK_BYTES = 1 << 21
"""Bytes that are read at once."""

RECORD_BYTES = 1 << 23
"""Longest record; a longer one is a file that is no table, or a quote that is never closed."""

csv.field_size_limit(RECORD_BYTES)  # Python's own limit is 128 KiB; a review in one field may be longer

_BLANK = re.compile(r"""[\s,;:|"]*""")
_QUOTED = rb'"[^"]*+(?:""[^"]*+)*+"'
_SPACES = re.compile(rb"[ \t]+")
_SPACES_AROUND = re.compile(rb"(?m)^[ \t]+|[ \t]+(?=\r?$)")


def is_quoting(delimiter: str) -> bool:
    """Whether fields between these may be quoted, and then hold delimiters and line breaks."""
    return delimiter in {",", ";", "|"}


def is_blank(text: str) -> bool:
    """Whether a record holds nothing but delimiters, quotes and white space."""
    return _BLANK.fullmatch(text) is not None


def split_records(text: str, delimiter: str) -> Iterator[tuple[int, list[str]]]:
    """Each record that is not blank: number of its first line, from 1, and its fields."""
    if not is_quoting(delimiter):
        for number, line in enumerate(io.StringIO(text, newline=""), 1):
            if not is_blank(line):
                line = line.rstrip("\r\n")
                yield number, line.split() if delimiter == " " else line.split(delimiter)
        return
    text = without_blanks_around_quotes(text.encode(errors="surrogateescape"), delimiter).decode(
        errors="surrogateescape"
    )
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    number = 1
    for fields in reader:
        if not is_blank("".join(fields)):
            yield number, fields
        number = reader.line_num + 1


def without_quotes(text: str) -> str:
    """A field without the quotes around it.

    >>> without_quotes('"a ""b"" c"'), without_quotes('"a')
    ('a "b" c', '"a')
    """
    return text[1:-1].replace('""', '"') if len(text) > 1 and text[0] == text[-1] == '"' else text


def without_blanks_around_quotes(block: bytes, delimiter: str) -> bytes:
    """Records whose quoted fields have no spaces and tabs before and after their quotes; within them nothing changes.

    >>> without_blanks_around_quotes(b'ann, "a , ""b"" ,c" ,5', ",")
    b'ann,"a , ""b"" ,c",5'
    """
    if not is_quoting(delimiter) or not any(pair in block for pair in (b' "', b'" ', b'\t"', b'"\t')):
        return block
    return re.sub(rb"(?<![^%b\r\n])[ \t]*+(%b)[ \t]*+" % (delimiter.encode(), _QUOTED), rb"\1", block)


def single_byte(block: bytes, delimiter: str) -> tuple[bytes, str]:
    """Text and delimiter as Arrow takes them: with one byte between fields."""
    if delimiter == "::":
        return block.replace(b"::", b"\x1f"), "\x1f"
    if delimiter == " ":
        return _SPACES.sub(b"\x1f", _SPACES_AROUND.sub(b"", block)), "\x1f"
    return block, delimiter


class EndlessRecord(ValueError):
    """A record that does not end where it could: too long, or in a field whose quote is not closed as it has to be."""

    def __init__(self, quoted: bool) -> None:
        what = f"longer than {RECORD_BYTES >> 20} MiB"
        if quoted:
            what = f"a quoted field is not closed, or goes on after its closing quote, or the line is {what}"
        super().__init__(f"{what}; close every quote, and write a quote within quotes twice" if quoted else what)


def whole_records(read: Callable[[int], bytes], delimiter: str, line_end: bytes) -> Iterator[bytes]:
    """Blocks of whole records, each ending with a line end, of what `read` gives.

    Raises
    ------
    EndlessRecord
        After the blocks before it.
    """
    quoted = _quoted_records(delimiter, line_end) if is_quoting(delimiter) else None
    rest = b""
    while chunk := read(BLOCK_BYTES):
        block = rest + chunk
        cut = _end_of_records(block, quoted, line_end)
        if cut:
            yield block[:cut]
        rest = block[cut:]
        if len(rest) > RECORD_BYTES:
            raise EndlessRecord(b'"' in rest and quoted is not None)
    if rest:
        rest += line_end
        if _end_of_records(rest, quoted, line_end) < len(rest):
            raise EndlessRecord(True)
        yield rest


def _end_of_records(block: bytes, quoted: re.Pattern[bytes] | None, line_end: bytes) -> int:
    if quoted is None or b'"' not in block:
        return block.rfind(line_end) + 1
    found = quoted.match(block)
    return found.end() if found else 0


def _quoted_records(delimiter: str, line_end: bytes) -> re.Pattern[bytes]:
    """Records, some of them with quoted fields: as many as are whole. No step is ever taken back, so it is one pass.

    Spaces and tabs may stand before and after the quotes.
    """
    by, end = re.escape(delimiter.encode()), line_end
    plain = rb'(?:[^"%b%b][^%b%b]*+)?+' % (by, end, by, end)
    field = rb"[ \t]*+(?:%b[ \t]*+|%b)" % (_QUOTED, plain)
    record = rb"%b(?:%b%b)*+\r?%b" % (field, by, field, end)
    return re.compile(rb'(?:[^"%b]*+%b|%b)*+' % (end, end, record))
