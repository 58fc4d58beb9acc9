"""The stored runs of one history: finding those that exist, adding new ones."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from evaluation.studies.simulation import Outcome, Run
from evaluation.studies.simulation_folder import Format, StoredRun, stored_runs, write_run
from evaluation.studies.simulation_manifest import data_facts, digest, inputs, manifest
from evaluation.studies.simulation_pictures import draw_run
from streamsvd.ratings import Catalogue, RatingTable


class RunArchive:
    """The folder of some runs.

    Parameters
    ----------
    table : RatingTable
        The whole history.
    catalogue : Catalogue or None
    folder : Path
        Made with the first run that is kept.
    kind : {"parquet", "csv"}
        What metrics are written as.
    picture : bool
        Whether runs are drawn.
    """

    def __init__(
        self, table: RatingTable, catalogue: Catalogue | None, folder: Path, kind: Format, *, picture: bool
    ) -> None:
        self._table, self._folder, self._kind, self._picture = table, folder, kind, picture
        self._data = data_facts(table, catalogue)
        self._there = {run.digest: run for run in stored_runs(folder)} if folder.exists() else {}

    def known(self, run: Run) -> StoredRun | None:
        """The same run, if it is there."""
        return self._there.get(digest(self._inputs(run)))

    def keep(self, run: Run, outcome: Outcome, *, command: Sequence[str], started: str) -> StoredRun:
        """Write a run that has ended; it replaces the same run.

        Parameters
        ----------
        run : Run
        outcome : Outcome
        command : sequence of str
            The command line.
        started : str
            When, as ISO 8601.
        """
        given, before = self._inputs(run), self.known(run)
        found = manifest(given, run, outcome, self._table, command=list(command), started=started)
        title = f"{self._data['name']}: {run.spec.text}"
        dated = not self._table.is_file_order
        drawing = draw_run(title, outcome.curve, outcome.figures, dated=dated) if self._picture else None
        instead_of = None if before is None else before.path
        kept = write_run(self._folder, found, outcome.curve, self._kind, drawing, instead_of)
        self._there[kept.digest] = kept
        return kept

    def _inputs(self, run: Run) -> dict[str, Any]:
        return inputs(self._data, run)
