"""`streamsvd key`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from streamsvd.service import add_key


def key(
    name: Annotated[str, typer.Argument(help="Name of the key's user, for the service's journal.")],
    scope: Annotated[
        list[str], typer.Option("--scope", help="read, write or admin; repeat for more. admin may do everything.")
    ],
    file: Annotated[Path, typer.Option("--file", metavar="FILE", help="File of keys to append to.")] = Path("keys.txt"),
) -> None:
    """Make an API key for `streamsvd serve`.

    The key is printed once; the file holds only its SHA-256. To revoke a key, remove its line and restart the
    service.

    Examples:

        streamsvd key shop --scope read --scope write

        streamsvd serve --host 0.0.0.0 --keys keys.txt
    """
    made = add_key(file, name, scope)
    Console(stderr=True).print(f"{file} knows it by its SHA-256. Give the key to {name}; it is not shown again.")
    typer.echo(made)
