"""Files that hold no rows of text: what they are, and how to get rows out of them."""

from __future__ import annotations

from collections.abc import Sequence

from streamsvd.errors import DatasetError

_EXPORT = "save its table as csv and give that"
_UNPACK = "unpack it and give the ratings file"
_TO_CSV = 'write the table as csv, such as pandas.DataFrame(…).to_csv("ratings.csv", index=False)'

_MAGIC: tuple[tuple[bytes, str, str], ...] = (
    (
        b"SQLite format 3\x00",
        "an SQLite database",
        "export the table: sqlite3 -header -csv FILE 'SELECT …' > ratings.csv",
    ),
    (b"%PDF", "a PDF document", _EXPORT),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an old Excel or Office file", _EXPORT),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive", _UNPACK),
    (b"Rar!", "a RAR archive", _UNPACK),
    (b"\x04\x22\x4d\x18", "an lz4 file", "unpack it with lz4 -d and give the ratings file"),
    (b"\x1f\x9d", "a file of compress (.Z)", "unpack it with uncompress and give the ratings file"),
    (b"\x89HDF\r\n", "an HDF5 file", _TO_CSV),
    (b"\x93NUMPY", "a NumPy array", "write it as csv, such as numpy.savetxt(…, delimiter=',')"),
    (b"ARROW1", "an Arrow (Feather) file", "write it as Parquet or csv"),
    (b"RDX", "an R data file", "write the table with write.csv(…, row.names = FALSE)"),
    (b"ORC", "an ORC file", "write it as Parquet or csv"),
    (b"Obj\x01", "an Avro file", "write it as JSON lines, Parquet or csv"),
    # Still packed after unpacking once.
    (b"PK\x03\x04", "a zip within another file", _UNPACK),
    (b"\x1f\x8b", "gzip within another file", _UNPACK),
    (b"BZh", "bzip2 within another file", _UNPACK),
    (b"\xfd7zXZ\x00", "xz within another file", _UNPACK),
    (b"\x28\xb5\x2f\xfd", "zstd within another file", _UNPACK),
)
_MARKUP = ((b"<!doctype html", "a web page (HTML)"), (b"<html", "a web page (HTML)"), (b"<?xml", "an XML document"))
_OFFICE = (("xl/", "an Excel workbook"), ("word/", "a Word document"), ("content.xml", "an OpenDocument file"))


def refuse_other_kinds(head: bytes, label: str) -> None:
    """Refuse a file by its first bytes, when they say that it holds no rows.

    Raises
    ------
    DatasetError
        With what the file is and what to do.
    """
    for magic, what, todo in _MAGIC:
        if head.startswith(magic):
            raise _refusal(label, what, todo)
    text = head.lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    for beginning, what in _MARKUP:
        if text.startswith(beginning):
            raise _refusal(label, what, "fetch the file itself again, or save its table as csv")
    if head[257:262] == b"ustar":
        raise _refusal(label, "a tar archive", "unpack it with tar xf and give the ratings file")
    if head[:1] == b"\x80" and head[1:2] in {b"\x02", b"\x03", b"\x04", b"\x05"}:
        raise _refusal(label, "a Python pickle, which may run code when it is loaded", _TO_CSV)
    if text[:1] == b"[" and text[1:].lstrip()[:1] in {b"{", b"["}:
        raise _refusal(label, "one JSON array", "write one object a line: jq -c '.[]' FILE > ratings.jsonl")
    if b"\x00" in head:
        raise DatasetError(
            f"{label}: no text: its beginning holds zero bytes, as files of programs do, and UTF-16 without a "
            "byte order mark; save the ratings as csv in UTF-8"
        )


def refuse_office_files(members: Sequence[str], label: str) -> None:
    """Refuse a zip that is a document of an office program.

    Raises
    ------
    DatasetError
        With what the file is and what to do.
    """
    for name, what in _OFFICE:
        if any(member.startswith(name) for member in members):
            raise _refusal(label, what, _EXPORT)
    if members and all(member.endswith(".npy") for member in members):
        raise _refusal(label, "arrays of NumPy (npz)", "write them as csv, such as numpy.savetxt(…, delimiter=',')")


def _refusal(label: str, what: str, todo: str) -> DatasetError:
    return DatasetError(f"{label}: this is {what}, no table of ratings; {todo}")
