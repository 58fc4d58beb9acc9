"""What a demonstration needs before it can begin, got side by side: data, Kafka and Redis, kernels."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass, field

from rich.console import Console

from streamsvd.cli.dashboard_process import DashboardProcess
from streamsvd.cli.demo_data import demo_data
from streamsvd.cli.kernel_cache import missing_kernels_note, prepare_kernels
from streamsvd.cli.parallel import Check, run_parallel
from streamsvd.cli.progress_bars import PartLine, PartsBar, parts_bar
from streamsvd.embedded import choose_kafka, jars_folder, kafka_jars, provide_kafka, provide_redis
from streamsvd.ratings import NAMES, Catalogue, RatingTable, locate


@dataclass(slots=True)
class DemoSetup:
    """Data, servers and dashboard of a demo.

    Attributes
    ----------
    source : str
        Name or path of the data, for another process.
    table : RatingTable
    catalogue : Catalogue or None
    kafka, redis : str
        Address and URL.
    page : DashboardProcess
    """

    source: str = field(init=False)
    table: RatingTable = field(init=False)
    catalogue: Catalogue | None = field(init=False)
    kafka: str = field(init=False)
    redis: str = field(init=False)
    page: DashboardProcess = field(init=False)


@contextmanager
def prepared(
    asked: str | None,
    environ: Mapping[str, str],
    open_page: Callable[[str, str], AbstractContextManager[DashboardProcess]],
    stop: Callable[[], bool],
    console: Console,
) -> Iterator[DemoSetup | None]:
    """Prepare everything, yield it, and stop what was started.

    Parameters
    ----------
    asked : str or None
        The data, as for `demo_data`.
    environ : mapping
    open_page : callable
        Starts the dashboard, given the address of Kafka and the URL of Redis; it need not wait for the other parts.
    stop : callable
        Whether a stop was requested.
    console : Console

    Yields
    ------
    DemoSetup or None
        None when asked to stop.

    Raises
    ------
    StreamSVDError
        Of the first part that fails; the others are ended.
    """
    if asked is not None and asked not in NAMES:
        locate(asked, environ=environ)  # a path that does not exist is refused before anything starts
    found = DemoSetup()
    with ExitStack() as stack:  # stops what was started, also after an error
        with parts_bar(console) as bar:

            def data(check: Check) -> None:
                part = bar.add("data", megabytes=True)
                found.source, found.table, found.catalogue = demo_data(asked, environ, bar.notify, _shown(part, check))
                part.end()
                bar.notify(f"Data: {found.table.describe()}.")

            def services(check: Check) -> None:
                _fetch_kafka(environ, bar, check)
                bar.notify("Starting Kafka and Redis …")
                part = bar.add("Kafka and Redis")
                found.redis = stack.enter_context(provide_redis())
                part.show(1, 2)
                check()
                found.kafka = stack.enter_context(provide_kafka())
                part.show(2, 2)
                bar.notify(f"Kafka at {found.kafka}. Redis is up.")
                check()
                found.page = stack.enter_context(open_page(found.kafka, found.redis))

            def kernels(check: Check) -> None:
                said = missing_kernels_note()
                if said is not None:
                    bar.notify(said)
                part = bar.add("kernels")
                prepare_kernels(_shown(part, check))
                if said is not None:
                    bar.notify("The kernels are compiled.")

            complete = run_parallel([data, services, kernels], stop)
        yield found if complete else None


def _fetch_kafka(environ: Mapping[str, str], bar: PartsBar, check: Check) -> None:
    """Fetch Kafka's jars if they are needed, and not there."""
    if choose_kafka(environ).kind != "embedded" or jars_folder().is_dir():
        return
    bar.notify("Fetching Apache Kafka, once: 44 MB …")
    part = bar.add("Kafka's jars", megabytes=True)
    kafka_jars(progress=_shown(part, check))


def _shown(part: PartLine, check: Check) -> Callable[[int, int], None]:
    """A progress that is shown, and that ends a part that is no longer wanted."""

    def show(done: int, total: int) -> None:
        check()
        part.show(done, total)

    return show
