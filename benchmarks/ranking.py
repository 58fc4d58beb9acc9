"""Which order of a list finds what users like next: hit rate, NDCG and MRR at 10, before each rating of 4 or more.

    pip install 'streamsvd[peers]'
    python benchmarks/ranking.py [SET …] [--every 3]

Every order is asked the same questions, on every third page: see evaluation/metrics/ranking.py. Popularity and ALS
learn from the same events and no others. implicit's ALS is refitted every 5,000 ratings, with a user's ratings since
then folded in at once; its settings are the best of five that were tried on both sets, in hindsight, and before its
first fit it lists the most popular. Ours has one setting for all sets. Writes benchmarks/results/ranking.SET.json.
"""

from __future__ import annotations

import argparse
import os
import sys
import warnings
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from measured import add_out, measured, write_json
from numpy.typing import NDArray
from rich.console import Console

from evaluation import Ranking, RankingSampler
from evaluation.metrics import ORDERS, Order
from streamsvd.cli.figures import versions
from streamsvd.cli.kernel_cache import warm_up
from streamsvd.learner import Choices, Id, IteratedSVD, LiveItems, best_ids, ranked_ids
from streamsvd.ratings import Catalogue, RatingTable, load

RESULTS = Path(__file__).parent / "results"
SETS = ("ml-100k", "ml-latest-small")
REFIT_EVERY = 5_000
ALS = {"factors": 32, "regularization": 1.0, "alpha": 1.0, "iterations": 15, "num_threads": 1, "random_state": 0}
NAMES = {
    "choice": "chosen and liked (the default of recommend)",
    "rating": "predicted rating",
    "popular": "most popular",
    "recent": "most popular lately",
    "als": "implicit ALS, refitted every 5,000",
}


class Als:
    """implicit's ALS on what users rated 4 or more, as an order of a list."""

    def __init__(self, table: RatingTable) -> None:
        from implicit.als import AlternatingLeastSquares

        self._make = AlternatingLeastSquares
        liked = np.flatnonzero(table.ratings >= 4.0)
        self._users, self._items, self._at = table.users[liked].tolist(), table.items[liked].tolist(), liked
        self._by_user: dict[Id, list[int]] = {}
        for k, user in enumerate(self._users):
            self._by_user.setdefault(user, []).append(k)
        self._fitted = 0
        self._factors: NDArray[np.float64] = np.zeros((0, ALS["factors"]))

    def __call__(self, items: LiveItems, user: Id, n: int, excluded: NDArray[np.int32]) -> list[Id]:
        """The best for a user, whose liked items are folded in."""
        now = len(items.model)
        if now // REFIT_EVERY > self._fitted:
            self._fit(items, now)
        numbers = [items.numbers.get(self._items[k], -1) for k in self._by_user.get(user, []) if self._at[k] < now]
        known = [number for number in numbers if 0 <= number < len(self._factors)]
        if not known:
            return ranked_ids(items, user, n, "popular", excluded)
        chosen = self._factors[known]
        row = np.linalg.solve(self._gram + ALS["alpha"] * chosen.T @ chosen, (1 + ALS["alpha"]) * chosen.sum(axis=0))
        scores = np.zeros(items.size)  # an item that came since has no factors yet
        scores[: len(self._factors)] = self._factors @ row
        return best_ids(items, scores, n, excluded)

    def _fit(self, items: LiveItems, now: int) -> None:
        from scipy.sparse import csr_matrix

        until = now - now % REFIT_EVERY
        k = int(np.searchsorted(self._at, until))
        rows = np.unique(np.array(self._users[:k], object).astype(str), return_inverse=True)[1]
        columns = [items.numbers[item] for item in self._items[:k]]
        matrix = csr_matrix((np.ones(k, np.float32), (rows, columns)), shape=(int(rows.max()) + 1, items.size))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about BLAS' threads, which so small matrices do not use
            fitted = self._make(**ALS)
            fitted.fit(matrix, show_progress=False)
        self._factors, self._fitted = fitted.item_factors.astype(np.float64), now // REFIT_EVERY
        self._gram = self._factors.T @ self._factors + ALS["regularization"] * np.eye(ALS["factors"])


def by_recent_popularity(items: LiveItems, _: Id, n: int, excluded: NDArray[np.int32]) -> list[Id]:
    """The number of ratings, halving every 5,000."""
    return best_ids(items, items.shares, n, excluded)


def compare(table: RatingTable, catalogue: Catalogue | None, every: int) -> dict[str, Any]:
    """All orders on one data set."""
    orders: dict[str, Order] = {**ORDERS, "recent": by_recent_popularity}
    missing = {}
    try:
        orders["als"] = Als(table)
    except ImportError as error:
        missing["implicit"] = f"{error}; pip install 'streamsvd[peers]'"
        print(f"NOT COMPARED: implicit: {missing['implicit']}", file=sys.stderr)
    sampler = RankingSampler({name: Ranking() for name in orders}, every=every, orders=orders)
    model, choices = IteratedSVD(scale=table.dataset.scale, content=catalogue), Choices()
    for start in range(0, len(table), 1000):
        part = table[start : start + 1000]
        sampler.learn(model, choices, part.users, part.items, part.ratings, part.timestamps)
    rows = []
    print(f"\n{table.dataset.name}, {len(table):,} ratings, {sampler.ranking['choice'].lists:,} lists")
    for name, ranking in sampler.ranking.items():
        found = asdict(ranking.figures())
        rows.append({"order": name, "name": NAMES[name], **found})
        figures = "  ".join(f"{key} {found[key]:.4f}" for key in found if key.endswith(("event", "page")))
        print(f"{NAMES[name]:46} {figures}", flush=True)
    return {"every": every, "orders": rows, "als": ALS, "missing": missing}


def main() -> None:
    """Compare on every set."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sets", nargs="*", default=SETS, metavar="SET", help="a name, folder, zip or ratings file")
    parser.add_argument("--every", type=int, default=3, help="sample one page in so many")
    add_out(parser)
    options = parser.parse_args()
    warm_up(Console(stderr=True))
    for name in options.sets:
        table, catalogue = load(name, environ=os.environ)
        found = {**measured(table, catalogue), **compare(table, catalogue, options.every)}
        found["versions"] = versions("implicit")
        write_json(RESULTS / f"ranking.{found['dataset']}.json", found)
        if options.out is not None:  # of several sets, the last one
            write_json(options.out, found)


if __name__ == "__main__":
    main()
