"""Snapshots in files: export, import, and what differs between two of them."""
