"""How long a lookup takes, compared with bare NumPy and implicit on factors of the same width.

All of them find the best ten of all items for a user who has rated 150, which are left out; each in one thread, in
turns, on the same users. NumPy: matrix-vector product and argpartition, in single precision, which is its fastest.
implicit: `recommend`. Ours: scoring and ranking as `ModelReader.recommend` does it, drift and calibration included;
and separately the round trip to Redis for the user's row, and the whole call. Then what else a reader pays for: reading
everything at first, keeping up with a checkpoint, and comparing a user with all the others.

    pip install 'streamsvd[peers]'
    python benchmarks/lookups.py [--rounds 500] [--out FILE]
"""

from __future__ import annotations

import os

os.environ.update(dict.fromkeys(("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"), "1"))

import argparse
import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from made_model import made_model
from measured import add_out, write_json
from numpy.typing import NDArray

from model_store import Checkpoint, ModelReader, ModelWriter, connect
from streamsvd.cli.figures import versions
from streamsvd.embedded import provide_redis
from streamsvd.kernels import RECENT_BLOCK
from streamsvd.learner import Rows, State
from streamsvd.lookup import FACTORS, SEEN, CheckedOptions, Profile, best_items
from streamsvd.lookup.folded_rows import features
from streamsvd.lookup.recommending import allowed

RESULTS = Path(__file__).parent / "results"
N = 10
SIZES = (9_000, 60_000)
KINDS = {"ratings-only": 0, "with-catalogue": 20}
USERS = 200
MANY_USERS = 162_000
CHANGED = 50  # items of a checkpoint of live mode: 1,000 ratings a second, twenty checkpoints

Call = Callable[[int], object]


class Written:
    """A made-up model in Redis, and its reader."""

    def __init__(self, url: str, name: str, state: State) -> None:
        self.state = state
        self.client = connect(url)
        self.writer = ModelWriter(self.client, name)
        self.writer.acquire()
        self.write(state)
        self.reader = ModelReader(self.client, name)

    def write(self, changes: State) -> None:
        """The next checkpoint."""
        self.writer.write(
            Checkpoint(
                version=self.writer.version + 1,
                token=self.writer.token,
                offsets={("ratings", 0): 0},
                state=changes,
                written_at=time.time(),
            )
        )


def numpys(items: NDArray[np.float32], users: NDArray[np.float32], seen: list[NDArray[Any]]) -> Call:
    """The best ten by matrix-vector product and argpartition."""

    def call(user: int) -> object:
        scores = items @ users[user]
        scores[seen[user]] = -np.inf
        few = np.argpartition(scores, len(scores) - N)[-N:]
        return few[np.argsort(-scores[few])]

    return call


def implicits(items: NDArray[np.float32], users: NDArray[np.float32], seen: list[NDArray[Any]]) -> Call | None:
    """The best ten by implicit's `recommend`; None where it is not installed."""
    try:
        from implicit.cpu.als import AlternatingLeastSquares
        from scipy.sparse import csr_matrix
    except ImportError as error:
        print(f"NOT COMPARED: implicit: {error}; pip install 'streamsvd[peers]'", file=sys.stderr)
        return None
    model = AlternatingLeastSquares(factors=items.shape[1], num_threads=1)
    model.item_factors, model.user_factors = items, users
    rows = [
        csr_matrix((np.ones(len(rated), np.float32), rated, [0, len(rated)]), shape=(1, len(items)))
        for rated in map(np.unique, seen)
    ]
    return lambda user: model.recommend(user, rows[user], N)


def ours(written: Written, seen: list[NDArray[Any]]) -> dict[str, Call]:
    """Scoring and ranking alone, the round trip alone, and the whole call."""
    reader, by_rating, by_choice = written.reader, CheckedOptions(N, rank_by="rating"), CheckedOptions(N)
    factors, recent = (written.state.users.fixed[name] for name in (FACTORS, RECENT_BLOCK))
    reader.recommend(0)  # its view then holds what both rankings need
    with reader.reading(0) as (view, _):
        pass  # there is no writer: the view stays as it is

    def ranked(user: int, options: CheckedOptions) -> object:
        profile = Profile(factors[user], {RECENT_BLOCK: recent[user : user + 1]})
        return best_items(view, profile, allowed(view, options, seen[user]), options.n, options.rank_by)

    def round_trip(user: int) -> object:
        with reader.reading(user, (FACTORS, SEEN)) as found:
            return found

    return {
        "scoring and ranking": lambda user: ranked(user, by_rating),
        "by what is chosen and liked": lambda user: ranked(user, by_choice),
        "round trip to Redis": round_trip,
        "recommend": lambda user: reader.recommend(user, N),
    }


