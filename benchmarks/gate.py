"""The accuracy that must not be lost: recorded errors with permanent names, measured again in a few seconds.

    python benchmarks/gate.py             # exit status 1 when an error has grown by the tolerance or more
    python benchmarks/gate.py --update    # after a change that was meant: record today's errors

A name never changes its meaning; what is no longer measured moves to `excluded` in gate.json, with the reason.
CI runs the same comparison in tests/unit/test_benchmark_gate.py.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from pathlib import Path
from typing import Any

from measured import add_out, write_json
from measured import measured as figures_of

from evaluation import Prequential, evaluate
from streamsvd.learner import IteratedSVD
from streamsvd.ratings import load

RECORD = Path(__file__).parent / "gate.json"
SETS = ("ml-100k", "ml-latest-small")
ERRORS = ("rmse_event", "mae_event", "rmse_page")


def read() -> dict[str, Any]:
    """What is recorded: `tolerance`, `sha256` by set, `errors` by name, and `excluded` names with their reasons."""
    found: dict[str, Any] = json.loads(RECORD.read_text())
    return found


def measure(name: str, folder: Path | None = None) -> tuple[str, dict[str, float]]:
    """Checksum of a set, and the learner's errors on it with default settings, by permanent name.

    Parameters
    ----------
    name : str
    folder : Path, optional
        Where the set lies; by default it is located as by the commands.
    """
    table, catalogue = load(str(folder or name), environ=os.environ)
    found = {}
    for kind, content in (("ratings-only", None), ("with-catalogue", catalogue)):
        model = IteratedSVD(scale=table.dataset.scale, content=content)
        figures = evaluate(model, table, Prequential()).figures()
        found.update({f"{name}.{kind}.{error}": getattr(figures, error) for error in ERRORS})
    return table.dataset.sha256, found


def lost(record: dict[str, Any], measured: dict[str, float]) -> list[str]:
    """What has grown by the tolerance or more, one sentence each; unrecorded names too."""
    sentences = []
    for name, error in measured.items():
        if name in record["excluded"]:
            continue
        if name not in record["errors"]:
            sentences.append(f"{name} is not recorded; run: python benchmarks/gate.py --update")
        elif not error - record["errors"][name] < record["tolerance"]:  # NaN is lost too
            sentences.append(
                f"{name} was {record['errors'][name]:.5f} and is {error:.5f}: worse by {record['tolerance']} or more"
            )
    return sentences


def main() -> None:
    """Compare, or record."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--update", action="store_true", help="record today's errors")
    add_out(parser)
    options = parser.parse_args()
    record, measured, checksums = read(), {}, {}
    for name in SETS:
        checksums[name], errors = measure(name)
        measured.update(errors)
    for name, error in measured.items():
        before = record["errors"].get(name)
        change = "new" if before is None else f"{error - before:+.5f}"
        print(f"{name:45} {error:.5f}  {change}{'  excluded' if name in record['excluded'] else ''}")
    if options.out is not None:
        write_json(options.out, figures_of(*load(SETS[-1], environ=os.environ), errors=measured))
    if options.update:
        record.update(sha256=checksums, errors={name: round(error, 6) for name, error in measured.items()})
        RECORD.write_text(json.dumps(record, indent=2) + "\n")
        return
    others = [name for name in SETS if checksums[name] != record["sha256"].get(name)]
    if others:
        sys.exit(f"{', '.join(others)}: not the ratings file that the record was made from (another checksum)")
    sentences = lost(record, measured)
    if sentences:
        sys.exit("\n".join(sentences))


if __name__ == "__main__":
    main()
