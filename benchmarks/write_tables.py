"""Write the tables of README and docs from the figures in benchmarks/results/.

    python benchmarks/write_tables.py           # writes
    python benchmarks/write_tables.py --check   # fails when a page says something else

A table stands between two comments, `<!-- table: NAME -->` and `<!-- end -->`.
"""

from __future__ import annotations

import json
import math
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from streamsvd.kernels.calibration_terms import CalibrationTerm

ROOT = Path(__file__).parent.parent
RESULTS = ROOT / "benchmarks" / "results"
PAGES = ("README.md", "docs/benchmarks.md", "docs/lookups.md", "docs/redis-layout.md")
KINDS = {"with-catalogue": "genres and year", "ratings-only": "ratings only"}


def read(name: str) -> dict[str, Any]:
    """One result; NaN in it is an error."""
    found: dict[str, Any] = json.loads((RESULTS / f"{name}.json").read_text())
    if any(isinstance(value, float) and math.isnan(value) for value in found.values()):
        sys.exit(f"{name} holds NaN")
    return found


def accuracy() -> list[str]:
    """Error of both protocols on each set."""
    lines = [
        "| data set | model input | ratings | RMSE, event | MAE, event | RMSE, page | MAE, page | RMSE, last 5,000 |",
        "| --- | --- | --- | --- | --- | --- | --- | --- |",
    ]
    for data in ("ml-100k", "ml-latest-small"):
        for kind, label in KINDS.items():
            f = read(f"{data}.{kind}.demo")
            errors = " | ".join(
                f"{f[name]:.4f}" for name in ("rmse_event", "mae_event", "rmse_page", "mae_page", "rmse_last_window")
            )
            lines.append(f"| {data} | {label} | {f['events']:,} | {errors} |")
    return lines


PIPELINE_SETS = {"synthetic": "400,000 synthetic ratings", "ml-latest-small": "ml-latest-small"}


def speed() -> list[str]:
    """The consumer and the producer compared with the clients alone, and the learner alone."""
    lines = _of_bare("consumers") + _of_bare("producers")[2:]
    for kind, label in KINDS.items():
        alone = read(f"ml-latest-small.{kind}.evaluate")["events_per_second"]
        lines.append(f"| the learner and its figures in process (`streamsvd evaluate`); {label} | | {alone:,.0f} |")
    return lines


def _of_bare(part: str) -> list[str]:
    """Rates of consumers or producers on each set, and how they compare with the bare client."""
    sets = [read("pipeline")["sets"][name][part] for name in PIPELINE_SETS]
    lines = ["| ratings a second | " + " | ".join(PIPELINE_SETS.values()) + " |", "| --- | --- | --- |"]
    for name, label in _PIPELINE[part].items():
        cells = (f"{one[name]['ratings_per_second']:,.0f} ({one[name]['of_bare']:.2f} ×)" for one in sets)
        lines.append(f"| {label} | " + " | ".join(cells) + " |")
    return lines


_PIPELINE = {
    "consumers": {
        "kafka-python alone": "kafka-python alone, records read and dropped",
        "confluent-kafka alone": "confluent-kafka alone, records read and dropped",
        "quix-streams, genres and year": "quix-streams and our learner; genres and year; nothing stored",
        "consumer, genres and year": "**the consumer**: Kafka, learner, figures, Redis; genres and year",
        "consumer, ratings only": "**the consumer**; ratings only",
    },
    "producers": {
        "kafka-python alone": "kafka-python alone, records that were made beforehand sent",
        "replay": "**replay**, from a table to the last confirmation",
    },
}


def pipeline_parts() -> list[str]:
    """Where the consumer's time goes."""
    sets = [read("pipeline")["sets"][name]["microseconds"] for name in PIPELINE_SETS]
    lines = [
        "| µs of CPU a rating, under a profiler | " + " | ".join(PIPELINE_SETS.values()) + " |",
        "| --- | --- | --- |",
    ]
    for name in sets[0]:
        cells = (f"{one[name]:.2f} ({one[name] / sum(one.values()):.0%})" for one in sets)
        lines.append(f"| {name} | " + " | ".join(cells) + " |")
    without = [
        read("pipeline")["sets"][name]["consumers"]["consumer, genres and year"]["cpu_microseconds"]
        for name in PIPELINE_SETS
    ]
    numbers = " and ".join(f"{one:.1f}" for one in without)
    return [*lines, "", f"The profiler takes time itself: read the shares. Without it the consumer needs {numbers} µs."]


