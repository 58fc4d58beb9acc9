"""Does an event cost the same at the end as at the start, what does a row weigh, and how far is the machine's peak?

    python benchmarks/scaling.py [--events 10000000] [--memory-events 25000000] [--only flat,memory,first-call]

Each part runs in a process of its own, on one thread. Writes benchmarks/results/scaling.json; exit status 1 when a
limit is passed. With fewer events, users and items shrink in proportion.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

RESULTS = Path(__file__).parent / "results"
FLAT = (10_000_000, 100_000, 50_000)  # events, users, items
LARGE = (25_000_000, 162_000, 59_000)
BLOCK = 20_000
LIMITS = {"last_to_second_tenth": 1.3, "resident_bytes": 1e9, "first_call_seconds": 20.0, "cached_call_seconds": 1.0}

FIRST_CALL = """
import sys, time
from rich.console import Console
from streamsvd.cli.kernel_cache import warm_up
began = time.perf_counter()
warm_up(Console(stderr=True, width=200))
print(time.perf_counter() - began)
"""


def flat(events: int) -> dict[str, Any]:
    """Seconds per tenth of a synthetic stream, with and without content; then the roofline of the last tenth."""
    found: dict[str, Any] = {}
    for kind in ("ratings-only", "with-catalogue"):
        made = _world(events, FLAT)
        model, rates = _learn_stream(made, made.catalogue() if kind == "with-catalogue" else None)
        found[kind] = {
            "events": events,
            "users": model.n_users,
            "items": model.n_items,
            "events_per_second_by_tenth": rates,
            "last_to_second_tenth": rates[1] / rates[9],
            "roofline": _roofline(model, rates[9]),
        }
    return found


def memory(events: int) -> dict[str, Any]:
    """What the learner holds at the scale of ml-25m, ratings only and with content."""
    import psutil

    process = psutil.Process()
    small = _world(BLOCK, (BLOCK, 200, 2_000))
    _learn_stream(small, small.catalogue())  # everything is imported, compiled and warm
    found = {}
    for kind in ("ratings-only", "with-catalogue"):
        made = _world(events, LARGE)
        content = made.catalogue() if kind == "with-catalogue" else None  # it is no part of the learner
        before = process.memory_info().rss
        model, _ = _learn_stream(made, content)
        resident = process.memory_info().rss - before
        sides = _weights(model)
        found[kind] = {
            "events": events,
            "users": model.n_users,
            "items": model.n_items,
            "resident_bytes": resident,
            "array_bytes": sum(sum(arrays.values()) for arrays in sides.values()),
            "bytes_per_user": sum(sides["users"].values()) / model.n_users,
            "bytes_per_item": sum(sides["items"].values()) / model.n_items,
            "by_array": sides,
        }
        del model
    return found


def first_call() -> dict[str, Any]:
    """Seconds of the learner's first call in a process, without compiled cache and with it, and what is said."""
    found: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as folder:
        for name in ("first_call", "cached_call"):
            began = time.perf_counter()
            ran = subprocess.run(
                [sys.executable, "-c", FIRST_CALL],
                env={**os.environ, "NUMBA_CACHE_DIR": folder},
                capture_output=True,
                text=True,
                check=True,
            )
            found[f"{name}_seconds"] = float(ran.stdout)
            found[f"{name}_process_seconds"] = time.perf_counter() - began
            found[f"{name}_says"] = ran.stderr.strip()
    return found


def _world(events: int, world: tuple[int, int, int]) -> Any:
    """A synthetic stream of so many ratings, of as many users and items as belong to them."""
    from streamsvd.ratings import Synthetic

    share = events / world[0]
    return Synthetic(ratings=events, users=max(50, int(world[1] * share)), items=max(1000, int(world[2] * share)))


