"""Parquet files: columns by name, of any type that is a number, a text or a time; read in parts."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from streamsvd.errors import DatasetError
from streamsvd.ratings.reading.columns import Columns
from streamsvd.ratings.reading.files import DataFile
from streamsvd.ratings.reading.format import Block, Format
from streamsvd.ratings.reading.sample import PARQUET_MAGIC
from streamsvd.ratings.reading.unpacking import FREE_BYTES, MAX_RATIO

BATCH_ROWS = 1 << 16


@dataclass(frozen=True, slots=True)
class _ParquetRows:
    """Columns of these names, or at these positions."""

    columns: Columns | None

    @property
    def has_times(self) -> bool:
        return self.columns is None or self.columns.timestamp is not None

    def blocks(self, file: DataFile, on_bytes: Callable[[bytes], None]) -> Iterator[Block]:
        """Rows in parts, once all bytes have been seen."""
        import pyarrow as pa
        import pyarrow.parquet

        with file.open() as (stream, _, _):
            while chunk := stream.read(1 << 20):
                on_bytes(chunk)
        with file.open_seekable() as stream:
            try:
                parquet = pyarrow.parquet.ParquetFile(stream)
                size = stream.seek(0, 2)
                _refuse_bomb(parquet.metadata, size, file.label)
                names, at = parquet.schema_arrow.names, self._positions(parquet.schema_arrow, file.label)
                done, total = 0, parquet.metadata.num_rows
                for batch in parquet.iter_batches(BATCH_ROWS, columns=[names[each] for each in at], use_threads=False):
                    texts = [_texts(batch.column(names[each])) for each in at]
                    rows = partial(_rows, texts, done)
                    done += batch.num_rows
                    yield Block(partial(_same, texts), rows, done, total)
            except (pa.ArrowException, OSError) as error:
                raise DatasetError(
                    f"{file.label}: a Parquet file that cannot be read ({error}); fetch it again"
                ) from error

    def _positions(self, schema: Any, label: str) -> tuple[int, ...]:
        import pyarrow as pa

        if self.columns is None:
            raise DatasetError(
                f"{label}: a Parquet file with the columns {', '.join(schema.names)[:200]}; name those of user, item, "
                "rating and, where there is one, timestamp (--columns USER,ITEM,RATING,TIME)"
            )
        at = self.columns.positions(schema.names, label)
        for each in at:
            if pa.types.is_nested(schema.types[each]):
                raise DatasetError(
                    f"{label}: the column {schema.names[each]} holds {schema.types[each]}, "
                    "not a number, a text or a time"
                )
            if schema.names.count(schema.names[each]) > 1:
                raise DatasetError(f"{label}: several columns are called {schema.names[each]!r}; rename all but one")
        for each in at[:2]:
            if not _holds_ids(schema.types[each]):
                hint = ": turn whole numbers into integers first" if pa.types.is_floating(schema.types[each]) else ""
                raise DatasetError(
                    f"{label}: the column {schema.names[each]} holds {schema.types[each]}, and ids are integers or "
                    f"text{hint or ': name another column, or make it one of them'}"
                )
        return at


def _holds_ids(kind: Any) -> bool:
    """Whether a column of this type may hold ids: not one of numbers with a fraction, of truth values or of times."""
    import pyarrow as pa

    if pa.types.is_dictionary(kind):
        kind = kind.value_type
    return not (
        pa.types.is_floating(kind)
        or pa.types.is_boolean(kind)
        or pa.types.is_temporal(kind)
        or (pa.types.is_decimal(kind) and kind.scale > 0)
    )


def _refuse_bomb(metadata: Any, size: int, label: str) -> None:
    """Refuse a file that declares more rows, or more bytes, than is believable for its size."""
    unpacked = sum(metadata.row_group(at).total_byte_size for at in range(metadata.num_row_groups))
    if max(unpacked, metadata.num_rows) > max(FREE_BYTES, MAX_RATIO * size):
        raise DatasetError(
            f"{label}: {metadata.num_rows:,} rows in {size:,} bytes, which ratings never take so few of; "
            "write them as csv if you trust it"
        )


def _texts(column: Any) -> Any:
    """A column of any type as texts, empty where there is no value."""
    import pyarrow as pa
    import pyarrow.compute as pc

    return pc.fill_null(pc.cast(column, pa.string()), "")


def _same(texts: Sequence[Any]) -> Sequence[Any]:
    return texts


def _rows(texts: Sequence[Any], first: int) -> Iterator[tuple[str, Sequence[str]]]:
    rows = zip(*(column.to_pylist() for column in texts), strict=True)
    return ((f"row {number:,}", row) for number, row in enumerate(rows, first + 1))


PARQUET = Format(
    name="Parquet",
    first_line="PAR1",
    file_names=("*.parquet",),
    recognises=lambda sample: sample.head.startswith(PARQUET_MAGIC),
    rows=lambda sample: _ParquetRows(sample.columns),
)