def in_turns(calls: dict[str, Call], rounds: int) -> dict[str, float]:
    """Median seconds of each call; in every round all of them are asked for one user, in an order of its own."""
    seconds: dict[str, list[float]] = {name: [] for name in calls}
    random = np.random.default_rng(0)
    names = list(calls)
    for number in range(-5, rounds):  # the first are for the caches, and for compiling
        for name in random.permutation(names).tolist():
            call = calls[name]
            began = time.perf_counter()
            call(number % USERS)
            if number >= 0:
                seconds[name].append(time.perf_counter() - began)
    return {name: statistics.median(values) for name, values in seconds.items()}


def ranking(url: str, n_items: int, content: int, rounds: int) -> dict[str, Any]:
    """One size."""
    state = made_model(USERS, n_items, content)
    written = Written(url, f"lookups-{n_items}-{content}", state)
    rated = state.users.ragged[SEEN]
    seen = [rated.row(user) for user in range(USERS)]
    items = np.ascontiguousarray(features(state.items.fixed["factors"]), np.float32)
    users = np.ascontiguousarray(state.users.fixed["factors"]["x"], np.float32)
    calls: dict[str, Call] = {"numpy": numpys(items, users, seen)}
    theirs = implicits(items.copy(), users.copy(), seen)  # numpy has not just read the same bytes for it
    if theirs is not None:
        calls["implicit"] = theirs
    calls.update(ours(written, seen))
    seconds = in_turns(calls, rounds)
    own = seconds["scoring and ranking"]
    return {
        "width": items.shape[1],
        "seconds": seconds,
        "of_numpy": own / seconds["numpy"],
        "of_implicit": own / seconds["implicit"] if theirs is not None else None,
    }


def keeping_up(url: str, rounds: int) -> dict[str, float]:
    """What a reader costs besides the calls, at the largest size."""
    state = made_model(MANY_USERS, SIZES[-1], KINDS["with-catalogue"], rated=20)
    written = Written(url, "lookups-large", state)
    reader = written.reader
    found = {"first recommend": _seconds(lambda: reader.recommend(0))}
    changes = replace(state, users=_first(state.users, 0), items=_first(state.items, CHANGED))
    after = []
    for _ in range(rounds):
        written.write(changes)
        after.append(_seconds(lambda: reader.recommend(0)))
    found["recommend after a checkpoint"] = statistics.median(after)
    found["recommend"] = statistics.median(_seconds(lambda: reader.recommend(0)) for _ in range(rounds))
    found["first similar_users"] = _seconds(lambda: reader.similar_users(0))
    found["similar_users"] = statistics.median(_seconds(lambda: reader.similar_users(0)) for _ in range(10))
    found["similar_items"] = statistics.median(_seconds(lambda: reader.similar_items(0)) for _ in range(10))
    return found


def _first(rows: Rows, n: int) -> Rows:
    """The first `n` rows."""
    ragged = {name: replace(part, offsets=part.offsets[: n + 1]) for name, part in rows.ragged.items()}
    fixed = {name: block[:n] for name, block in rows.fixed.items()}
    return Rows(rows.numbers[:n], rows.ids[:n], fixed, ragged)


def _seconds(call: Callable[[], object]) -> float:
    began = time.perf_counter()
    call()
    return time.perf_counter() - began


def main() -> None:
    """Measure and print; write the JSON object."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=500)
    add_out(parser, RESULTS / "lookups.json")
    options = parser.parse_args()
    found: dict[str, Any] = {"rounds": options.rounds, "sizes": {}}
    with provide_redis() as url:
        for kind, content in KINDS.items():
            for n_items in SIZES:
                row = ranking(url, n_items, content, options.rounds)
                found["sizes"][f"{n_items}.{kind}"] = row
                times = ", ".join(f"{name} {1e3 * value:.3f}" for name, value in row["seconds"].items())
                print(
                    f"{n_items:,} items, {row['width']} factors, ms: {times}; {row['of_numpy']:.2f} of numpy",
                    flush=True,
                )
        found["large"] = keeping_up(url, max(10, options.rounds // 10))
        print("162,000 users, 60,000 items, ms:", ", ".join(f"{k} {1e3 * v:.2f}" for k, v in found["large"].items()))
    found["versions"] = versions("implicit")
    write_json(options.out, found)


if __name__ == "__main__":
    main()
