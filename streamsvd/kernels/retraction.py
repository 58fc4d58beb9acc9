"""A rating taken back and a user erased: the rows that they touched end as if refitted from what remains."""

from __future__ import annotations

from streamsvd.compiler import compiled
from streamsvd.kernels.handles import memory_at, parameters_at
from streamsvd.kernels.learning import find, forget
from streamsvd.kernels.lists import FIRST, LENGTH, START, clear, drop
from streamsvd.kernels.memory import CHANGED, COUNT, IN_PRIOR, N_TOUCHED, NEXT_REFIT, PRIOR_USERS
from streamsvd.kernels.open_pages import forget_kept, forget_page, keep
from streamsvd.kernels.refits import next_refit, refit_item, refit_user, touch
from streamsvd.kernels.scoring import popularity_of


@compiled
def _refit_item_now(handle, i):  # type: ignore[no-untyped-def]
    m, p = memory_at(handle), parameters_at(handle)
    refit_item(handle, i, popularity_of(m.item_ints[i, COUNT]), 0.0, False)
    m.item_ints[i, NEXT_REFIT] = max(2, next_refit(m.item_ints[i, COUNT], p.gamma))
    m.item_ints[i, CHANGED] = 1


@compiled
def retract(handle, u, i):  # type: ignore[no-untyped-def]
    """Remove one rating; False where there is none."""
    m, p = memory_at(handle), parameters_at(handle)
    position, found = find(m.seen, u, i)
    if not found:
        return False
    keep(m, i)
    touch(handle, u)
    forget(handle, u, i)
    drop(m.seen, u, position)
    refit_user(handle, u)
    m.user_ints[u, NEXT_REFIT] = max(2, next_refit(m.user_ints[u, COUNT], p.gamma))
    m.user_ints[u, CHANGED] = 1
    _refit_item_now(handle, i)
    return True


@compiled
def erase(handle, u):  # type: ignore[no-untyped-def]
    """Remove a user's ratings from every item, and everything that its row number holds."""
    m = memory_at(handle)
    touch(handle, u)
    begin = m.seen.places[u, START] + m.seen.places[u, FIRST]
    rated = m.seen.entries[begin : begin + m.seen.places[u, LENGTH]]["item"].copy()
    forget_page(handle, u)
    for i in rated:
        forget_kept(handle, i)
        forget(handle, u, i)
    m.x[u], m.user_cov[u], m.user_stats[u] = 0.0, 0.0, 0.0
    for i in rated:
        _refit_item_now(handle, i)
    clear(m.user_window, u)
    clear(m.seen, u)
    m.scalars[PRIOR_USERS] -= m.user_ints[u, IN_PRIOR]
    kept = 0
    for k in range(m.counters[N_TOUCHED]):  # the number may belong to another user before the next renewal
        if m.touched[k] != u:
            m.touched[kept] = m.touched[k]
            kept += 1
    m.counters[N_TOUCHED] = kept
    m.user_ints[u] = 0
