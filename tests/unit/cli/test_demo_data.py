"""Which data a demonstration takes, and the one line that says why."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from streamsvd.cli.demo_data import demo_data
from streamsvd.errors import DatasetError
from streamsvd.ratings import datasets
from streamsvd.ratings.sources import GroupLens, Network, ProgressCallback, SourceFailed

CSV = "userId,movieId,rating,timestamp\n1,2,3,881250949\n"


class Nowhere(GroupLens):
    """A source that never has it."""

    def fetch(self, target: Path, network: Network, progress: ProgressCallback | None) -> None:
        del target, network, progress
        raise SourceFailed("GroupLens", "does not answer", "<urlopen error [Errno -2] Name or service not known>")


@pytest.fixture
def environ(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """An environment in which nothing is on the machine and no source has anything."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    for name in ("ml-100k", "ml-latest-small"):
        monkeypatch.setitem(datasets.SOURCES, name, (Nowhere(name, None),))
    return {"STREAMSVD_DATA": str(tmp_path)}


@pytest.mark.parametrize(
    ("here", "source", "said"),
    [
        (["ml-latest-small", "ml-100k"], "ml-latest-small", []),
        (
            ["ml-100k"],
            "ml-100k",
            ["ml-latest-small cannot be had (GroupLens does not answer), so this is ml-100k."],
        ),
        (
            [],
            "synthetic",
            [
                "ml-latest-small cannot be had (GroupLens does not answer); ml-100k cannot be had (GroupLens does not "
                "answer): so this is the synthetic stream. `streamsvd doctor` says more."
            ],
        ),
    ],
)
def test_the_best_set_that_can_be_had(
    environ: dict[str, str], tmp_path: Path, here: Sequence[str], source: str, said: Sequence[str]
) -> None:
    for name in here:
        (tmp_path / name).mkdir()
        (tmp_path / name / "ratings.csv").write_text(CSV)
    heard: list[str] = []
    found, table, _ = demo_data(None, environ, heard.append)
    assert found == (source if source == "synthetic" else str(tmp_path / source))
    assert table.dataset.name == source
    assert heard == said


def test_a_set_that_cannot_be_read_is_said_without_its_error(environ: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "ml-latest-small").mkdir()
    (tmp_path / "ml-latest-small" / "ratings.csv").write_text("rubbish\n")
    heard: list[str] = []
    demo_data(None, environ, heard.append)
    assert heard[0].startswith("ml-latest-small cannot be had (its files cannot be read); ml-100k")


def test_what_was_asked_for_is_not_replaced(environ: dict[str, str]) -> None:
    with pytest.raises(DatasetError, match="ml-100k cannot be had: GroupLens does not answer"):
        demo_data("ml-100k", environ, print)
