"""`--json`: one JSON object; a figure that does not exist (NaN) is null."""

from __future__ import annotations

from typing import Any

import msgspec
import numpy as np
import typer


def print_json(found: Any) -> None:
    """Print an object on standard output."""
    typer.echo(json_bytes(found), nl=False)


def json_bytes(found: Any) -> bytes:
    r"""An object as indented JSON.

    Examples
    --------
    >>> json_bytes({"rmse": float("nan")})
    b'{\n  "rmse": null\n}\n'
    """
    return msgspec.json.format(msgspec.json.encode(found, enc_hook=_plain), indent=2) + b"\n"


def _plain(value: Any) -> Any:
    """A NumPy scalar as Python's own type."""
    if isinstance(value, np.generic):
        return value.item()
    raise TypeError(f"{type(value).__name__} has no JSON form")