def at_scale() -> list[str]:
    """As many ratings as MovieLens 25M, produced and consumed."""
    f = read("at-scale")
    memory, consumer = f["resident_megabytes"], f["consumer"]
    parts = ", ".join(f"{name} {size:,.0f}" for name, size in memory.items() if name != "together")
    return [
        f"| {f['ratings']:,} ratings, {f['users']:,} users, {f['items']:,} items | |",
        "| --- | --- |",
        f"| from the first rating sent to the last one learned and stored | {f['seconds']:,.0f} s |",
        f"| the consumer's CPU, and the producer's | {consumer['cpu_seconds']:,.0f} s, "
        f"{f['producer']['cpu_seconds']:,.0f} s |",
        f"| checkpoints, and their time | {consumer['checkpoints']}, {consumer['checkpoint_seconds']:,.0f} s |",
        f"| rate of the last tenth, by CPU; that of the second = 1 | {f['last_tenth_of_second']:.2f} |",
        f"| most memory of all together | {memory['together']:,.0f} MB |",
        f"| most of each, at different times | {parts} MB |",
    ]


PEER_SETS = ("ml-100k", "ml-latest-small")


def _or_dash(value: float | None, form: str) -> str:
    return "–" if value is None else format(value, form)


def peers() -> list[str]:
    """RMSE of every peer on both sets."""
    columns = {"event": "rmse_event", "page": "rmse_page", "late": "rmse_event_after_first_fit"}
    return _peer_errors("RMSE", columns)


def peers_mae() -> list[str]:
    """MAE of every peer on both sets."""
    return _peer_errors("MAE", {"event": "mae_event", "page": "mae_page"})


def _peer_errors(measure: str, columns: dict[str, str]) -> list[str]:
    sets = [read(f"peers.{data}") for data in PEER_SETS]
    lines = [
        f"| {measure} | " + " | ".join(f"{f['dataset']}, {name}" for f in sets for name in columns) + " |",
        "| --- " * (1 + len(columns) * len(sets)) + "|",
    ]
    for rows in zip(*(f["peers"] for f in sets), strict=True):
        errors = " | ".join(_or_dash(row[name], ".4f") for row in rows for name in columns.values())
        lines.append(f"| {rows[0]['name']} | {errors} |")
    return lines + [f"\nNot compared, since it is not installed: {name}." for name in sets[0]["missing"]]


def peers_speed() -> list[str]:
    """Speed of every peer on both sets, and of River's."""
    sets = [read(f"peers.{data}") for data in PEER_SETS]
    forms = (("arrays", "in arrays"), ("one_call", "one call"))
    lines = [
        "| ratings a second (of River) | "
        + " | ".join(f"{f['dataset']}, {name}" for f in sets for _, name in forms)
        + " |",
        "| --- " * (1 + len(forms) * len(sets)) + "|",
    ]
    for rows in zip(*(f["peers"] for f in sets), strict=True):
        cells = []
        for row in rows:
            for form, _ in forms:
                rate = row["ratings_per_second"].get(form)
                of_river = "" if rate is None or rate["of_river"] is None else f" ({rate['of_river']:.2f} ×)"
                cells.append("–" if rate is None else f"{rate['median']:,.0f}{of_river}")
        lines.append(f"| {rows[0]['name']} | {' | '.join(cells)} |")
    return lines


def peers_settings() -> list[str]:
    """Every setting of every peer."""
    f = read(f"peers.{PEER_SETS[0]}")
    lines = ["| learner | settings |", "| --- | --- |"]
    for row in f["peers"]:
        values = {**row["settings"].get("settings", {}), **row["settings"]}
        texts = (f"{name} {value}" for name, value in values.items() if name not in ("settings", "scale"))
        lines.append(f"| {row['name']} | {', '.join(texts)} |")
    versions = ", ".join(f"{name} {version}" for name, version in f["versions"].items())
    return [*lines, "", f"Versions: {versions}."]


def taking_in() -> list[str]:
    """Ratings a second that implicit and the learner take in one by one."""
    lines = ["| ratings a second | implicit ALS, 8 factors | IteratedSVD, one call |", "| --- | --- | --- |"]
    for data in PEER_SETS:
        f = read(f"peers.{data}")["implicit"]
        if f is not None:
            lines.append(f"| {data} | {f['ratings_per_second']:,.0f} | {f['ours_per_second']:,.0f} |")
    return lines


