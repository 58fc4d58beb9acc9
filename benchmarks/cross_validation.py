"""Random 5-fold cross-validation of the batch model on ml-100k, compared with Surprise's SVD where it is installed.

    python benchmarks/cross_validation.py [--seeds 0 1 2] [--out FILE]

The ridge is chosen inside the training folds, on a tenth of them held out, for each fold. A fit's time is that of
the fit with the chosen ridge; Surprise's is its default SVD, on the same fold, in the same run.
"""

from __future__ import annotations

import argparse
import os
import statistics
import time
from pathlib import Path
from typing import Any

import numpy as np
from measured import add_out, measured, write_json
from numpy.typing import NDArray

from streamsvd.learner import Settings
from streamsvd.learner.batch import fit
from streamsvd.ratings import Catalogue, RatingTable, load

RESULTS = Path(__file__).parent / "results"
RIDGES = (10.0, 12.5, 15.0, 17.5)


def rmse(predicted: NDArray[np.float64], given: NDArray[Any]) -> float:
    """Root of the mean squared error."""
    return float(np.sqrt(((predicted - given) ** 2).mean()))


def error_of(
    table: RatingTable, content: Catalogue | None, train: NDArray[Any], test: NDArray[Any], ridge: float
) -> float:
    """Error on `test` of a fit on `train`."""
    model = fit(
        table.users[train],
        table.items[train],
        table.ratings[train],
        settings=Settings(ridge=ridge),
        scale=table.dataset.scale,
        content=content,
    )
    return rmse(model.predict(table.users[test], table.items[test]), table.ratings[test])


def surprise_fit(table: RatingTable, train: NDArray[Any]) -> float | None:
    """Seconds of a fit of Surprise's default SVD; None where it is not installed."""
    try:
        import pandas as pd
        from surprise import SVD, Dataset, Reader
    except ImportError:
        return None
    columns = {"user": table.users[train], "item": table.items[train], "rating": table.ratings[train]}
    data = Dataset.load_from_df(pd.DataFrame(columns), Reader(rating_scale=table.dataset.scale)).build_full_trainset()
    began = time.perf_counter()
    SVD(random_state=0).fit(data)
    return time.perf_counter() - began


def main() -> None:
    """Run all folds of all seeds; print and write the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    add_out(parser, RESULTS / "cross-validation.json")
    options = parser.parse_args()
    table, catalogue = load("ml-100k", environ=os.environ)
    fit([1, 2], [1, 2], [3, 4])  # compiled before anything is timed
    found: dict[str, Any] = {"seeds": options.seeds}
    theirs: list[float] = []
    for kind, content in (("with-catalogue", catalogue), ("ratings-only", None)):
        errors, seconds, chosen = [], [], []
        for seed in options.seeds:
            fold = np.random.default_rng(seed).permutation(len(table)) % 5
            for number in range(5):
                train, test = np.flatnonzero(fold != number), np.flatnonzero(fold == number)
                inner = np.random.default_rng(seed).permutation(len(train)) % 10 == 0
                inside = {r: error_of(table, content, train[~inner], train[inner], r) for r in RIDGES}
                ridge = min(inside, key=lambda r: inside[r])
                began = time.perf_counter()
                errors.append(error_of(table, content, train, test, ridge))
                seconds.append(time.perf_counter() - began)
                chosen.append(ridge)
                if content is None and (other := surprise_fit(table, train)) is not None:
                    theirs.append(other)
        found[kind] = {
            "rmse": statistics.mean(errors),
            "rmse_by_fold": errors,
            "seconds_a_fit": statistics.median(seconds),
            "ridges": chosen,
        }
        print(f"{kind:15} RMSE {statistics.mean(errors):.4f}, {statistics.median(seconds):.2f} s a fit")
    found["surprise_svd_seconds_a_fit"] = statistics.median(theirs) if theirs else None
    if theirs:
        print(f"Surprise's default SVD: {statistics.median(theirs):.2f} s a fit")
    write_json(options.out, {**measured(table, catalogue), **found})


if __name__ == "__main__":
    main()
