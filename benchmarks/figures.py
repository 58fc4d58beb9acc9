"""The figures of README: every set in process and through Kafka and Redis, with and without the catalogue.

    python benchmarks/figures.py [SET …]

Each run is a command of its own, as a user would type it; its JSON object is kept in benchmarks/results/. The script
fails when the two ways do not agree to the last digit.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from pathlib import Path

from measured import add_out, write_json

RESULTS = Path(__file__).parent / "results"
SETS = ("ml-100k", "ml-latest-small")
SAME = ("events", "users", "items", "rmse_event", "mae_event", "rmse_page", "mae_page", "rmse_last_window", "settings")


def run(command: str, data: str, catalogue: bool) -> dict[str, object]:
    """Run one command on one set and keep its figures."""
    kind = "with-catalogue" if catalogue else "ratings-only"
    options = [] if catalogue else ["--no-catalogue"]
    options += ["--no-dashboard"] if command == "demo" else []
    ran = subprocess.run(
        [sys.executable, "-m", "streamsvd", command, data, *options, "--json"], check=True, stdout=subprocess.PIPE
    )
    found: dict[str, object] = json.loads(ran.stdout)
    write_json(RESULTS / f"{data}.{kind}.{command}.json", found)
    print(
        f"{data:16} {kind:15} {command:9} RMSE {found['rmse_event']:.4f} {found['events_per_second']:>10,.0f} ratings/s"
    )
    return found


def main() -> None:
    """Run them all."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sets", nargs="*", default=SETS, metavar="SET", help="a name, folder, zip or ratings file")
    add_out(parser)
    options = parser.parse_args()
    runs = []
    for data in options.sets:
        for catalogue in (True, False):
            in_process, streamed = run("evaluate", data, catalogue), run("demo", data, catalogue)
            differing = [name for name in SAME if in_process[name] != streamed[name]]
            if differing:
                sys.exit(f"{data}: in process and through Kafka differ in {', '.join(differing)}")
            runs += [in_process, streamed]
    if options.out is not None:  # the last set with its catalogue, through Kafka and Redis; and all runs
        write_json(options.out, {**runs[-3], "runs": runs})


if __name__ == "__main__":
    main()