def scaling() -> list[str]:
    """Cost per event, memory, roofline and first call."""
    f = read("scaling")
    lines = ["| what | " + " | ".join(KINDS.values()) + " |", "| --- | --- | --- |"]

    def line(what: str, part: str, text: Callable[[dict[str, Any]], str]) -> None:
        lines.append(f"| {what} | " + " | ".join(text(f[part][kind]) for kind in KINDS) + " |")

    large = f["memory"]["ratings-only"]
    line("events", "flat", lambda k: f"{k['events']:,}")
    line("last tenth's cost, second tenth's = 1", "flat", lambda k: f"{k['last_to_second_tenth']:.2f}")
    line("ratings a second, last tenth", "flat", lambda k: f"{k['events_per_second_by_tenth'][9]:,.0f}")
    line("flops an event", "flat", lambda k: f"{k['roofline']['flops_per_event']:,.0f}")
    line("bytes an event", "flat", lambda k: f"{k['roofline']['bytes_per_event']:,.0f}")
    line("of the machine's peak flops", "flat", lambda k: f"{k['roofline']['share_of_peak_flops']:.1%}")
    line("of its peak bytes", "flat", lambda k: f"{k['roofline']['share_of_peak_bytes']:.1%}")
    size = f"{large['events']:,} ratings, {large['users']:,} users, {large['items']:,} items"
    line(f"resident, {size}", "memory", lambda k: f"{k['resident_bytes'] / 1e6:,.0f} MB")
    line("bytes a user", "memory", lambda k: f"{k['bytes_per_user']:,.0f}")
    line("bytes an item", "memory", lambda k: f"{k['bytes_per_item']:,.0f}")
    first, cached = f["first-call"]["first_call_seconds"], f["first-call"]["cached_call_seconds"]
    return [*lines, "", f"The learner's first call: {first:.1f} s without compiled cache, {cached:.2f} s with it."]


def cross_validation() -> list[str]:
    """Random 5-fold cross-validation of the batch model."""
    f = read("cross-validation")
    lines = ["| ml-100k, 5 folds, seeds 0, 1, 2 | RMSE | seconds a fit |", "| --- | --- | --- |"]
    for kind, label in KINDS.items():
        lines.append(f"| batch fit; {label} | {f[kind]['rmse']:.4f} | {f[kind]['seconds_a_fit']:.2f} |")
    if f["surprise_svd_seconds_a_fit"] is not None:
        lines.append(f"| Surprise's default SVD, on the same folds | | {f['surprise_svd_seconds_a_fit']:.2f} |")
    return lines


def service() -> list[str]:
    """The service under load, with the consumer idle and at work."""
    f = read("service")
    lines = [
        "| /recommend, {:,.0f} times a second, {:,} items | p50 | p99 | errors |".format(f["rate"], f["served_items"]),
        "| --- | --- | --- | --- |",
    ]
    for name, label in (("idle", "consumer idle"), ("learning", f"learning {f['learned_per_second']:,.0f} ratings/s")):
        part = f[name]
        times = f"{part['p50_milliseconds']:.1f} ms | {part['p99_milliseconds']:.1f} ms"
        lines.append(f"| {label} | {times} | {part['errors']:.0f} |")
    text = f"p99 while learning is {f['p99_of_idle']:.2f} of that idle."
    if f["most_requests_per_second"] is not None:
        text += f" Most requests a second, 8 connections, consumer idle: {f['most_requests_per_second']:,.0f}."
    return [*lines, "", text]


def freshness() -> list[str]:
    """From produce to visible, in live mode."""
    f = read("freshness")["freshness"]
    lines = ["| produced until visible in `recommend` | p50 | p90 | p99 | longest |", "| --- | --- | --- | --- | --- |"]
    times = " | ".join(f"{f['milliseconds'][name]:.0f} ms" for name in ("p50", "p90", "p99", "max"))
    lines.append(f"| live mode, {f['rate']:,.0f} ratings a second, {f['ratings']:,} ratings | {times} |")
    return lines


def snapshots() -> list[str]:
    """Whole snapshots at the size of MovieLens 25M."""
    f = read("snapshots")["snapshots"]
    labels = {"write": "whole write", "export": "export to a file", "import": "import of the file"}
    lines = [
        f"| {f['users']:,} users, {f['items']:,} items, {f['redis_bytes'] / 1e6:,.0f} MB in Redis | seconds "
        "| longest wait of a lookup | peak memory of the process |",
        "| --- | --- | --- | --- |",
    ]
    for name, label in labels.items():
        wait, peak = f[name]["longest_wait_seconds"], f[name]["peak_rss_bytes"]
        lines.append(f"| {label} | {f[name]['seconds']:.1f} | {wait:.2f} s | {peak / 1e6:,.0f} MB |")
    more = f["write"]["more_memory_bytes"] / 1e6
    return [*lines, "", f"The writer holds the model, and {more:,.0f} MB more while it writes."]


def checkpoints() -> list[str]:
    """Checkpoints and a restart at the size of MovieLens 25M."""
    f = read("checkpoints")["checkpoints"]
    lines = [
        f"| {f['users']:,} users, {f['items']:,} items | CPU seconds of the consumer | of Redis | sent |",
        "| --- | --- | --- | --- |",
    ]
    for name, row in f["write"]["writes"].items():
        label = "whole write" if name == "all" else f"{name} users changed"
        sent = f"{row['bytes'] / 1e6:,.0f} MB"
        lines.append(f"| {label} | {row['cpu_seconds']:.2f} | {row['redis_cpu_seconds']:.2f} | {sent} |")
    row = f["restore"]
    lines.append(f"| read back, at a start | {row['cpu_seconds']:.2f} | {row['redis_cpu_seconds']:.2f} | |")
    size, peak = row["model_bytes"] / 1e6, row["peak_bytes"] / row["model_bytes"]
    return [*lines, "", f"The model takes {size:,.0f} MB, and {peak:.2f} times as much at most while it is read back."]


