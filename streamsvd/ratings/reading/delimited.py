"""Lines of fields with a delimiter between them: how most formats hold their ratings."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from streamsvd.ratings.reading.format import BadRow
from streamsvd.ratings.reading.sample import Sample
from streamsvd.ratings.reading.splitting import (
    is_blank,
    is_quoting,
    single_byte,
    split_records,
    without_blanks_around_quotes,
    without_quotes,
)
from streamsvd.ratings.reading.text_rows import TextRows


@dataclass(kw_only=True)
class Delimited(TextRows):
    """Rows between delimiters.

    Attributes
    ----------
    at : tuple of int
        Positions of user, item, rating and, where there is one, timestamp.
    width : int
        Fields in a line.
    strips_quotes : bool
        Whether quotes around a field are no part of it where fields cannot be quoted, such as between tabs.
    """

    at: tuple[int, ...]
    width: int
    strips_quotes: bool = False

    def columns(self, block: bytes) -> list[Any]:
        """The wanted columns, by Arrow's parser."""
        import pyarrow as pa
        import pyarrow.compute as pc

        try:
            columns = self._parsed(block, self.at)
        except pa.ArrowInvalid:
            if _is_utf8(block):
                raise
            return self._columns_by_row(block)  # Arrow sees no blank line among other text
        has_quotes = b'"' in block and not is_quoting(self.delimiter)
        if (
            pc.min(pc.binary_length(columns[0])).as_py() == 0
            or pc.any(pc.utf8_is_space(columns[0])).as_py()
            or (has_quotes and pc.any(pc.match_substring_regex(columns[0], r'^[\s"]*$')).as_py())
        ):
            # A line of nothing but delimiters is a blank one.
            every = self._parsed(block, range(self.width))
            filled = [pc.invert(pc.match_substring_regex(column, r'^[\s"]*$')) for column in every]
            kept = filled[0]
            for column in filled[1:]:
                kept = pc.or_(kept, column)
            columns = [column.filter(kept) for column in columns]
        if self.strips_quotes and b'"' in block:
            return [_without_quotes(column) for column in columns]
        return columns

    def _columns_by_row(self, block: bytes) -> list[Any]:
        import pyarrow as pa

        texts = [row for _, row in Delimited.rows(self, block, 1)]
        return [pa.array([row[at] for row in texts], pa.string()) for at in range(len(self.at))]

    def _parsed(self, block: bytes, at: Sequence[int]) -> list[Any]:
        import pyarrow as pa
        import pyarrow.csv

        block, delimiter = single_byte(without_blanks_around_quotes(block, self.delimiter), self.delimiter)
        names = [str(position) for position in range(self.width)]
        wanted = [names[position] for position in at]
        table = pyarrow.csv.read_csv(
            pa.BufferReader(block),
            read_options=pyarrow.csv.ReadOptions(column_names=names, use_threads=False, block_size=len(block) + 1),
            parse_options=pyarrow.csv.ParseOptions(
                delimiter=delimiter,
                quote_char='"' if is_quoting(self.delimiter) else False,
                newlines_in_values=is_quoting(self.delimiter),
                invalid_row_handler=_skip_blank if _is_utf8(block) else None,  # it cannot see other text
            ),
            convert_options=pyarrow.csv.ConvertOptions(
                column_types=dict.fromkeys(wanted, pa.string()), include_columns=wanted, strings_can_be_null=False
            ),
        )
        return [table.column(name).combine_chunks() for name in wanted]

    def rows(self, block: bytes, line: int) -> Iterator[tuple[str, Sequence[str]]]:
        """The wanted fields of each line."""
        for number, fields in split_records(block.decode(errors="surrogateescape"), self.delimiter):
            where = f"line {line + number - 1}"
            if len(fields) != self.width:
                raise BadRow(where, self._wrong_width(fields))
            texts = [fields[at] for at in self.at]
            if any("\udc80" <= character <= "\udcff" for text in texts for character in text):
                raise BadRow(where, "not text in UTF-8; save the file in UTF-8 (iconv -f latin1 -t utf8)")
            yield where, [without_quotes(text) for text in texts] if self.strips_quotes else texts

    def _wrong_width(self, fields: list[str]) -> str:
        between = {"\t": "a tab", " ": "spaces"}.get(self.delimiter, repr(self.delimiter))
        text = (" " if self.delimiter == " " else self.delimiter).join(fields)
        hint = (
            ""
            if is_quoting(self.delimiter) or '"' not in text
            else (f" (with {between} between fields a quote is a character, and cannot hold a field together)")
        )
        return (
            f"found {len(fields)} fields instead of {self.width} in {text[:80]!r}{hint}; "
            "write one rating a line, every field as the first line has it"
        )


def delimited(
    sample: Sample,
    delimiter: str,
    *,
    at: tuple[int, ...] = (0, 1, 2, 3),
    width: int = 4,
    header: bool,
    start_counts: bool = True,
    strips_quotes: bool = False,
) -> Delimited:
    """The rows of a file with this beginning; with a header, its first record is none of them."""
    start, line = sample.after_first(delimiter) if header else (sample.start, sample.line)
    return Delimited(
        delimiter=delimiter,
        line_end=sample.line_end,
        start=start,
        line=line,
        start_counts=start_counts,
        has_times=len(at) > 3,
        at=at,
        width=width,
        strips_quotes=strips_quotes,
    )


def _skip_blank(row: Any) -> str:
    return "skip" if is_blank(row.text) else "error"


def _is_utf8(block: bytes) -> bool:
    try:
        block.decode()
    except UnicodeDecodeError:
        return False
    return True


def _without_quotes(column: Any) -> Any:
    import pyarrow.compute as pc

    quoted = pc.match_substring_regex(column, '(?s)^".*"$')
    bare = pc.replace_substring(pc.replace_substring_regex(column, '(?s)^"(.*)"$', r"\1"), '""', '"')
    return pc.if_else(quoted, bare, column)
