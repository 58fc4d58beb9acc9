"""Folders of simulations: whole or not there, known by the digest of all that their figures depend on."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any, get_args

import numpy as np
import pytest

from evaluation.models import parse_spec
from evaluation.studies.run_archive import RunArchive
from evaluation.studies.simulation import Run, event_range, simulate
from evaluation.studies.simulation_folder import Format, stored_runs, write_run
from evaluation.studies.simulation_lookup import look_up
from evaluation.studies.simulation_manifest import data_facts, digest, inputs
from evaluation.studies.simulation_pictures import draw_runs
from streamsvd.errors import InputError
from streamsvd.ratings import RatingTable, Synthetic

WORLD = Synthetic(ratings=600, users=60, items=300)
TABLE, CATALOGUE = WORLD.table(), WORLD.catalogue()
RUN = Run(spec=parse_spec("rank=2"), events=event_range(TABLE), window=100, points=20)
STARTED = {"command": ["streamsvd", "simulate"], "started": "2026-01-02T03:04:05+00:00"}


def archive(folder: Path, kind: Format = "csv", *, picture: bool = False) -> RunArchive:
    return RunArchive(TABLE, CATALOGUE, folder, kind, picture=picture)


def digest_of(run: Run, table: RatingTable = TABLE, catalogue: Any = CATALOGUE) -> str:
    return digest(inputs(data_facts(table, catalogue), run))


@pytest.mark.parametrize("kind", get_args(Format))
def test_a_run_is_read_as_it_was_written(tmp_path: Path, kind: Format) -> None:
    outcome = simulate(TABLE, CATALOGUE, RUN)
    archive(tmp_path / "runs", kind, picture=True).keep(RUN, outcome, **STARTED)
    (found,) = stored_runs(tmp_path / "runs")
    assert {name: (a.dtype, a.tobytes()) for name, a in found.curve().items()} == {
        name: (a.dtype, a.tobytes()) for name, a in outcome.curve.items()
    }
    assert found.manifest["figures"] == outcome.figures
    assert found.manifest["inputs"]["data"]["sha256"] == TABLE.dataset.sha256
    assert found.manifest["inputs"]["versions"].keys() == {"python", "streamsvd", "numpy", "numba", "learner"}
    assert {path.name for path in found.path.iterdir()} == {
        "manifest.json",
        "metrics.png",
        "metrics.svg",
        f"metrics.{kind}",
    }


def test_the_same_run_writes_the_same_bytes_but_for_its_times(tmp_path: Path) -> None:
    folders = [tmp_path / name for name in "ab"]
    for folder in folders:
        archive(folder, picture=True).keep(RUN, simulate(TABLE, CATALOGUE, RUN), **STARTED)
    first, second = (stored_runs(folder)[0] for folder in folders)
    for name in ("metrics.csv", "metrics.png", "metrics.svg"):
        assert (first.path / name).read_bytes() == (second.path / name).read_bytes()
    times = {"seconds", "events_per_second"}
    assert {k: v for k, v in first.manifest.items() if k not in times} == {
        k: v for k, v in second.manifest.items() if k not in times
    }


def test_a_run_that_is_there_is_recognised_by_another_process(tmp_path: Path) -> None:
    before = archive(tmp_path)
    assert before.known(RUN) is None
    before.keep(RUN, simulate(TABLE, CATALOGUE, RUN), **STARTED)
    after = archive(tmp_path)
    assert after.known(RUN) is not None
    assert after.known(replace(RUN, window=101)) is None


def test_a_run_that_is_repeated_replaces_itself(tmp_path: Path) -> None:
    archive(tmp_path).keep(RUN, simulate(TABLE, CATALOGUE, RUN), **STARTED)
    archive(tmp_path, "parquet").keep(RUN, simulate(TABLE, CATALOGUE, RUN), **STARTED)
    assert [sorted(path.name for path in run.path.iterdir()) for run in stored_runs(tmp_path)] == [
        ["manifest.json", "metrics.parquet"]
    ]


def test_everything_that_decides_a_figure_is_in_the_digest() -> None:
    one = np.arange(len(TABLE)) == 7
    others = [
        digest_of(replace(RUN, spec=parse_spec("rank=3"))),
        digest_of(replace(RUN, spec=parse_spec("rank=2,seed=1"))),
        digest_of(replace(RUN, spec=parse_spec("rank=2,catalogue=no"))),
        digest_of(replace(RUN, events=event_range(TABLE, 1))),
        digest_of(replace(RUN, events=event_range(TABLE, scored_from=1))),
        digest_of(replace(RUN, points=21)),
        digest_of(replace(RUN, through="kafka")),
        digest_of(RUN, catalogue=None),
        digest_of(RUN, replace(TABLE, ratings=np.where(one, 0.5, TABLE.ratings))),
        digest_of(RUN, replace(TABLE, items=np.array([str(item) for item in TABLE.items], object))),
    ]
    assert len({digest_of(RUN), *others}) == 1 + len(others)


def test_what_cannot_be_written_leaves_nothing(tmp_path: Path) -> None:
    outcome = simulate(TABLE, CATALOGUE, RUN)
    manifest = {"inputs": {"data": {"name": "a"}}, "label": "b", "digest": "c", "started": "", "figures": {}}
    with pytest.raises(ValueError, match="nan"):
        write_run(tmp_path, {**manifest, "bad": float("nan")}, outcome.curve, "csv", None, None)
    (tmp_path / "a.b.c").mkdir()
    (tmp_path / "a.b.c" / "taken").touch()
    with pytest.raises(InputError, match=r"a\.b\.c cannot be written: .*; name another --out"):
        write_run(tmp_path, manifest, outcome.curve, "csv", None, None)
    assert [path.name for path in tmp_path.iterdir()] == ["a.b.c"]
    assert stored_runs(tmp_path) == []


def test_damage_is_told(tmp_path: Path) -> None:
    path = archive(tmp_path).keep(RUN, simulate(TABLE, CATALOGUE, RUN), **STARTED).path
    (path / "metrics.csv").unlink()
    with pytest.raises(InputError, match="its metrics cannot be read"):
        stored_runs(tmp_path)[0].curve()
    (path / "manifest.json").write_text(json.dumps({"digest": "x"}))
    with pytest.raises(InputError, match="not a manifest of streamsvd; remove the folder"):
        stored_runs(tmp_path)
    with pytest.raises(InputError, match="is no folder; `streamsvd simulate"):
        stored_runs(tmp_path / "none")


def test_without_times_there_are_no_dates(tmp_path: Path) -> None:
    table = replace(TABLE, timestamps=np.arange(len(TABLE)), is_file_order=True)
    outcome = simulate(table, CATALOGUE, RUN)
    RunArchive(table, CATALOGUE, tmp_path, "csv", picture=True).keep(RUN, outcome, **STARTED)
    (found,) = stored_runs(tmp_path)
    assert not found.is_dated
    assert found.manifest["last_event_time"] is None
    assert b"by date" not in (found.path / "metrics.svg").read_bytes()
    curves = [("rank=2", found.curve(), outcome.figures)]
    assert b"by date" in draw_runs("toy", curves).svg
    assert b"by date" not in draw_runs("toy", curves, dated=False).svg
    shown = look_up(table, CATALOGUE, replace(RUN, events=event_range(table, None, 500)), int(table.users[550]))
    assert shown.event_time is None
    assert {item.rated_at for item in shown.items} == {None}


def test_several_runs_are_drawn_with_their_names() -> None:
    outcome = simulate(TABLE, CATALOGUE, RUN)
    drawing = draw_runs("toy", [("rank=2", outcome.curve, outcome.figures)] * 9)
    assert b"rank=2" in drawing.svg
    assert drawing.png.startswith(b"\x89PNG")
