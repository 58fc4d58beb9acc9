"""Named sets: where they are looked for, and downloads from a server of our own."""

from __future__ import annotations

import hashlib
import io
import threading
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from streamsvd.errors import DatasetError
from streamsvd.ratings import datasets, download, find, load, locate, recorded_sha256

CSV = "userId,movieId,rating,timestamp\n" + "".join(f"{k % 9},{k},{k % 5 + 1},{k}\n" for k in range(1_000))


def _zip(name: str) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(f"{name}/ratings.csv", CSV)
        archive.writestr(f"{name}/movies.csv", "movieId,title,genres\n1,A (1999),Drama\n")
    return buffer.getvalue()


@dataclass
class Server:
    """Serves `files` by path; `cut` bytes are missing at the end of each answer."""

    files: dict[str, bytes] = field(default_factory=dict)
    cut: int = 0
    asked: list[str] = field(default_factory=list)
    url: str = ""


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    state = Server()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            state.asked.append(self.path)
            data = state.files.get(self.path)
            if data is None:
                self.send_error(404)
                return
            self.send_response(200)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data[: len(data) - state.cut])

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as http:
        state.url = f"http://127.0.0.1:{http.server_address[1]}/sets"
        thread = threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield state
        http.shutdown()
        thread.join()


def test_paths_and_folders_come_before_the_network(tmp_path: Path) -> None:
    cache, data = tmp_path / "cache", tmp_path / "data"
    (data / "ml-100k").mkdir(parents=True)
    (data / "ml-1m.zip").write_bytes(b"")
    cache.mkdir()
    (cache / "ml-10m.zip").write_bytes(b"")
    environ = {"STREAMSVD_DATA": str(data)}

    def where(name: str | Path, environ: dict[str, str] = environ) -> Path | None:
        return find(name, environ=environ, cache_dir=cache)

    assert where(data / "ml-1m.zip") == data / "ml-1m.zip"
    assert where("ml-100k") == data / "ml-100k"
    assert where("ml-100k", {"STREAMSVD_DATA": str(data / "ml-100k")}) == data / "ml-100k"
    assert where("ml-1m") == data / "ml-1m.zip"
    assert where("ml-10m") == cache / "ml-10m.zip"
    assert where("ml-20m") is None
    assert where("ml-100k", {}) is None
    assert locate("ml-10m", environ={}, cache_dir=cache) == cache / "ml-10m.zip"


def test_unknown_names_are_refused(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match=r"no data set of that name; the names are ml-100k, .*synthetic"):
        locate("ml-5k", environ={}, cache_dir=tmp_path)
    with pytest.raises(DatasetError, match="this set is made, not read"):
        locate("synthetic", environ={}, cache_dir=tmp_path)


def test_a_changing_set_is_fetched_once_recorded_and_read(tmp_path: Path, server: Server) -> None:
    data = _zip("ml-latest-small")
    server.files["/sets/ml-latest-small.zip"] = data
    cache = tmp_path / "new" / "cache"
    seen: list[tuple[int, int]] = []
    for _ in range(2):
        table, catalogue = load(
            "ml-latest-small",
            environ={},
            cache_dir=cache,
            base_url=server.url,
            progress=lambda done, total: seen.append((done, total)),
        )
        assert len(table) == 1_000
        assert table.dataset.name == "ml-latest-small"
        assert table.dataset.sha256 == hashlib.sha256(CSV.encode()).hexdigest()
        assert catalogue is not None
    assert server.asked == ["/sets/ml-latest-small.zip"]
    assert (len(data), len(data)) in seen
    assert recorded_sha256(cache / "ml-latest-small.zip") == hashlib.sha256(data).hexdigest()
    assert sorted(path.name for path in cache.iterdir()) == ["ml-latest-small.zip", "ml-latest-small.zip.sha256"]


def test_a_fixed_set_must_have_its_published_checksum(
    tmp_path: Path, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = _zip("ml-100k")
    server.files["/sets/ml-100k.zip"] = data
    with pytest.raises(DatasetError, match="the published one is 0e33842e24a9c977be4e0107933c0723"):
        download("ml-100k", tmp_path, base_url=server.url)
    assert list(tmp_path.iterdir()) == []
    right = hashlib.md5(data, usedforsecurity=False).hexdigest()
    monkeypatch.setitem(datasets.FIXED, "ml-100k", right)
    path = download("ml-100k", tmp_path, base_url=server.url)
    assert path.read_bytes() == data
    assert list(tmp_path.iterdir()) == [path]
    assert recorded_sha256(path) is None


@pytest.mark.parametrize("trouble", ["missing", "cut short", "no zip", "nobody there", "other scheme"])
def test_a_failed_download_leaves_nothing(tmp_path: Path, server: Server, trouble: str) -> None:
    name, url = "ml-latest", server.url
    reason = {
        "missing": "404",
        "cut short": "cannot be fetched",
        "no zip": "not a zip",
        "nobody there": "cannot be fetched",
        "other scheme": "only http and https",
    }[trouble]
    if trouble != "missing":
        server.files[f"/sets/{name}.zip"] = b"<html>please sign in</html>" if trouble == "no zip" else _zip(name)
    if trouble == "cut short":
        server.cut = 100
    if trouble == "nobody there":
        url = "http://127.0.0.1:9/sets"
    if trouble == "other scheme":
        url = f"file://{tmp_path}"
    with pytest.raises(DatasetError, match=reason):
        download(name, tmp_path / "cache", base_url=url)
    assert not (tmp_path / "cache").exists() or list((tmp_path / "cache").iterdir()) == []


def test_an_interrupted_download_leaves_nothing(tmp_path: Path, server: Server) -> None:
    server.files["/sets/ml-latest.zip"] = _zip("ml-latest")

    def interrupt(done: int, total: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        download("ml-latest", tmp_path, base_url=server.url, progress=interrupt)
    assert list(tmp_path.iterdir()) == []


def test_the_synthetic_set_has_a_name_too() -> None:
    table, catalogue = load("synthetic", environ={})
    assert table.dataset.name == "synthetic"
    assert catalogue is not None
