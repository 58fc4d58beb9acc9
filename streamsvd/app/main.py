"""The `streamsvd` command: one subcommand a module in `streamsvd.app.commands`."""

from __future__ import annotations

import logging
import sys
from importlib import import_module

import typer
from rich.console import Console
from rich.markup import escape

from streamsvd.app.commands.snapshot import snapshot
from streamsvd.errors import StreamSVDError

app = typer.Typer(
    name="streamsvd",
    help="A recommender that learns each rating as it arrives: MovieLens to Kafka, rank-one iterated SVD, Redis.",
    no_args_is_help=True,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
)


COMMANDS = (
    "demo",
    "replay",
    "consume",
    "shadows",
    "promote",
    "serve",
    "key",
    "dashboard",
    "recommend",
    "similar",
    "explain",
    "predict",
    "users",
    "evaluate",
    "study",
    "report",
    "compare",
    "simulate",
    "runs",
    "tune",
    "services",
    "doctor",
)

for _name in COMMANDS:  # each module holds one command of its own name and imports nothing heavy before it runs
    app.command(_name)(getattr(import_module(f"streamsvd.app.commands.{_name}"), _name))
app.add_typer(snapshot, name="snapshot")


def main() -> None:
    """Run the command line; an expected error ends in one message and exit status 1."""
    logging.getLogger("kafka").setLevel(logging.CRITICAL)  # what matters of it comes as an error of ours
    try:
        app()
    except StreamSVDError as error:
        message = f"[bold red]{type(error).__name__}:[/] {escape(str(error))}"
        Console(stderr=True).print(message, highlight=False, soft_wrap=True)
        sys.exit(1)
