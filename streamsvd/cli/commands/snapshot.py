"""Models in Redis, version by version: list, show, export to a file, import, compare."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Annotated

import typer
from redis import Redis

from model_store import Inventory, ModelWriter, Snapshot, connect, model_names, read_inventory, read_snapshot
from model_store.files import SnapshotFile, diff_snapshots, export_snapshot
from streamsvd.cli.options import JsonFlag, ModelOption, QuietFlag, RedisOption
from streamsvd.cli.output_files import check_file
from streamsvd.cli.progress_bars import count_bar
from streamsvd.cli.services import open_redis
from streamsvd.cli.snapshot_tables import (
    compared,
    differences_table,
    inventory_object,
    models_table,
    shown,
    version_of,
    version_table,
)
from streamsvd.cli.tables import print_found, print_note
from streamsvd.errors import StoreError, StoreUnavailable
from streamsvd.ratings import ProgressCallback

VersionOption = Annotated[
    int | None, typer.Option("--version", help="A version that was kept (`consume --keep N`); by default the newest.")
]

snapshot = typer.Typer(
    help=__doc__,
    no_args_is_help=True,
    rich_markup_mode="rich",
)


@snapshot.command("ls")
def list_(redis: RedisOption = None, as_json: JsonFlag = False) -> None:
    """The models in Redis: versions, age, users, items, memory, rolling RMSE.

    Examples:

        streamsvd snapshot ls

        streamsvd snapshot ls --json
    """
    found: list[Inventory] = []
    with _client(redis) as client:
        for name in model_names(client):
            try:
                one = read_inventory(client, name)
            except StoreUnavailable:
                raise
            except StoreError as error:  # one that is damaged does not hide the others
                print_note(f"Model {name} cannot be read: {error}")
            else:
                found += [one] if one is not None else []
    now = time.time()
    print_found({"models": [inventory_object(one, now) for one in found]}, models_table(found, now), as_json=as_json)


@snapshot.command()
def show(
    model: ModelOption = "default", version: VersionOption = None, redis: RedisOption = None, as_json: JsonFlag = False
) -> None:
    """What one version is made of: offsets, figures, settings, blocks, bytes per user and item.

    Examples:

        streamsvd snapshot show --model films

        streamsvd snapshot show --version 41 --json
    """
    with _client(redis) as client:
        found = version_of(read_inventory(client, model), model, version)
    print_found(shown(*found, time.time()), version_table(*found, time.time()), as_json=as_json)


@snapshot.command()
def export(
    file: Annotated[Path, typer.Argument(help="File to write; an existing one is overwritten.")],
    model: ModelOption = "default",
    version: VersionOption = None,
    redis: RedisOption = None,
    quiet: QuietFlag = False,
) -> None:
    """Write one version to a file: all rows, metrics, offsets, catalogue, with checksums; the consumer may go on.

    The same version always gives the same bytes.

    Examples:

        streamsvd snapshot export films.snapshot --model films

        streamsvd snapshot export before.snapshot --version 41
    """
    check_file(file)
    with _client(redis) as client, count_bar("reading", quiet=quiet) as progress:
        found = read_snapshot(client, model, version, progress)
    with count_bar("writing", quiet=quiet) as progress:
        size = export_snapshot(found, file, progress)
    print_note(f"version {found.head.version} of model {model}: {size:,} bytes in {file}")


@snapshot.command("import")
def import_(
    file: Annotated[Path, typer.Argument(help="A file of `streamsvd snapshot export`.")],
    model: ModelOption = "default",
    redis: RedisOption = None,
    quiet: QuietFlag = False,
) -> None:
    """Put the version in a file in the place of a model, in one atomic step.

    The file is checked before anything is written. A consumer of the model is refused from then on; start it again, and
    it continues from the offsets in the file, if they are of the topic that it reads.

    Examples:

        streamsvd snapshot import films.snapshot --model films
    """
    with count_bar("checking", quiet=quiet) as progress:
        found = SnapshotFile(file, progress)
    with (
        _client(redis) as client,
        closing(ModelWriter(client, model)) as writer,
        count_bar("writing", quiet=quiet) as progress,
    ):
        writer.acquire()
        written = writer.replace(found, progress)
    print_note(f"{file} is version {written.version} of model {model}: {found.users:,} users, {found.items:,} items")


@snapshot.command()
def diff(
    before: Annotated[str, typer.Argument(metavar="A", help="A version number, `newest`, or a file.")],
    after: Annotated[str, typer.Argument(metavar="B", help="A version number, `newest`, or a file.")] = "newest",
    model: ModelOption = "default",
    n: Annotated[int, typer.Option("-n", help="Number of rows to show, those that moved most first.", min=0)] = 10,
    redis: RedisOption = None,
    as_json: JsonFlag = False,
    quiet: QuietFlag = False,
) -> None:
    """What changed between two versions: who came, who went, which rows moved most, and how the figures changed.

    Examples:

        streamsvd snapshot diff 41 42

        streamsvd snapshot diff before.snapshot newest --json
    """
    with count_bar("reading", quiet=quiet) as progress:
        old, new = (_found(text, model, redis, progress) for text in (before, after))
    users, items = diff_snapshots(old, new, "users", n), diff_snapshots(old, new, "items", n)
    print_found(compared(old, new, users, items), differences_table(old, new, users, items), as_json=as_json)


def _found(text: str, model: str, redis: str | None, progress: ProgressCallback) -> Snapshot:
    """A version of the store, or a file."""
    if text != "newest" and not text.isdecimal():
        return SnapshotFile(Path(text), progress).snapshot()
    with _client(redis) as client:
        return read_snapshot(client, model, int(text) if text.isdecimal() else None, progress)


@contextmanager
def _client(redis: str | None) -> Iterator[Redis]:
    with open_redis(redis, os.environ) as url, closing(connect(url)) as client:
        yield client
