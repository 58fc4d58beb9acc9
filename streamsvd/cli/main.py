"""The `streamsvd` command: one subcommand a module in `streamsvd.cli.commands`, imported when it is called."""

from __future__ import annotations

import ast
import logging
import os
import re
import sys
from importlib import import_module, metadata
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.text import Text
from typer.core import TyperCommand, TyperGroup

from streamsvd.errors import SettingsError, StreamSVDError

PANELS = {
    "Run": ("demo", "services", "replay", "consume", "serve", "dashboard"),
    "Look up": ("recommend", "similar", "explain", "predict", "users"),
    "Evaluate": ("evaluate", "study", "report", "compare", "simulate", "runs", "tune"),
    "Operate": ("doctor", "shadows", "promote", "snapshot", "key"),
}
"""The commands, as `--help` groups them."""

COMMANDS = tuple(name for names in PANELS.values() for name in names)

_ONE_THREAD = ("study", "report", "compare", "simulate")
"""Commands that measure seconds, or whose runs share the cores: NumPy, which they load, gets one thread."""
_PANEL_OF = {name: panel for panel, names in PANELS.items() for name in names}


class _LazyGroup(TyperGroup):
    """Lists commands without importing them, for a command may need seconds of imports.

    Contexts and commands are click's, of which Typer carries its own copy under a private name.
    """

    def list_commands(self, ctx: Any) -> list[str]:
        """Names, in the order of the panels."""
        del ctx
        return list(COMMANDS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """What `--help` shows of a command."""
        del ctx
        if cmd_name not in _PANEL_OF:
            return None
        return TyperCommand(cmd_name, help=_summary(cmd_name), rich_help_panel=_PANEL_OF[cmd_name])

    def resolve_command(self, ctx: Any, args: list[str]) -> tuple[str | None, Any, list[str]]:
        """The command that is called, imported."""
        name, found, rest = super().resolve_command(ctx, args)
        return name, None if found is None or name is None else _load(name), rest


app = typer.Typer(
    name="streamsvd",
    cls=_LazyGroup,
    help="A recommender that learns each rating as it arrives: MovieLens to Kafka, rank-one iterated SVD, Redis.",
    no_args_is_help=True,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
)


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"streamsvd {metadata.version('streamsvd')}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", help="Show the version and exit.", callback=_print_version, is_eager=True)
    ] = False,
) -> None:
    del version


def main() -> None:
    """Run the command line; an expected error ends in one message and exit status 1."""
    logging.getLogger("kafka").setLevel(logging.CRITICAL)  # what matters of it is raised as a StreamSVDError
    try:
        app()
    except StreamSVDError as error:
        from streamsvd.cli.tables import visible

        message = Text.assemble((f"{type(error).__name__}:", "bold red"), " ", visible(str(error), lines=True))
        Console(stderr=True).print(message, highlight=False, soft_wrap=True)
        sys.exit(1)


def _summary(name: str) -> str:
    """First paragraph of a command's help, read from its source."""
    tree = ast.parse((Path(__file__).parent / "commands" / f"{name}.py").read_text())
    functions = (node for node in tree.body if isinstance(node, ast.FunctionDef) and node.name == name)
    text = next((ast.get_docstring(node) for node in functions), None)
    return (text or ast.get_docstring(tree) or "").partition("\n\n")[0].replace("\n", " ")


def _load(name: str) -> Any:
    """A command, ready to run.

    Raises
    ------
    SettingsError
        It needs a package that is not installed.
    """
    if name in _ONE_THREAD:
        os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    try:
        found = getattr(import_module(f"streamsvd.cli.commands.{name}"), name)
    except ModuleNotFoundError as error:
        raise SettingsError(
            f"`streamsvd {name}` needs the package {error.name}, which is not installed: {_advice(error.name or '')}"
        ) from error
    if isinstance(found, typer.Typer):
        return typer.main.get_command(found)
    single = typer.Typer(rich_markup_mode="rich", pretty_exceptions_enable=False, add_completion=False)
    single.command(name)(found)
    return typer.main.get_command(single)


def _advice(package: str) -> str:
    """How to install what is missing: the extra that brings it."""
    top = package.partition(".")[0].replace("_", "-").lower()
    for line in metadata.requires("streamsvd") or []:
        extra = re.search(r"extra == ['\"]([a-z]+)['\"]", line)
        if extra and re.split(r"[^A-Za-z0-9-]", line, maxsplit=1)[0].lower() == top and extra[1] != "dev":
            return f"pip install 'streamsvd[{extra[1]}]'"
    return f"pip install {top}"
