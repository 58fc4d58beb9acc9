"""The options of all commands that read a data set: how its files are to be read."""

from __future__ import annotations

import inspect
import math
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Annotated

import typer
from rich.console import Console

from producer import Bound
from streamsvd.cli.tables import print_note
from streamsvd.errors import SettingsError
from streamsvd.ratings import Catalogue, Columns, RatingTable, load


class IdKind(Enum):
    """How the ids of a file are read."""

    AUTO = "auto"
    TEXT = "text"


@dataclass(frozen=True, slots=True)
class DataOptions:
    """The options, as they are typed."""

    columns: Annotated[
        str | None,
        typer.Option(
            metavar="USER,ITEM,RATING[,TIME]",
            help="Columns of a file that is not MovieLens': names from its header, or positions from 0. Without TIME, "
            "the file's order stands for time.",
        ),
    ] = None
    scale: Annotated[
        str | None,
        typer.Option(metavar="LOW:HIGH", help="Limits of the ratings, such as 1:10; by default those of the data set."),
    ] = None
    ids: Annotated[
        IdKind,
        typer.Option(
            help="auto: ids are integers where all of a column are written as integers are (7, not 007), else text. "
            "text: they are text."
        ),
    ] = IdKind.AUTO
    drop_ratings: Annotated[
        str | None,
        typer.Option(
            metavar="VALUES",
            help="Leave out ratings of these values, such as -1,0 where they mean seen but not rated; missing leaves "
            "out empty ones.",
        ),
    ] = None
    time_format: Annotated[
        str | None,
        typer.Option(
            metavar="FORMAT",
            help="How times are written, where that is not found: s, ms, us, ns, minutes, hours or days since 1970, "
            "excel, year, yyyymmdd, iso, or a format of strptime such as %d/%m/%Y.",
        ),
    ] = None

    def load(
        self, data: str, *, catalogue: bool = True, console: Console | None = None
    ) -> tuple[RatingTable, Catalogue | None]:
        """Ratings and catalogue of a data set.

        What was read, and what a reader of figures has to know of how, is printed on standard error, or through the
        console that is given.

        Raises
        ------
        DatasetError, SettingsError
        """
        table, items = load(
            data,
            Columns.parse(self.columns) if self.columns else None,
            parse_scale(self.scale),
            ids=self.ids.value,
            drop_ratings=parse_drop_ratings(self.drop_ratings),
            time_format=self.time_format,
            catalogue=catalogue,
            environ=os.environ,
        )
        print_note(table.describe(), console)
        for note in table.notes:
            print_note(f"Note: {note}.", console)
        return table, items

    def words(self) -> list[str]:
        """The same options, for another command.

        Examples
        --------
        >>> DataOptions(scale="1:10", ids=IdKind.TEXT).words()
        ['--scale', '1:10', '--ids', 'text']
        """
        given = {
            "--columns": self.columns,
            "--scale": self.scale,
            "--ids": "" if self.ids is IdKind.AUTO else self.ids.value,
            "--drop-ratings": self.drop_ratings,
            "--time-format": self.time_format,
        }
        return [word for name, value in given.items() if value for word in (name, value)]


AS_FOUND = DataOptions()
"""The defaults: files are read as they present themselves."""
_OPTIONS = inspect.signature(DataOptions, eval_str=True).parameters


def with_data_options(command: Callable[..., None]) -> Callable[..., None]:
    """The command with these options in place of its parameter `reading`, a `DataOptions`: Typer has no groups."""
    signature = inspect.signature(command, eval_str=True)
    parameters = [
        one for own in signature.parameters.values() for one in (_OPTIONS.values() if own.name == "reading" else [own])
    ]

    def called(**given: object) -> None:
        command(reading=DataOptions(**{name: given.pop(name) for name in _OPTIONS}), **given)  # type: ignore[arg-type]

    called.__doc__ = command.__doc__
    called.__annotations__ = {one.name: one.annotation for one in parameters}
    called.__signature__ = signature.replace(parameters=parameters)  # type: ignore[attr-defined]
    return called


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
