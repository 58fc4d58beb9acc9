"""A learner's state to arrays and back, bit for bit.

Where a row lies in memory is no part of its state: two learners that have seen the same events give the same arrays,
however their streams were cut and however often they were saved and restored.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from streamsvd.errors import SettingsError, SnapshotCorrupt
from streamsvd.kernels import Id, Ragged, Rows, State, Structured, lists, memory
from streamsvd.kernels.memory import (
    CHANGED,
    COUNT,
    IN_PRIOR,
    KEPT,
    KEPT_ARRAYS,
    N_KEPT,
    N_PAGES,
    N_TOUCHED,
    NEXT_REFIT,
    PAGE,
    PAGE_ARRAYS,
    PAGE_USER,
    TOUCHED,
    Memory,
)
from streamsvd.kernels.versions import ROW
from streamsvd.learner.learner_rows import content_width
from streamsvd.learner.protocol import ContentSource, LearnerParts

GLOBALS = (
    "g",
    "g_cov",
    "c",
    "c_cov",
    "moments",
    "prior",
    "prior_cov",
    "variances",
    "scalars",
    "counters",
)


def export_state(model: LearnerParts, *, changed_only: bool) -> State:
    """The state of a learner, or its global part and the rows marked as changed."""
    m = model._memory
    user_rows, item_rows = model._users.taken()[0], np.arange(model.n_items)
    if changed_only:
        user_rows = user_rows[m.user_ints[user_rows, CHANGED] == 1]
        item_rows = item_rows[m.item_ints[item_rows, CHANGED] == 1]
    return State(
        settings={
            "settings": model.settings.to_dict(),
            "scale": [model.scale.low, model.scale.high],
            "seed": model.seed,
            "content": model.n_content,
        },
        globals_={
            **{name: getattr(m, name).copy() for name in GLOBALS},
            "touched": m.touched[: m.counters[N_TOUCHED]].copy(),
            **{name: getattr(m, name)[: m.counters[N_PAGES]].copy() for name in PAGE_ARRAYS},
            **{name: getattr(m, name)[: m.counters[N_KEPT]].copy() for name in KEPT_ARRAYS},
            "free_users": np.array(model._users.free, np.int64),
        },
        users=_user_rows(model, user_rows, list(model._erased) if changed_only else []),
        items=_item_rows(model, item_rows),
    )


def check_state(state: State, content: ContentSource | None) -> None:
    """Refuse a state from which no learner can be restored.

    Raises
    ------
    SettingsError
        If the content is not of the width that the state was made with, or an earlier release has written it.
    SnapshotCorrupt
        If rows are missing.
    """
    _check_content_width(state.settings["content"], content)
    _check_open_pages(state)
    _check_numbers(state)


def restore_state(model: LearnerParts, state: State) -> None:
    """Make a new learner, of the state's own settings, the one that `state` was taken from.

    Each block is asked for once and let go, the large ones first: they may come from a store, and the learner grows.
    """
    globals_, users, items = state.globals_, state.users, state.items
    free = globals_["free_users"]
    n_users, n_items = len(users) + len(free), len(items)
    m = memory.with_room(model._memory, n_users, n_items)
    _restore_user_training(m, users)
    user_window = _restored_lists(users, "window", memory.USER_ENTRY, n_users, len(m.x))
    seen = _restored_lists(users, "seen", memory.SEEN_ENTRY, n_users, len(m.x))
    item_window = _restored_lists(items, "window", memory.ITEM_ENTRY, n_items, len(m.y))
    _restore_item_training(m, items)
    _restore_user_factors(m, users)
    _restore_item_factors(m, items)
    model._memory = m._replace(
        **{name: globals_[name].copy() for name in GLOBALS},
        **{name: _padded(globals_[name], len(getattr(m, name))) for name in ("touched", *PAGE_ARRAYS, *KEPT_ARRAYS)},
        user_window=user_window,
        item_window=item_window,
        seen=seen,
    )
    _find_pages(model._memory)
    model._users.restore(users.ids, users.numbers, free.tolist())
    model._items.restore(items.ids, np.arange(n_items), [])


def user_factors(model: LearnerParts, rows: NDArray[np.int64]) -> Structured:
    """What a lookup needs of some users."""
    m, d = model._memory, 3 + model.n_content + model.settings.rank
    factors: Structured = np.zeros(
        len(rows),
        [("x", "<f8", (d,)), ("count", "<i8"), ("stats", "<f8", (m.user_stats.shape[1],))],
    )
    factors["x"], factors["count"], factors["stats"] = m.x[rows, :d], m.user_ints[rows, COUNT], m.user_stats[rows]
    return factors


def item_factors(model: LearnerParts, rows: NDArray[np.int64]) -> Structured:
    """What a lookup needs of some items."""
    m, d_item = model._memory, 1 + model.settings.rank
    factors: Structured = np.zeros(
        len(rows),
        [
            ("y", "<f8", (d_item,)),
            ("count", "<i8"),
            ("stats", "<f8", (m.item_stats.shape[1],)),
            ("content", "<f8", (m.content.shape[1],)),
        ],
    )
    factors["y"], factors["count"], factors["stats"] = m.y[rows, :d_item], m.item_ints[rows, COUNT], m.item_stats[rows]
    factors["content"] = m.content[rows]
    return factors


def user_training(model: LearnerParts, rows: NDArray[np.int64]) -> Structured:
    """What steers the learning of some users."""
    m = model._memory
    training: Structured = np.zeros(
        len(rows),
        [("cov", "<f4", (m.user_cov.shape[1],)), ("next_refit", "<i8"), ("in_prior", "u1"), ("touched", "u1")],
    )
    training["cov"], training["next_refit"] = m.user_cov[rows], m.user_ints[rows, NEXT_REFIT]
    training["in_prior"], training["touched"] = m.user_ints[rows, IN_PRIOR], m.user_ints[rows, TOUCHED]
    return training


def _user_rows(model: LearnerParts, rows: NDArray[np.int64], removed: list[Id]) -> Rows:
    m = model._memory
    return Rows(
        numbers=rows,
        ids=model._users.names(rows),
        fixed={"factors": user_factors(model, rows), "training": user_training(model, rows)},
        ragged={
            "window": Ragged(*lists.gather(m.user_window, rows)),
            "seen": Ragged(*lists.gather(m.seen, rows)),
        },
        removed=removed,
    )


def _item_rows(model: LearnerParts, rows: NDArray[np.int64]) -> Rows:
    m = model._memory
    training: Structured = np.zeros(len(rows), [("cov", "<f4", (m.item_cov.shape[1],)), ("next_refit", "<i8")])
    training["cov"], training["next_refit"] = m.item_cov[rows], m.item_ints[rows, NEXT_REFIT]
    return Rows(
        numbers=rows,
        ids=model._items.names(rows),
        fixed={"factors": item_factors(model, rows), "training": training},
        ragged={"window": Ragged(*lists.gather(m.item_window, rows))},
    )


def _restore_user_training(m: Memory, users: Rows) -> None:
    training, rows = users.fixed["training"], users.numbers
    m.user_cov[rows], m.user_ints[rows, NEXT_REFIT] = training["cov"], training["next_refit"]
    m.user_ints[rows, IN_PRIOR], m.user_ints[rows, TOUCHED] = training["in_prior"], training["touched"]


def _restore_user_factors(m: Memory, users: Rows) -> None:
    factors, rows = users.fixed["factors"], users.numbers
    m.x[rows, : factors["x"].shape[1]] = factors["x"]
    m.user_stats[rows], m.user_ints[rows, COUNT] = factors["stats"], factors["count"]


def _restore_item_training(m: Memory, items: Rows) -> None:
    training, rows = items.fixed["training"], items.numbers
    m.item_cov[rows], m.item_ints[rows, NEXT_REFIT] = training["cov"], training["next_refit"]


def _restore_item_factors(m: Memory, items: Rows) -> None:
    factors, rows = items.fixed["factors"], items.numbers
    m.y[rows, : factors["y"].shape[1]] = factors["y"]
    m.item_stats[rows], m.content[rows] = factors["stats"], factors["content"]
    m.item_ints[rows, COUNT] = factors["count"]


def _restored_lists(rows: Rows, name: str, entry: np.dtype[Any], n: int, room: int) -> lists.Lists:
    """The lists of `n` row numbers, with room for more.

    Raises
    ------
    SettingsError
        An earlier release has written them: their entries would be taken for others.
    """
    block = rows.ragged[name]
    if len(block.values) and block.values.dtype != entry:
        raise SettingsError(
            f"this model was saved with {block.values.dtype.itemsize} bytes for each rating of a list {name!r}, "
            f"this release keeps {entry.itemsize}: learn it again from the log, or use the release that saved it"
        )
    return lists.load(entry, block.values, _spread(block.offsets, rows.numbers, n), room)


def _spread(offsets: NDArray[np.int64], numbers: NDArray[np.int64], rows: int) -> NDArray[np.int64]:
    """Offsets over all row numbers, from those over the numbers in use; the others are empty."""
    lengths = np.zeros(rows, np.int64)
    lengths[numbers] = np.diff(offsets)
    return np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)


def _find_pages(m: Memory) -> None:
    """Which page is each user's, and which version is each item's newest."""
    users = m.page_ints[: m.counters[N_PAGES], PAGE_USER]
    open_pages = np.flatnonzero(users >= 0)
    m.user_ints[users[open_pages], PAGE] = open_pages
    items = m.kept_links[: m.counters[N_KEPT], ROW]
    versions = np.flatnonzero(items >= 0)
    m.item_ints[items[versions], KEPT] = versions  # of several, the last


def _padded(values: NDArray[Any], size: int) -> NDArray[Any]:
    padded = np.zeros((max(size, 2 * len(values)), *values.shape[1:]), values.dtype)
    padded[: len(values)] = values
    return padded


def _check_content_width(expected: int, content: ContentSource | None) -> None:
    """Refuse a content source that a state was not made with."""
    found = content_width(content)
    if found != expected:
        raise SettingsError(
            f"this model was made with {expected} columns of item content, the given catalogue has {found}; "
            "give the catalogue that it was made with"
        )


def _check_open_pages(state: State) -> None:
    """Refuse a state that an earlier release has written, without lists of pages."""
    if "page_ints" not in state.globals_:
        raise SettingsError(
            "this model was saved by a release that knew one open page only: learn it again from the log, or use the "
            "release that saved it"
        )


def _check_numbers(state: State) -> None:
    """Refuse a state whose rows do not belong together: each row number has to be that of one row, or free."""
    free = state.globals_["free_users"]
    for side, numbers in (("user", np.concatenate([state.users.numbers, free])), ("item", state.items.numbers)):
        if not np.array_equal(np.sort(numbers), np.arange(len(numbers))):
            raise SnapshotCorrupt(f"{side} rows are missing or twice there; rebuild the snapshot from the log")
