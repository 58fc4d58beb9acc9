"""Options that several commands share, and the texts that they are given as."""

from __future__ import annotations

import json
import math
import os
import re
from collections.abc import Mapping
from enum import Enum
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from producer import Bound
from streamsvd.cli.tables import print_note
from streamsvd.errors import SettingsError
from streamsvd.learner import Settings
from streamsvd.ratings import Catalogue, Columns, RatingTable, load


class IdKind(Enum):
    """How the ids of a file are read."""

    AUTO = "auto"
    TEXT = "text"


KafkaOption = Annotated[
    str | None,
    typer.Option(
        "--kafka",
        envvar="STREAMSVD_KAFKA",
        metavar="HOST:PORT",
        help="Kafka to use. Without it: one that `streamsvd services` runs, else an embedded one.",
    ),
]
RedisOption = Annotated[
    str | None,
    typer.Option(
        "--redis",
        envvar="STREAMSVD_REDIS",
        metavar="URL",
        help="Redis to use, such as redis://127.0.0.1:6379/0. Without it: one that `streamsvd services` "
        "runs, else an embedded one.",
    ),
]
TopicOption = Annotated[str, typer.Option("--topic", help="Topic that holds the ratings.")]
ModelOption = Annotated[str, typer.Option("--model", help="Name of the model in Redis.")]
DataArgument = Annotated[
    str,
    typer.Argument(
        help="A MovieLens name (ml-latest-small, ml-100k, …), a ratings file, its folder or zip, a file in a zip "
        "(all.zip/ratings.csv), or - for standard input."
    ),
]
UserArgument = Annotated[str, typer.Argument(help="Id of the user; text:NAME for text that looks like a number.")]
ItemArgument = Annotated[str, typer.Argument(help="The item: its id, or words of its title.")]
CatalogueOption = Annotated[
    bool, typer.Option("--catalogue/--no-catalogue", help="Use genres and years where the data set has them.")
]
QuietFlag = Annotated[bool, typer.Option("--quiet", help="No progress bars.")]
JsonFlag = Annotated[bool, typer.Option("--json", help="Print one JSON object on standard output, instead of tables.")]
SetOption = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="NAME=VALUE",
        help="Change a setting of the learner, such as --set rank=16; repeat for more.",
    ),
]
SettingsFileOption = Annotated[
    Path | None,
    typer.Option(
        "--settings",
        metavar="FILE",
        help="Take the learner's settings from FILE, such as `streamsvd tune` writes; --set overrides it.",
    ),
]
DetailOption = Annotated[
    bool,
    typer.Option("--detail", help="Also the errors by window, user, item, genre and month, and the interval coverage."),
]
DropShadowOption = Annotated[
    list[str] | None, typer.Option("--drop-shadow", metavar="NAME", help="Remove a shadow; repeat for more.")
]
SeedOption = Annotated[int, typer.Option("--seed", help="Seed of the factors before their first rating.")]
ColumnsOption = Annotated[
    str | None,
    typer.Option(
        "--columns",
        metavar="USER,ITEM,RATING[,TIME]",
        help="Columns of a file that is not MovieLens': names from its header, or positions from 0. Without TIME, the "
        "file's order stands for time.",
    ),
]
IdsOption = Annotated[
    IdKind,
    typer.Option(
        "--ids",
        help="auto: ids are integers where all of a column are written as integers are (7, not 007), else text. "
        "text: they are text.",
    ),
]
DropRatingsOption = Annotated[
    str | None,
    typer.Option(
        "--drop-ratings",
        metavar="VALUES",
        help="Leave out ratings of these values, such as -1,0 where they mean seen but not rated; missing leaves out "
        "empty ones.",
    ),
]
ScaleOption = Annotated[
    str | None,
    typer.Option(
        "--scale", metavar="LOW:HIGH", help="Limits of the ratings, such as 1:10; by default those of the data set."
    ),
]
TimeFormatOption = Annotated[
    str | None,
    typer.Option(
        "--time-format",
        metavar="FORMAT",
        help="How times are written, where that is not found: s, ms, us, ns, minutes, hours or days since 1970, "
        "excel, year, yyyymmdd, iso, or a format of strptime such as %d/%m/%Y.",
    ),
]
MaxAheadOption = Annotated[
    str,
    typer.Option(
        "--max-ahead",
        metavar="TIME",
        help="How far ahead of the clock a rating's timestamp may be, such as 90s, 30min, 6h.",
    ),
]


def parse_years(text: str | None) -> tuple[int | None, int | None] | None:
    """Years from `FIRST:LAST`, either of which may be missing; one year alone is both.

    Raises
    ------
    SettingsError

    Examples
    --------
    >>> parse_years("1990:1999"), parse_years("2000:"), parse_years("1984")
    ((1990, 1999), (2000, None), (1984, 1984))
    """
    if text is None:
        return None
    first, colon, last = text.partition(":")
    try:
        begin, end = (int(part) if part else None for part in (first, last if colon else first))
    except ValueError:
        raise SettingsError(f"--years {text!r}: years with a colon are needed, such as 1990:1999 or 2000:") from None
    return begin, end


