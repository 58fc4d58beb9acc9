"""Write the tables of README from the figures in benchmarks/results/.

    python benchmarks/write_tables.py           # writes
    python benchmarks/write_tables.py --check   # fails when README says something else

A table stands between two comments, `<!-- table: NAME -->` and `<!-- end -->`.
"""

from __future__ import annotations

import json
import math
import re
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
RESULTS = ROOT / "benchmarks" / "results"
PAGES = ("README.md",)
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
        "| data set | the model knows | ratings | RMSE, event | MAE, event | RMSE, page | MAE, page | RMSE, last 5,000 |",
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


def speed() -> list[str]:
    """The consumer beside the bare client, and the learner alone."""
    f = read("throughput")
    lines = [
        "| what | ratings a second | of the bare client |",
        "| --- | --- | --- |",
    ]
    names = {
        "bare client": "kafka-python alone, records read and dropped",
        "ratings only": "the consumer: Kafka, learner, Redis; ratings only",
        "with catalogue": "the consumer; with genres and year",
    }
    rates = {name: sorted(values)[len(values) // 2] for name, values in f["rates"].items()}
    lines += [f"| {label} | {rates[name]:,.0f} | {f['ratios'][name]:.2f} |" for name, label in names.items()]
    for kind, label in KINDS.items():
        alone = read(f"ml-latest-small.{kind}.evaluate")["events_per_second"]
        lines.append(f"| the learner in process; {label} | {alone:,.0f} | |")
    return lines


TABLES = {"accuracy": accuracy, "speed": speed}


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
