"""The manifest of a simulation: everything that its figures depend on, and the figures.

Runs whose inputs have the same digest have the same figures to the bit, so they are not repeated.
"""

from __future__ import annotations

import hashlib
import json
from typing import Any

import numpy as np
from numpy.typing import NDArray

from evaluation.metrics import Prequential
from evaluation.studies.simulation import Outcome, Run
from streamsvd.compiler import CACHE
from streamsvd.ratings import Catalogue, RatingTable, encode_item
from streamsvd.versions import package_versions

FORMAT = 1
_PACKAGES = ("streamsvd", "numpy", "numba")


def data_facts(table: RatingTable, catalogue: Catalogue | None) -> dict[str, Any]:
    """What identifies a history.

    The ratings have a checksum of their own besides that of the file: it is of what was read, whatever columns those
    were and whatever the file is called.
    """
    dataset = table.dataset
    columns = (table.users, table.items, table.ratings.astype(np.float64), table.timestamps)
    return {
        "name": dataset.name,
        "sha256": dataset.sha256,
        "ratings_sha256": _sha256(*map(_bytes, columns)),
        "catalogue_sha256": None if catalogue is None else _sha256(*map(encode_item, catalogue.values())),
        "ratings": len(table),
        "scale": list(dataset.scale),
    }


def inputs(data: dict[str, Any], run: Run) -> dict[str, Any]:
    """Everything that a run's figures depend on, as JSON values.

    Parameters
    ----------
    data : dict
        From `data_facts`.
    run : Run
    """
    spec, part = run.spec, run.events
    return {
        "format": FORMAT,
        "data": data,
        "model": {"kind": spec.kind, "settings": spec.settings, "seed": spec.seed, "catalogue": spec.catalogue},
        "stretch": {"from": part.first, "scored_from": part.scored_from, "until": part.end},
        "protocol": {
            "order": "predicted, scored, learned",
            "kinds": ["event", "page"],
            "window": run.window,
            "fading": Prequential().fading,
            "points": run.points,
        },
        "through": run.through,
        "versions": versions(),
    }


def digest(given: dict[str, Any]) -> str:
    """Of inputs, in hexadecimal; the order of names does not matter.

    >>> digest({"a": 1, "b": 2}) == digest({"b": 2, "a": 1}) != digest({"a": 1, "b": 3})
    True
    """
    return hashlib.sha256(json.dumps(given, sort_keys=True).encode()).hexdigest()


def manifest(
    given: dict[str, Any], run: Run, outcome: Outcome, table: RatingTable, *, command: list[str], started: str
) -> dict[str, Any]:
    """The whole manifest of a run that has ended.

    Parameters
    ----------
    given : dict
        From `inputs`.
    run : Run
    outcome : Outcome
    table : RatingTable
        The whole history.
    command : list of str
        The command line.
    started : str
        When, as ISO 8601.
    """
    part = table[run.events.first : run.events.end].times()
    return {
        "digest": digest(given),
        "label": run.spec.text,
        "inputs": given,
        "first_event_time": part["first_timestamp"],
        "last_event_time": part["last_timestamp"],
        "figures": outcome.figures,
        "command": command,
        "started": started,
        "seconds": outcome.seconds,
        "events_per_second": (run.events.end - run.events.first) / outcome.seconds,
    }


def versions() -> dict[str, str]:
    """Of Python, of the packages that decide a figure, and of the learner's own source."""
    return {**package_versions(*_PACKAGES), "learner": CACHE.name}


def _bytes(column: NDArray[Any]) -> bytes:
    """A column as bytes that differ when it differs."""
    return json.dumps(column.tolist()).encode() if column.dtype == object else column.tobytes()


def _sha256(*parts: bytes) -> str:
    found = hashlib.sha256()
    for part in parts:
        found.update(len(part).to_bytes(8, "little"))
        found.update(part)
    return found.hexdigest()
