"""JSON lines, as Yelp and Amazon publish them: an object a line, of which the caller names the fields."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from streamsvd.errors import DatasetError
from streamsvd.ratings.reading.columns import shortened
from streamsvd.ratings.reading.format import BadRow, Format
from streamsvd.ratings.reading.sample import Sample
from streamsvd.ratings.reading.text_rows import TextRows

_Value = str | int | float | bool | None
_Id = str | int | None
_WANTED = ("user", "item", "rating", "timestamp")


@dataclass(kw_only=True)
class _JsonRows(TextRows):
    """Objects with fields of these names, in the order of `Columns`."""

    names: tuple[str, ...]

    def columns(self, block: bytes) -> list[Any]:
        import pyarrow as pa

        found = [_texts(row) for row in self._decoder().decode_lines(block)]
        return [pa.array(column, pa.string()) for column in zip(*found, strict=True)] or [pa.array([], pa.string())] * 4

    def rows(self, block: bytes, line: int) -> Iterator[tuple[str, Sequence[str]]]:
        decoder = self._decoder()
        for number, text in enumerate(block.split(self.line_end), line):
            if not text.strip():
                continue
            try:
                yield f"line {number}", _texts(decoder.decode(text))
            except (msgspec.MsgspecError, UnicodeDecodeError) as error:
                shown = shortened(text.decode(errors="replace"))
                raise BadRow(
                    f"line {number}", f"{error} in {shown}; write one JSON object a line, its ids as integers or text"
                ) from error

    def _decoder(self) -> msgspec.json.Decoder[Any]:
        kinds = (_Id, _Id, _Value, _Value)
        fields = [(name, kind, None) for name, kind, _ in zip(_WANTED, kinds, self.names, strict=False)]
        row = msgspec.defstruct("Row", fields, rename=dict(zip(_WANTED, self.names, strict=False)))
        return msgspec.json.Decoder(row)


def _texts(row: Any) -> list[str]:
    return [_text(getattr(row, name)) for name in row.__struct_fields__]


def _text(value: _Value) -> str:
    """A value as it is written: a text as it is, `true`, nothing for `null`."""
    if value is None:
        return ""
    return str(value).lower() if isinstance(value, bool) else str(value)


def _rows(sample: Sample) -> _JsonRows:
    keys = ", ".join(re.findall(r'"([^"\\]+)"\s*:', sample.first_line))
    if sample.columns is None or not all(isinstance(column, str) for column in sample.columns):
        raise DatasetError(
            f"{sample.where}: this is JSON lines, with the fields {shortened(keys)}; name those of user, item, rating "
            "and, where there is one, timestamp (--columns USER,ITEM,RATING,TIME)"
        )
    names = tuple(map(str, sample.columns))
    missing = [name for name in names if f'"{name}"' not in sample.text]
    if missing:
        raise DatasetError(
            f"{sample.where}: no field {', '.join(map(repr, missing))} in the first lines; the fields of the first one "
            f"are {shortened(keys)}"
        )
    return _JsonRows(
        delimiter="\t",  # so that quotes say nothing of where a line ends
        line_end=sample.line_end,
        start=sample.start,
        line=sample.line,
        has_times=len(names) > 3,
        names=names,
    )


JSON_LINES = Format(
    name="JSON lines",
    first_line="a JSON object",
    file_names=("*.jsonl", "*.ndjson"),
    recognises=lambda sample: sample.first_line.lstrip().startswith("{"),
    rows=_rows,
)
