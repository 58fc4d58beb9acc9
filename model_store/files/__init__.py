"""Snapshots in files: export and import, and what differs between two versions."""

from model_store.files.export import export_snapshot
from model_store.files.snapshot_diff import SideDiff, diff_snapshots
from model_store.files.snapshot_file import SnapshotFile

__all__ = ["SideDiff", "SnapshotFile", "diff_snapshots", "export_snapshot"]
