"""A snapshot file's version in the place of a model: a whole write, fenced, and switched in one step."""

from __future__ import annotations

from dataclasses import replace

from redis.client import Pipeline

from model_store.codec.keys import SIDES, Keys, Side
from model_store.files.snapshot_file import SnapshotFile
from model_store.write.checkpoint_step import head_commands
from model_store.write.stage import Stage
from streamsvd.ratings import ProgressCallback


class ReplacementStep:
    """The step that replaces a model with a file's version; see `ModelWriter.replace`.

    Parameters
    ----------
    keys : Keys
    file : SnapshotFile
    token : int
        The writer's.
    stored : int
        Version that the store holds; the new one is the file's, or the next one when that is not beyond it.
    """

    whole = True
    staged: tuple[Side, ...] = SIDES

    def __init__(self, keys: Keys, file: SnapshotFile, token: int, stored: int) -> None:
        self._keys = keys
        self._file = file
        self.version = max(file.head.version, stored + 1)
        version = self.version
        catalogue = version if file.head.catalogue_version else 0
        self.head = replace(file.head, version=version, token=token, base=version, catalogue_version=catalogue)
        self.doc = self.head.encode()
        self.bytes = len(self.doc)

    def follows(self, version: int) -> bool:
        """Whether it may be written after this version."""
        return self.version > version

    def stage_rows(self, stage: Stage, progress: ProgressCallback = lambda _done, _total: None) -> None:
        """Stage all rows."""
        first = {self._keys.name(self._keys.block(side, min(self.head.blocks[side]))): side for side in self._sides()}
        for page in self._file.pages(progress):
            stage.put(f"{self._keys.prefix}{page.name}", page.fields, page.values)
            if page.name in first:
                stage.mark(first[page.name], page.fields)
        self.bytes += stage.bytes

    def _sides(self) -> list[Side]:
        return [side for side in SIDES if self.head.blocks[side]]

    def queue(self, pipe: Pipeline) -> None:
        """Add the commands to a transaction; the rows are staged already."""
        for command in head_commands(self._keys, self.head, self.doc, kept=0):
            pipe.execute_command(*command)  # type: ignore[no-untyped-call]
