"""What `streamsvd snapshot` shows: JSON objects and tables."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from rich.console import Group
from rich.text import Text

from model_store import Head, Inventory, Snapshot
from model_store.files import SideDiff
from streamsvd.cli.tables import age, as_text, facts_grid, megabytes, new_table
from streamsvd.errors import SnapshotMissing
from streamsvd.ratings import utc_day


def inventory_object(found: Inventory, now: float) -> dict[str, Any]:
    """One model, for programs; times in seconds, sizes in bytes."""
    head = found.head
    return {
        "model": found.model,
        "version": head.version,
        "kept_versions": [version for version in found.versions if version != head.version],
        "written_at": head.written_at,
        "age_seconds": max(0.0, now - head.written_at),
        "event_time": head.event_time,
        "users": found.users,
        "items": found.items,
        "events": head.summary.get("events"),
        "rmse": head.summary.get("rmse"),
        "memory_bytes": found.memory,
        "kept_memory_bytes": found.kept_memory,
    }


def models_table(found: list[Inventory], now: float) -> Any:
    """All models."""
    if not found:
        return Text("No model here. Learn one: streamsvd replay ml-latest-small, then streamsvd consume --until-end")
    table = new_table("", "model", "version", "age", "users", "items", "ratings", "RMSE", "memory", no_wrap=True)
    table.columns[0].no_wrap, table.columns[0].overflow = False, "fold"
    for one in found:
        head, kept = one.head, len(one.versions) - 1
        table.add_row(
            one.model,
            f"{head.version} (+{kept})" if kept else str(head.version),
            age(now - head.written_at),
            f"{one.users:,}",
            f"{one.items:,}",
            as_text(head.summary.get("events")),
            as_text(head.summary.get("rmse")),
            megabytes(one.memory),
        )
    return table


def version_of(found: Inventory | None, model: str, version: int | None) -> tuple[Inventory, Head]:
    """A model and one of its versions; `SnapshotMissing` when there is none."""
    if found is None:
        raise SnapshotMissing(f"Redis holds no model {model!r}; `streamsvd snapshot ls` shows which there are")
    head = found.head if version is None else found.versions.get(version)
    if head is None:
        there = ", ".join(map(str, found.versions))
        raise SnapshotMissing(f"version {version} of model {model!r} is not kept; there are {there}")
    return found, head


def shown(found: Inventory, head: Head, now: float) -> dict[str, Any]:
    """One version, for programs. The memory of a block is known for the newest version only."""
    newest, rows = head.version == found.head.version, _rows(found, head)
    blocks = [{**asdict(block), "rows": rows[block.side]} for block in found.blocks]
    return {
        **inventory_object(found, now),
        "version": head.version,
        "newest_version": found.head.version,
        "written_at": head.written_at,
        "age_seconds": max(0.0, now - head.written_at),
        "event_time": head.event_time,
        **rows,
        "events": head.summary.get("events"),
        "rmse": head.summary.get("rmse"),
        "token": head.token,
        "base": head.base,
        "offsets": {f"{topic}/{number}": offset for (topic, number), offset in sorted(head.offsets.items())},
        "marks": head.marks,
        "genres": list(head.genres),
        "summary": head.summary,
        "settings": head.settings,
        "blocks": blocks if newest else [{**block, "memory": None} for block in blocks],
    }


def version_table(found: Inventory, head: Head, now: float) -> Any:
    """One version: facts, and what its rows are made of."""
    offsets = ", ".join(f"{topic}/{number}: {offset:,}" for (topic, number), offset in sorted(head.offsets.items()))
    facts = {
        "model": found.model,
        "version": f"{head.version} of writer {head.token}; the newest is {found.head.version}",
        "kept": ", ".join(str(version) for version in found.versions if version != found.head.version) or "–",
        "age": age(now - head.written_at),
        "ratings": f"{as_text(head.summary.get('events'))}, until {utc_day(head.event_time)}",
        "RMSE, last window": as_text(head.summary.get("rmse")),
        "data set": str(head.summary.get("dataset") or "–"),
        "next offsets": offsets or "–",
        "memory": f"{megabytes(found.memory)}, of which kept versions {megabytes(found.kept_memory)}",
    }
    table = new_table("", "block", "kind", "rows", "bytes an element", "bytes a row", "memory", left=2)
    table.caption, table.caption_justify = "memory, bytes a row: estimated by Redis, of the newest version", "left"
    rows = _rows(found, head)
    for block in found.blocks:
        a_row = block.memory / block.rows if block.rows else 0
        name = f"{block.side} {block.name}"
        element = f"{block.element_bytes:,}"
        table.add_row(name, block.kind, as_text(rows[block.side]), element, f"{a_row:,.0f}", megabytes(block.memory))
    for side, newest in (("users", found.users), ("items", found.items)):
        memory = sum(block.memory for block in found.blocks if block.side == side)
        a_row = memory / max(newest, 1)
        table.add_row(Text(side, style="bold"), "", as_text(rows[side]), "", f"{a_row:,.0f}", megabytes(memory))
    return Group(facts_grid(*facts.items()), table)


def _rows(found: Inventory, head: Head) -> dict[str, Any]:
    """Users and items of one version: every block of a side has as many rows. None where its writer did not say."""
    if head.version == found.head.version:
        return {"users": found.users, "items": found.items}
    return {side: head.summary.get(side) for side in ("users", "items")}


def compared(before: Snapshot, after: Snapshot, users: SideDiff, items: SideDiff) -> dict[str, Any]:
    """Two versions, for programs."""
    return {
        "before": _figures(before.head),
        "after": _figures(after.head),
        "users": asdict(users),
        "items": asdict(items),
    }


def differences_table(before: Snapshot, after: Snapshot, users: SideDiff, items: SideDiff) -> Any:
    """Two versions, side by side."""
    table = new_table("", "", *(f"version {head.version}" for head in (before.head, after.head)))
    table.add_row("ratings", *(as_text(head.summary.get("events")) for head in (before.head, after.head)))
    table.add_row("RMSE, last window", *(as_text(head.summary.get("rmse")) for head in (before.head, after.head)))
    table.add_row("ratings until", utc_day(before.head.event_time), utc_day(after.head.event_time))
    table.add_row("users", f"{before.users:,}", f"{after.users:,}")
    table.add_row("items", f"{before.items:,}", f"{after.items:,}")
    parts: list[Any] = [table]
    for name, side in (("users", users), ("items", items)):
        parts.append(
            Text(
                f"{name}: {len(side.added):,} new, {len(side.removed):,} gone, {side.changed:,} changed "
                f"(by {side.mean_move:.4f} on average), {side.same:,} the same"
            )
        )
        if side.movers:
            columns = ["moved", "new ratings", name.removesuffix("s"), *(["title"] if name == "items" else [])]
            movers = new_table(f"{name} that moved most", *columns, left=len(columns))
            for column in movers.columns[:2]:
                column.justify = "right"
            for move in side.movers:
                title = [move.title or "–"] if name == "items" else []
                movers.add_row(f"{move.moved:.4f}", f"{move.ratings:+,}", str(move.id), *title)
            parts.append(movers)
    return Group(*parts)


def _figures(head: Head) -> dict[str, Any]:
    summary = head.summary
    return {
        "version": head.version,
        "event_time": head.event_time,
        "events": summary.get("events"),
        "rmse": summary.get("rmse"),
    }
