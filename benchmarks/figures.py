"""The figures of README: every set in process and through Kafka and Redis, with and without the catalogue.

    python benchmarks/figures.py [SET …]

Each run is a command of its own, as a user would type it; its JSON object is kept in benchmarks/results/. The script
fails when the two ways do not agree to the last digit.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

RESULTS = Path(__file__).parent / "results"
SETS = ("ml-100k", "ml-latest-small")
SAME = ("events", "users", "items", "rmse_event", "mae_event", "rmse_page", "mae_page", "rmse_last_window", "settings")


def run(command: str, data: str, catalogue: bool) -> dict[str, object]:
    """Run one command on one set and keep its figures."""
    kind = "with-catalogue" if catalogue else "ratings-only"
    target = RESULTS / f"{data}.{kind}.{command}.json"
    options = [] if catalogue else ["--no-catalogue"]
    subprocess.run(
        [sys.executable, "-m", "streamsvd", command, data, *options, "--json", target],
        check=True,
        stdout=subprocess.DEVNULL,
    )
    found: dict[str, object] = json.loads(target.read_text())
    print(
        f"{data:16} {kind:15} {command:9} RMSE {found['rmse_event']:.4f} {found['events_per_second']:>10,.0f} ratings/s"
    )
    return found


def main() -> None:
    """Run them all."""
    RESULTS.mkdir(exist_ok=True)
    for data in sys.argv[1:] or SETS:
        for catalogue in (True, False):
            in_process, streamed = run("evaluate", data, catalogue), run("demo", data, catalogue)
            differing = [name for name in SAME if in_process[name] != streamed[name]]
            if differing:
                sys.exit(f"{data}: in process and through Kafka differ in {', '.join(differing)}")


if __name__ == "__main__":
    main()
