"""A client without this project's code: the ten best items for a user, from Redis by docs/redis-layout.md alone.

With nothing but `redis` and the standard library, so that it can be written again in any language. Every formula is the
page's, under *From rows to a prediction*. It reads all items in one step, which suits a model of some thousands; with
more, keep them and read what has changed, as the page says under *Reading*.

    python examples/bare_client.py redis://127.0.0.1:6379/0 default 196
"""

from __future__ import annotations

import hashlib
import json
import math
import struct
import sys
import zlib
from collections.abc import Iterator, Sequence
from operator import mul
from typing import Any

from redis import Redis

Id = int | str
Row = dict[str, Any]
CODES = {"f8": "d", "f4": "f", "i8": "q", "i4": "i", "i2": "h", "u1": "B"}
STARS = ([1, 5], [0.5, 5])  # scales that are taken as they are


class BareClient:
    """One version of a model, and one user of it.

    Parameters
    ----------
    client : Redis
        That gives bytes.
    model : str
    user : int or str
        Need not be known.
    """

    def __init__(self, client: Redis, model: str, user: Id) -> None:
        prefix = f"streamsvd:{{{model}}}:"
        step = client.pipeline(transaction=True)  # all of one version
        step.hget(f"{prefix}head", "doc").hgetall(f"{prefix}globals").hgetall(f"{prefix}catalogue")
        for name in ("factors", "training", "seen", "recent"):
            step.hget(f"{prefix}users:block:{name}", _field(user))
        for name in ("factors", "training", "choice"):
            step.hgetall(f"{prefix}items:block:{name}")
        doc, raw, catalogue, *found = step.execute()
        if doc is None:
            raise LookupError(f"there is no model {model!r}")
        if int(doc[:8], 16) != zlib.crc32(doc[9:]):
            raise ValueError("the head document is damaged")
        self.head = json.loads(doc[9:])
        if self.head["format"] != 1:
            raise ValueError("not of format 1")
        made_with = self.head["settings"]
        self.settings, self.scale, self.seed = made_with["settings"], made_with["scale"], made_with["seed"]
        self.width = made_with["content"]
        self.globals = {name.decode(): _array(blob) for name, blob in raw.items()}
        self.catalogue = {_id(name): json.loads(entry) for name, entry in catalogue.items()}
        factors, training, seen, recent = (self._row(blob)[1] if blob else [] for blob in found[:4])
        self.known = bool(factors)
        self.user: Row = factors[0] if factors else {"x": [0.0] * self._length, "count": 0, "stats": [0.0] * 7}
        self.user_cov = training[0]["cov"] if self.user["count"] else [_single(p) for p in self.globals["prior_cov"]]
        self.seen: set[int] = {rated["item"] for rated in seen}
        self.recent: list[int] = recent[0]["items"] if recent else []
        self.items: dict[Id, Row] = {}
        self.choice: dict[int, Row] = {}
        self.numbers: dict[Id, int] = {}
        self._training = found[5]
        for name, blob in found[4].items():
            number, (row,) = self._row(blob)
            self.numbers[_id(name)], self.items[_id(name)] = number, row
        for blob in found[6].values():
            number, (row,) = self._row(blob)
            self.choice[number] = row

    @property
    def _length(self) -> int:
        return int(3 + self.width + self.settings["rank"])

    def _row(self, blob: bytes) -> tuple[int, list[Any]]:
        """Number and elements of a row blob."""
        dtype, number, payload = _opened(blob)
        return number, list(_elements(self.head["dtypes"][dtype - 1], payload))

    # A prediction

    def predict(self, item: Id) -> tuple[float, float]:
        """The rating that the user would give, within the scale, and its standard deviation."""
        row = self.items.get(item) or self._first(item)
        slope = 1.0 if self.scale in STARS else 4.0 / (self.scale[1] - self.scale[0])
        return self.within(self.stars(row)), math.sqrt(self.variance(item, row)) / slope

    def stars(self, item: Row) -> float:
        """Predicted rating in internal stars, not clipped: the score s and the calibration c·h."""
        user, m = self.user, self.width
        x, (slow, fast, last, mean, _, surprise, surprises) = user["x"], user["stats"]
        item_slow, item_mean, item_surprise, item_surprises = item["stats"]
        log_user, log_item, bias = math.log1p(user["count"]), math.log1p(item["count"]), item["y"][0]
        phi = _features(item)
        score = _dot(self.globals["g"], [1.0, *item["content"], log_item - 2.0, log_user - 3.0]) + bias + _dot(x, phi)
        above, user_size, item_size = score - 3.5, (log_user - 3.0) / 3.0, (log_item - 2.0) / 2.0
        of_content, of_factors = _dot(x[1 : 1 + m], phi[1 : 1 + m]), _dot(x[3 + m :], phi[3 + m :])
        h = [slow, fast, last, item_slow, self.globals["scalars"][0]]
        h += [above, 0.5 * above**2, 0.3 * above**3]
        h += [bias, x[0], x[0] * user_size, mean, item_mean]
        h += [of_factors * user_size, of_factors * item_size, of_content, of_content * user_size]
        h += [_noise(surprise, surprises) - 1.0, _noise(item_surprise, item_surprises) - 1.0]
        h += [0.0, 0.0, fast * user_size, 0.0, 0.3 / (1.0 + user["count"])]
        return score + _dot(self.globals["c"], h)

    def variance(self, item: Id, row: Row) -> float:
        """Of a rating around its prediction, in squared internal stars."""
        count, variances = self.user["count"], self.globals["variances"]
        b = min((count + 1).bit_length() - 1, 11)
        mean, weight = variances[b], variances[12 + b]
        sigma_squared = (mean * weight + 200.0 * self.globals["scalars"][2]) / (weight + 200.0)
        blob = self._training.get(_field(item))
        item_cov = self._row(blob)[1][0]["cov"] if blob else self._first_cov()
        psi = [1.0, *self.user["x"][3 + self.width :]]
        uncertainty = 1.0 + _quadratic(self.user_cov, _features(row)) + _quadratic(item_cov, psi)
        return sigma_squared * uncertainty * _noise(*self.user["stats"][5:]) * _noise(*row["stats"][2:])

    def within(self, stars: float) -> float:
        """Internal stars as a rating, clipped to the scale."""
        low, high = self.scale
        rating = stars if self.scale in STARS else low + (stars - 1.0) * (high - low) / 4.0
        return float(min(max(rating, low), high))

    def _first(self, item: Id) -> Row:
        """The row of an item without ratings."""
        factors = _normals(self.seed, item, self.settings["rank"])
        y = [0.0, *(self.settings["factor_scale"] * value for value in factors)]
        content, entry, genres = [0.0] * self.width, self.catalogue.get(item), self.head["genres"]
        if entry and self.width == len(genres) + 1 and set(entry.get("genres", ())) <= set(genres):
            for genre in entry.get("genres", ()):
                content[genres.index(genre)] = len(entry["genres"]) ** -0.5
            content[-1] = (entry["year"] - 1990) / 30 if "year" in entry else 0.0
        return {"y": y, "count": 0, "stats": [0.0] * 4, "content": content}

    def _first_cov(self) -> list[float]:
        """Packed covariance of an item without ratings: the ridge's inverse."""
        packed: list[float] = []
        for a in range(1 + self.settings["rank"]):
            row = [0.0] * (a // 4 * 4 + 4)
            row[a] = _single(1.0 / self.settings["ridge" if a else "ridge_item_bias"])
            packed += row
        return packed

    # A list

    def best(self, n: int = 10) -> list[tuple[Id, float]]:
        """The best items that the user has not rated, and their predicted ratings, in the default order."""
        chances = self.chances()
        ranked = []
        for item, row in self.items.items():
            number = self.numbers[item]
            if number not in self.seen:
                stars = self.stars(row)
                liked = 1.0 / (1.0 + math.exp(1.7 * (3.75 - stars)))
                rank = chances[number] * liked if chances else stars
                ranked.append((-rank, isinstance(item, str), item, self.within(stars)))
        return [(item, rating) for _, _, item, rating in sorted(ranked)[:n]]

    def chances(self) -> dict[int, float]:
        """How likely each item is to be chosen next, by row number; empty where the model has no block `choice`."""
        if not self.choice:
            return {}
        clock = self.globals["choice_clock"][0]
        faded = {number: row["count"] * 2.0 ** ((row["at"] - clock) / 5000.0) for number, row in self.choice.items()}
        total = sum(faded.values())
        shares = {number: value / total for number, value in faded.items()}
        weights = {q: 0.8**q for q, j in enumerate(self.recent) if j in self.choice and self.choice[j]["met"] > 0}
        if not weights:
            return shares
        chances = {number: 0.2 * share for number, share in shares.items()}
        for q, weight in weights.items():
            row = self.choice[self.recent[q]]
            part = 0.8 * weight / sum(weights.values()) / (row["met"] + 20.0)
            for near, met in zip(row["near"], row["weight"], strict=True):
                if near in chances:
                    chances[near] += part * met
        return chances


def _field(id_: Id) -> bytes:
    return json.dumps(id_, ensure_ascii=False).encode()


def _id(name: bytes) -> Id:
    found: Id = json.loads(name)
    return found


def _opened(blob: bytes) -> tuple[int, int, bytes]:
    """Number of the element type, row number and payload of a blob."""
    crc, mark, version, dtype, number = struct.unpack_from("<IBBHI", blob)
    if crc != zlib.crc32(blob[4:]) or mark != 0x5B or version != 1:
        raise ValueError("a blob is damaged, or not of format 1")
    return dtype, number, blob[12:]


def _array(blob: bytes) -> list[Any]:
    """The elements of an array blob, in C order."""
    payload = _opened(blob)[2]
    (length,) = struct.unpack_from("<I", payload)
    return list(_elements(json.loads(payload[4 : 4 + length])["dtype"], payload[4 + length :]))


def _elements(described: Any, payload: bytes) -> Iterator[Any]:
    """Numbers, or dictionaries of numbers and lists, one after another."""
    if isinstance(described, str):
        for (value,) in struct.iter_unpack(f"<{CODES[described[1:]]}", payload):
            yield value
        return
    fields = [(name, kind, math.prod(shape[0]) if shape else None) for name, kind, *shape in described]
    form = "".join(
        f"{kind[2:]}x" if not name else f"{1 if n is None else n}{CODES[kind[1:]]}" for name, kind, n in fields
    )
    for values in struct.iter_unpack(f"<{form}", payload):
        left, row = iter(values), {}
        for name, _, n in fields:
            if name:
                row[name] = next(left) if n is None else [next(left) for _ in range(n)]
        yield row


def _features(item: Row) -> list[float]:
    """φ: what a user's row is seen against."""
    return [1.0, *item["content"], (math.log1p(item["count"]) - 2.0) / 2.0, *item["y"]]


def _dot(left: Sequence[float], right: Sequence[float]) -> float:
    """Sum of products; the zeros with which a stored array is filled up are left out."""
    return sum(map(mul, left, right))


def _quadratic(packed: Sequence[float], vector: Sequence[float]) -> float:
    """vᵀPv of a packed symmetric matrix: an element off the blocks of the diagonal stands for two."""
    total, start = 0.0, 0
    for a, value in enumerate(vector):
        block = a // 4 * 4
        for b, other in enumerate(vector[: block + 4]):
            total += value * other * packed[start + b] * (2.0 if b < block else 1.0)
        start += block + 4
    return total


def _noise(surprise: float, surprises: float) -> float:
    return (20.0 + surprise) / (20.0 + surprises)


def _single(value: float) -> float:
    """A number as single precision holds it."""
    found: float = struct.unpack("<f", struct.pack("<f", value))[0]
    return found


def _normals(seed: int, item: Id, n: int) -> Iterator[float]:
    """Standard normal deviates that seed and id decide."""
    mask, step = 2**64 - 1, 0x9E3779B97F4A7C15

    def digest(text: str) -> int:
        return int.from_bytes(hashlib.blake2b(f"{seed}:{text}".encode(), digest_size=8).digest(), "little")

    def mixed(value: int) -> int:
        value = (value ^ value >> 30) * 0xBF58476D1CE4E5B9 & mask
        value = (value ^ value >> 27) * 0x94D049BB133111EB & mask
        return value ^ value >> 31

    state = mixed(digest(f"s{item}") if isinstance(item, str) else item & mask ^ digest(""))
    for _ in range(n):
        first, state = state + step & mask, state + 2 * step & mask
        u, v = (2.0**-53 * (mixed(value) >> 11) for value in (first, state))
        yield math.sqrt(-2.0 * math.log1p(-u)) * math.cos(2.0 * math.pi * v)


def main(url: str, model: str, user: str) -> None:
    """Print a user's list."""
    with Redis.from_url(url) as client:
        found = BareClient(client, model, int(user) if user.isdecimal() else user)
    print(
        f"For user {user}{'' if found.known else ', of whom nothing is known'}, from version {found.head['version']}:"
    )
    for item, rating in found.best(10):
        print(f"  {rating:.2f} ± {found.predict(item)[1]:.2f}  {found.catalogue.get(item, {}).get('title', item)}")


if __name__ == "__main__":
    if len(sys.argv) != 4:
        raise SystemExit(f"usage: {sys.argv[0]} URL MODEL USER")
    main(*sys.argv[1:])
