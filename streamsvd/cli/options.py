"""Options that several commands share, and the texts that they are given as."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Annotated, Any

import typer

from streamsvd.errors import SettingsError
from streamsvd.learner import Settings

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
