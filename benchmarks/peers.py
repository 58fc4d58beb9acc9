"""IteratedSVD compared with its peers: error and speed on the same events, in one run, in one thread.

    pip install 'streamsvd[peers]'
    python benchmarks/peers.py [SET …] [--rounds 3]

Every speed is a ratio to River's BiasedMF with its defaults: of medians over rounds in which all take turns, so that a
busy machine slows all of them alike. Writes benchmarks/results/peers.SET.json.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
import warnings
from pathlib import Path
from typing import Any

import numpy as np
from measured import add_out, measured, write_json
from rich.console import Console

from evaluation.studies import BASIS, INSTALL, Stream, installed_peers, peer_errors, peer_rates, peer_seconds
from streamsvd.cli.figures import versions
from streamsvd.cli.kernel_cache import warm_up
from streamsvd.learner import IteratedSVD
from streamsvd.ratings import load

RESULTS = Path(__file__).parent / "results"
SETS = ("ml-100k", "ml-latest-small")
SAMPLE = 500  # ratings that implicit takes in


def folding(stream: Stream) -> dict[str, Any]:
    """How long implicit takes to take a rating in: it predicts who will watch, not the rating, so no error is shown."""
    from implicit.als import AlternatingLeastSquares
    from scipy.sparse import csr_matrix

    t = stream.table
    users, rows = np.unique(t.users, return_inverse=True)
    items, columns = np.unique(t.items, return_inverse=True)
    matrix = csr_matrix((t.ratings.astype(np.float32), (rows, columns)), shape=(len(users), len(items)))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about BLAS' threads, which so small matrices do not use
        model = AlternatingLeastSquares(factors=8, iterations=5, num_threads=1, random_state=0)
        model.fit(matrix, show_progress=False)
    by_item = matrix.T.tocsr()
    began = time.perf_counter()
    for u, i in zip(rows[-SAMPLE:], columns[-SAMPLE:], strict=True):
        model.partial_fit_users([u], matrix[u])
        model.partial_fit_items([i], by_item[i])
    taken_in = SAMPLE / (time.perf_counter() - began)
    ours = IteratedSVD(scale=stream.scale, content=stream.catalogue)
    ours.learn(t.users[:-SAMPLE], t.items[:-SAMPLE], t.ratings[:-SAMPLE], t.timestamps[:-SAMPLE])
    last = list(zip(stream.users, stream.items, stream.ratings, stream.timestamps, strict=True))[-SAMPLE:]
    began = time.perf_counter()
    for event in last:
        ours.learn_one(*event)
    return {
        "settings": {"factors": 8, "iterations": 5, "num_threads": 1, "random_state": 0},
        "ratings_per_second": taken_in,
        "ours_per_second": SAMPLE / (time.perf_counter() - began),
    }


def compare(name: str, rounds: int) -> dict[str, Any]:
    """All peers on one data set."""
    table, catalogue = load(name, environ=os.environ)
    stream = Stream.of(table, catalogue)
    found, missing = installed_peers(stream)
    for package, reason in missing.items():
        print(f"NOT COMPARED: {package}: {reason}", file=sys.stderr)
    figures = {peer.name: peer_errors(stream, *peer.predictions()) for peer in found}  # compiles what is compiled
    timed = peer_seconds(found, rounds)
    rows = []
    print(f"\n{table.dataset.name}, {len(table):,} ratings; speed: ratings a second and of {BASIS}")
    for peer in found:
        rate = peer_rates(peer, stream, timed)
        rows.append({"name": peer.name, "settings": peer.settings, **figures[peer.name], "ratings_per_second": rate})
        print(_line(rows[-1]), flush=True)
    try:
        taking_in = folding(stream)
        theirs, ours = taking_in["ratings_per_second"], taking_in["ours_per_second"]
        print(f"{'implicit ALS, one rating taken in':46} {theirs:,.0f}/s; IteratedSVD, one call an event {ours:,.0f}/s")
    except ImportError as error:
        missing["implicit"] = f"{error}; {INSTALL}"
        taking_in = None
        print(f"NOT COMPARED: implicit: {missing['implicit']}", file=sys.stderr)
    return {
        "dataset": table.dataset.name,
        "sha256": table.dataset.sha256,
        "events": len(table),
        "first_fit": stream.first_fit,
        "rounds": rounds,
        "peers": rows,
        "implicit": taking_in,
        "missing": missing,
        "versions": versions("river", "scikit-surprise", "implicit"),
    }


def _line(row: dict[str, Any]) -> str:
    both = [row["rmse_event"], row["rmse_page"], row["rmse_event_after_first_fit"]]
    text = f"{row['name']:46} RMSE event, page, late  " + "  ".join("     –" if e is None else f"{e:.4f}" for e in both)
    for form, rate in row["ratings_per_second"].items():
        of_river = "" if rate["of_river"] is None else f" ({rate['of_river']:.2f}×)"
        text += f"  {form} {rate['median']:,.0f}/s{of_river}"
    return text


def main() -> None:
    """Compare on every set."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sets", nargs="*", default=SETS, metavar="SET", help="a name, folder, zip or ratings file")
    parser.add_argument("--rounds", type=int, default=3)
    add_out(parser)
    options = parser.parse_args()
    warm_up(Console(stderr=True))
    for name in options.sets:
        found = compare(name, options.rounds)
        found = {**measured(*load(name, environ=os.environ)), **found}
        write_json(RESULTS / f"peers.{found['dataset']}.json", found)
        if options.out is not None:  # of several sets, the last one
            write_json(options.out, found)


if __name__ == "__main__":
    main()