def ranking() -> list[str]:
    """Hit rate, NDCG and MRR of every order of a list on both sets."""
    sets = [read(f"ranking.{data}") for data in PEER_SETS]
    columns = [f"{kind}, {protocol}" for kind in ("hit rate", "NDCG", "MRR") for protocol in ("event", "page")]
    lines = ["| data set | list by | " + " | ".join(columns) + " |", "| --- " * (2 + len(columns)) + "|"]
    for f in sets:
        for row in f["orders"]:
            names = (f"{kind}_{protocol}" for kind in ("hit_rate", "ndcg", "mrr") for protocol in ("event", "page"))
            lines.append(f"| {f['dataset']} | {row['name']} | " + " | ".join(f"{row[n]:.4f}" for n in names) + " |")
    asked = " and ".join(f"{f['orders'][0]['lists']:,}" for f in sets)
    return [*lines, "", f"Lists asked for: {asked}, on one page in {sets[0]['every']}."]


def lookups() -> list[str]:
    """A recommendation compared with NumPy and implicit."""
    f = read("lookups")
    lines = [
        "| milliseconds, median | " + " | ".join(_size(name) for name in f["sizes"]) + " |",
        "| --- " * (1 + len(f["sizes"])) + "|",
    ]
    names = {
        "numpy": "NumPy: matrix-vector product and argpartition",
        "implicit": "implicit's `recommend`",
        "by what is chosen and liked": "**ours: scoring and ranking**, by what is chosen and liked, the default",
        "scoring and ranking": "ours: by predicted rating",
        "round trip to Redis": "the round trip to Redis",
        "recommend": "all of `recommend`",
    }
    rows = f["sizes"].values()
    for name, label in names.items():
        times = (_or_dash(row["seconds"].get(name), "") for row in rows)
        lines.append(f"| {label} | " + " | ".join(t if t == "–" else f"{1e3 * float(t):.3f}" for t in times) + " |")
    orders = {"by what is chosen and liked": "the default", "scoring and ranking": "by predicted rating"}
    for own, label in orders.items():
        for peer, title in (("numpy", "NumPy"), ("implicit", "implicit")):
            seconds = [row["seconds"] for row in rows]
            shares = (_or_dash(each[own] / each[peer] if peer in each else None, ".2f") for each in seconds)
            lines.append(f"| {label}, {title} = 1 | " + " | ".join(shares) + " |")
    lines += ["", "| 162,000 users, 60,000 items, genres and year | milliseconds |", "| --- | --- |"]
    return lines + [f"| {name} | {1e3 * value:,.1f} |" for name, value in f["large"].items()]


def _size(name: str) -> str:
    items, kind = name.split(".")
    return f"{int(items):,} items, {KINDS[kind]}"


def calibration_terms() -> list[str]:
    """The terms of the calibration, from the table that the kernels use."""
    rows = [f"| {term.value} | `{term.name.lower()}` | {term.formula} |" for term in CalibrationTerm]
    return ["| place | term | in a lookup |", "| --- | --- | --- |", *rows]


TABLES = {
    "calibration_terms": calibration_terms,
    "service": service,
    "freshness": freshness,
    "snapshots": snapshots,
    "checkpoints": checkpoints,
    "cross_validation": cross_validation,
    "accuracy": accuracy,
    "speed": speed,
    "pipeline_parts": pipeline_parts,
    "at_scale": at_scale,
    "peers": peers,
    "peers_mae": peers_mae,
    "ranking": ranking,
    "peers_speed": peers_speed,
    "peers_settings": peers_settings,
    "taking_in": taking_in,
    "scaling": scaling,
    "lookups": lookups,
}


def written(text: str) -> str:
    """The page with every table as the results say."""

    def table(match: re.Match[str]) -> str:
        return "\n".join([match[1], "", *TABLES[match[2]](), "", "<!-- end -->"])

    return re.sub(r"(<!-- table: (\w+) -->).*?<!-- end -->", table, text, flags=re.DOTALL)


def main() -> None:
    """Write, or check."""
    for page in PAGES:
        path = ROOT / page
        before = path.read_text()
        after = written(before)
        if "--check" in sys.argv and before != after:
            sys.exit(f"{page} and benchmarks/results differ; run: make bench")
        path.write_text(after)


if __name__ == "__main__":
    main()