def _learn_stream(made: Any, content: Any) -> tuple[Any, list[float]]:
    """A model that has learned a synthetic stream, and its events a second by tenth, without making the ratings."""
    from streamsvd.learner import IteratedSVD

    model = IteratedSVD(scale=made.dataset.scale, content=content)
    events, seconds, counts, done = made.ratings, [0.0] * 10, [0] * 10, 0
    for rows in made.blocks(min(BLOCK, max(events // 50, 1))):
        began = time.perf_counter()
        model.learn(rows.users, rows.items, rows.ratings, rows.timestamps)
        tenth = min(10 * done // events, 9)
        seconds[tenth] += time.perf_counter() - began
        counts[tenth] += len(rows)
        done += len(rows)
    return model, [n / s for n, s in zip(counts, seconds, strict=True)]


def _weights(model: Any) -> dict[str, dict[str, int]]:
    """Bytes of every array of the learner, by side; of the lists, the whole pool."""
    sides: dict[str, dict[str, int]] = {"users": {}, "items": {}, "all": {}}
    for name, value in model._memory._asdict().items():
        side = "users" if name in ("x", "seen") or name.startswith("user") else "all"
        side = "items" if name in ("y", "content") or name.startswith("item") else side
        parts = value if isinstance(value, tuple) else (value,)
        sides[side][name] = sum(part.nbytes for part in parts)
    for side, numbering in (("users", model._users), ("items", model._items)):
        objects = sys.getsizeof(numbering.rows) + sys.getsizeof(numbering.ids)
        sides[side]["ids"] = objects + sum(map(sys.getsizeof, numbering.ids))
    return sides


def _roofline(model: Any, rate: float) -> dict[str, float]:
    """Flops and bytes of an event, estimated from the dimensions, and shares of the peaks measured here and now.

    A multiplication and an addition are two flops. Bytes are what the kernels touch, wherever it lies; a row that is
    still in cache does not come from memory, so more than the memory's share is possible.
    """
    m, s = model._memory, model.settings
    d, d_item, n_content = m.x.shape[1], m.y.shape[1], m.content.shape[1]
    sides = (
        # width, packed P, (ratings revisited, refits) a rating, bytes of an entry and of the row that it leads to
        (d, m.user_cov, _refits(m.user_ints[: model.n_users, 0], s), 12 + 8 * (d_item + n_content)),
        (d_item, m.item_cov, _refits(m.item_ints[: model.n_items, 0], s), 8 + 8 * d),
    )
    flops = float(2 * (d + d_item))  # the prediction
    moved = 0.0
    for width, cov, (revisits, refits), reached in sides:
        packed = cov.shape[1]
        product = 4 * packed  # a symmetric matrix times a vector: each packed element serves twice
        rank_one = 2 * packed
        flops += product + rank_one + 4 * width
        flops += revisits * (2 * packed + 4 * width) + refits * (2 * packed * width + product)
        moved += 2 * cov.itemsize * packed + 2 * 8 * width
        moved += revisits * reached + refits * cov.itemsize * packed
    for weights, cov in ((m.g, m.g_cov), (m.c, m.c_cov)):  # small, and always in cache
        flops += 6 * cov.shape[0] + 4 * len(weights)
    peak_flops, peak_bytes = _peaks()
    return {
        "flops_per_event": flops,
        "bytes_per_event": moved,
        "revisits_per_event": sides[0][2][0] + sides[1][2][0],
        "refits_per_event": sides[0][2][1] + sides[1][2][1],
        "peak_flops_per_second": peak_flops,
        "peak_bytes_per_second": peak_bytes,
        "share_of_peak_flops": flops * rate / peak_flops,
        "share_of_peak_bytes": moved * rate / peak_bytes,
    }


def _refits(counts: Any, settings: Any) -> tuple[float, float]:
    """Ratings revisited by refits, and refits, per rating, of rows that have these counts now."""
    import math

    import numpy as np

    from streamsvd.kernels.refits import FEWEST

    if not math.isfinite(settings.gamma):
        return 0.0, 0.0
    revisits, refits, count = 0.0, 0, 2
    window = settings.window or math.inf
    ascending = np.sort(counts)
    while count <= ascending[-1]:
        reaching = len(ascending) - int(np.searchsorted(ascending, count))
        refits += reaching
        revisits += reaching * min(count, window)
        count += max(FEWEST, int(settings.gamma * count))
    total = float(counts.sum())
    return revisits / total, refits / total


def _peaks() -> tuple[float, float]:
    """Flops and bytes a second of one thread: a product of matrices that fit in cache, and a triad that does not."""
    import numpy as np

    a, b = np.random.default_rng(0).normal(size=(2, 512, 512))
    flops = 2 * 512**3 / min(_seconds(lambda: a @ b) for _ in range(10))
    x, y, out = np.ones(8_000_000), np.ones(8_000_000), np.ones(8_000_000)
    triad = _triad()
    triad(x, y, out)
    return flops, 3 * x.nbytes / min(_seconds(lambda: triad(x, y, out)) for _ in range(5))


def _triad() -> Any:
    import numba

    @numba.njit
    def triad(x, y, out):  # type: ignore[no-untyped-def]
        for k in range(len(x)):
            out[k] = x[k] + 3.0 * y[k]

    return triad


def _seconds(run: Any) -> float:
    began = time.perf_counter()
    run()
    return time.perf_counter() - began


def _part(name: str) -> dict[str, Any]:
    """One part, in a process of its own with one thread."""
    ran = subprocess.run(
        [sys.executable, __file__, *sys.argv[1:], "--part", name],
        env={**os.environ, "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"},
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    found: dict[str, Any] = json.loads(ran.stdout)
    return found


def _show(found: dict[str, Any]) -> list[str]:
    """Print what was found; returns the limits that are passed."""
    passed = []

    def check(what: str, name: str, value: float) -> None:
        if value > LIMITS[name]:
            passed.append(f"{what}: {name} is {value:.4g}, the limit is {LIMITS[name]:g}")

    for kind, f in found.get("flat", {}).items():
        rates, r = f["events_per_second_by_tenth"], f["roofline"]
        print(f"{kind}: {f['events']:,} events, {f['users']:,} users, {f['items']:,} items")
        print("  events/s by tenth: " + " ".join(f"{rate / 1e3:,.0f}k" for rate in rates))
        print(f"  an event of the last tenth costs {f['last_to_second_tenth']:.2f} × one of the second")
        print(f"  {r['flops_per_event']:,.0f} flops and {r['bytes_per_event']:,.0f} bytes an event; refits", end="")
        print(f" revisit {r['revisits_per_event']:.1f} ratings and solve {r['refits_per_event']:.2f} rows")
        print(f"  {r['share_of_peak_flops']:.1%} of {r['peak_flops_per_second'] / 1e9:.1f} GFLOP/s,", end="")
        print(f" {r['share_of_peak_bytes']:.1%} of {r['peak_bytes_per_second'] / 1e9:.1f} GB/s, one thread")
        check(f"flat, {kind}", "last_to_second_tenth", f["last_to_second_tenth"])
    for kind, f in found.get("memory", {}).items():
        print(f"{kind}: {f['events']:,} events, {f['users']:,} users, {f['items']:,} items")
        print(f"  {f['resident_bytes'] / 1e6:,.0f} MB resident, {f['array_bytes'] / 1e6:,.0f} MB in arrays and ids")
        for side in ("users", "items"):
            arrays = ", ".join(f"{name} {size / f[side]:,.0f}" for name, size in f["by_array"][side].items())
            print(f"  {f[f'bytes_per_{side[:-1]}']:,.0f} bytes per {side[:-1]}: {arrays}")
        check(f"memory, {kind}", "resident_bytes", f["resident_bytes"])
    if "first-call" in found:
        f = found["first-call"]
        for name in ("first_call", "cached_call"):
            taken, whole = f[f"{name}_seconds"], f[f"{name}_process_seconds"]
            print(f"{name}: {taken:.2f} s ({whole:.2f} s with imports); says: {f[f'{name}_says'] or 'nothing'}")
            check("first call", f"{name}_seconds", taken)
        if len(f["first_call_says"].splitlines()) != 1 or f["cached_call_says"]:
            passed.append("first call: one line is said when there is no cache, and none when there is")
    return passed


def main() -> None:
    """Run the parts, print, keep and judge."""
    from measured import add_out, write_json

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--events", type=int, default=FLAT[0])
    parser.add_argument("--memory-events", type=int, default=LARGE[0])
    parser.add_argument("--only", default="flat,memory,first-call", help="parts, with commas between them; others stay")
    parser.add_argument("--part", help=argparse.SUPPRESS)
    add_out(parser, RESULTS / "scaling.json")
    options = parser.parse_args()
    parts = {
        "flat": lambda: flat(options.events),
        "memory": lambda: memory(options.memory_events),
        "first-call": first_call,
    }
    if options.part:
        print(json.dumps(parts[options.part]()))
        return
    from measured import measured

    from streamsvd.ratings import Synthetic

    before = json.loads(options.out.read_text()) if options.out.exists() else {}
    found: dict[str, Any] = {name: before[name] for name in parts if name in before}  # parts that are not run stay
    found |= {name: _part(name) for name in options.only.split(",")}
    passed = _show(found)
    small = Synthetic()  # the figures that every benchmark begins with are of a small stream of the same kind
    figures = measured(small.table(), small.catalogue())
    write_json(options.out, {**figures, **found, "limits": LIMITS, "passed": passed})
    if passed:
        sys.exit("\n".join(passed))


if __name__ == "__main__":
    main()
