"""Accuracy does not drop: the learner's errors on both sets are within the tolerance of the recorded ones."""

from __future__ import annotations

import importlib.util
import math
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest
from published_sets import BOTH

_SCRIPT = Path(__file__).parent.parent.parent / "benchmarks" / "gate.py"
KINDS = ("ratings-only", "with-catalogue")
_RECORD = {"tolerance": 0.0005, "errors": {"a": 0.9, "old": 0.8}, "excluded": {"old": "no longer measured"}}


@pytest.fixture(scope="module")
def gate() -> ModuleType:
    spec = importlib.util.spec_from_file_location("benchmark_gate", _SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("name", BOTH)
def test_accuracy_is_not_lost(gate: ModuleType, published: Callable[[str], Path], name: str) -> None:
    record = gate.read()
    sha256, measured = gate.measure(name, published(name))
    assert sha256 == record["sha256"][name]
    assert gate.lost(record, measured) == []


def test_every_recorded_error_is_measured(gate: ModuleType) -> None:
    record = gate.read()
    measured = {f"{name}.{kind}.{error}" for name in gate.SETS for kind in KINDS for error in gate.ERRORS}
    assert set(record["errors"]) == measured
    assert all(math.isfinite(error) for error in record["errors"].values())
    assert all(reason for reason in record["excluded"].values())


@pytest.mark.parametrize(
    ("error", "expected"),
    [(0.9, 0), (0.8, 0), (0.90049, 0), (0.90051, 1), (0.95, 1), (math.nan, 1)],
)
def test_a_drop_is_found(gate: ModuleType, error: float, expected: int) -> None:
    assert len(gate.lost(_RECORD, {"a": error})) == expected


def test_an_excluded_error_is_not_judged_and_a_new_one_must_be_recorded(gate: ModuleType) -> None:
    assert gate.lost(_RECORD, {"old": 2.0}) == []
    (sentence,) = gate.lost(_RECORD, {"b": 0.1})
    assert "b is not recorded" in sentence