def parse_scale(text: str | None) -> tuple[float, float] | None:
    """Limits of a scale from `LOW:HIGH`.

    Raises
    ------
    SettingsError

    Examples
    --------
    >>> parse_scale("1:10")
    (1.0, 10.0)
    """
    if text is None:
        return None
    try:
        low, high = (float(part) for part in text.split(":"))
    except ValueError:
        raise SettingsError(f"--scale {text!r}: two numbers with a colon are needed, such as 1:5") from None
    return low, high


def parse_drop_ratings(text: str | None) -> tuple[float, ...]:
    """Values of ratings from `VALUE,VALUE,…`; `missing` is NaN.

    Raises
    ------
    SettingsError

    Examples
    --------
    >>> parse_drop_ratings("-1,0,missing")
    (-1.0, 0.0, nan)
    """
    if text is None:
        return ()
    try:
        return tuple(math.nan if value.strip() == "missing" else float(value) for value in text.split(","))
    except ValueError:
        raise SettingsError(
            f"--drop-ratings {text!r}: numbers with commas are needed, such as -1,0, or the word missing"
        ) from None


def parse_span(text: str) -> int:
    """Seconds of a span of time.

    Raises
    ------
    SettingsError

    Examples
    --------
    >>> parse_span("90s"), parse_span("30min"), parse_span("6h"), parse_span("2d")
    (90, 1800, 21600, 172800)
    """
    found = re.fullmatch(r"(\d{1,9})(s|min|h|d)", text.strip())
    if found is None:
        raise SettingsError(f"{text!r}: a whole number with s, min, h or d is needed, such as 90s, 30min, 6h or 2d")
    return int(found[1]) * {"s": 1, "min": 60, "h": 3600, "d": 86_400}[found[2]]


def load_data(
    data: str,
    columns: str | None,
    scale: str | None,
    ids: IdKind = IdKind.AUTO,
    drop_ratings: str | None = None,
    time_format: str | None = None,
    *,
    catalogue: bool = True,
    console: Console | None = None,
) -> tuple[RatingTable, Catalogue | None]:
    """Ratings and catalogue of a data set, from the texts of an argument and of the options that say how to read it.

    What was read, and what a reader of figures has to know of how, is printed on standard error, or through the
    console that is given.

    Raises
    ------
    DatasetError, SettingsError
    """
    table, items = load(
        data,
        Columns.parse(columns) if columns else None,
        parse_scale(scale),
        ids=ids.value,
        drop_ratings=parse_drop_ratings(drop_ratings),
        time_format=time_format,
        catalogue=catalogue,
        environ=os.environ,
    )
    print_note(table.describe(), console)
    for note in table.notes:
        print_note(f"Note: {note}.", console)
    return table, items


def note_bounds(table: RatingTable, bounds: Mapping[str, str | None], console: Console | None = None) -> None:
    """Print a note for each option whose bound lies before the first or after the last rating.

    Raises
    ------
    SettingsError
        One is no bound, or a time where the ratings have none.
    """
    for option, text in bounds.items():
        if text is None:
            continue
        bound = Bound.parse(text)
        if table.is_file_order and bound.by == "time":
            raise SettingsError(f"{option} {text}: {table.dataset.name} has no times; give a number of ratings (5000)")
        if remark := bound.remark(table):
            print_note(f"Note: {option} {text} is {remark}.", console)


def data_options(
    columns: str | None,
    scale: str | None,
    ids: IdKind = IdKind.AUTO,
    drop_ratings: str | None = None,
    time_format: str | None = None,
) -> list[str]:
    """The options that say how to read a file, as they are typed, for another command.

    Examples
    --------
    >>> data_options(None, "1:10")
    ['--scale', '1:10']
    """
    chosen = "" if ids is IdKind.AUTO else ids.value
    given = {
        "--columns": columns,
        "--scale": scale,
        "--ids": chosen,
        "--drop-ratings": drop_ratings,
        "--time-format": time_format,
    }
    return [word for name, value in given.items() if value for word in (name, value)]


def parse_settings(pairs: list[str] | None) -> dict[str, str]:
    """Changed settings from `NAME=VALUE` texts.

    Raises
    ------
    SettingsError

    Examples
    --------
    >>> parse_settings(["rank=16"])
    {'rank': '16'}
    """
    changes = {}
    for pair in pairs or []:
        name, equals, value = pair.partition("=")
        if not equals:
            raise SettingsError(f"--set {pair!r}: a name and a value are needed, such as --set rank=16")
        changes[name.strip()] = value.strip()
    return changes


def read_settings(path: Path) -> dict[str, Any]:
    """Settings by name, from the object `settings` of a JSON file.

    Raises
    ------
    SettingsError
        The file cannot be read, or holds no such object.
    """
    try:
        found = json.loads(path.read_bytes())
    except OSError as error:
        raise SettingsError(f"--settings {path}: {error.strerror}") from error
    except ValueError as error:
        raise SettingsError(f"--settings {path} is not JSON: {error}") from error
    settings = found.get("settings") if isinstance(found, dict) else None
    if not isinstance(settings, dict):
        raise SettingsError(f'--settings {path}: an object is needed that holds "settings", such as {_EXAMPLE}')
    return settings


def chosen_settings(file: Path | None, pairs: list[str] | None) -> Settings:
    """The learner's settings: the defaults, changed by the file, changed by the pairs.

    Raises
    ------
    SettingsError
    """
    from_file = Settings() if file is None else Settings().replace(**read_settings(file))
    return from_file.replace(**parse_settings(pairs))


_EXAMPLE = '{"settings": {"rank": 16}}'
