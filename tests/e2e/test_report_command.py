"""`streamsvd report`: one page that needs nothing else, whatever the data set."""

from __future__ import annotations

import base64
import csv
import json
from collections.abc import Iterable
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from streamsvd.cli.commands.report import report
from streamsvd.ratings import Synthetic

RUNNER = CliRunner()
pytestmark = pytest.mark.timeout(900)  # the first of these tests may have to compile the kernels of every learner
HOSTILE = 'Heat & <script src="http://example.org/x.js"></script>'
SECTIONS = (
    *("summary", "data", "glance", "spread", "tail", "time", "genres", "best", "filters"),
    *("models", "learners", "offline", "online", "work", "tuning"),
    *("errors", "given", "by-rating", "by-genre", "by-counts", "by-time", "reliability", "failures"),
    *("methods", "protocols", "settings", "again"),
)
VOID = ("meta", "img", "br", "link", "input")


class Page(HTMLParser):
    """What a page holds, and whether its elements close as they open."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.words.append(data)

    def values(self, name: str) -> list[str]:
        """Values of an attribute."""
        return [value for _, attributes in self.found if (value := attributes.get(name)) is not None]

    def text(self) -> str:
        return " ".join(" ".join(self.words).split())


def write_csv(path: Path, head: list[str], rows: Iterable[Iterable[Any]]) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(head)
        writer.writerows(rows)


def run(*arguments: str) -> str:
    app = typer.Typer()
    app.command()(report)
    result = RUNNER.invoke(app, [*arguments, "--quiet"])
    if result.exception is not None:
        raise result.exception
    return result.stdout


def check_page(folder: Path) -> Page:
    """The page of a folder: whole, with every section, and nothing from elsewhere."""
    text = (folder / "report.html").read_text(encoding="utf-8")
    page = Page(text)
    ids = page.values("id")
    assert len(ids) == len(set(ids))
    assert all(link.startswith("#") and link[1:] in ids for link in page.values("href"))
    assert not {"script", "link", "iframe", "object"} & {tag for tag, _ in page.found}
    assert "url(" not in text
    assert "@import" not in text
    images = [attributes for tag, attributes in page.found if tag == "img"]
    for image in images:
        head, _, data = str(image["src"]).partition(",")
        assert head == "data:image/svg+xml;base64"
        assert b"</svg>" in base64.b64decode(data)
        assert len(str(image["alt"])) > 20
    pictures = sorted((folder / "pictures").iterdir())
    assert len(pictures) == len(images) >= 10
    assert all(picture.read_bytes().startswith(b"\x89PNG") for picture in pictures)
    return page


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any]]:
    """A report of a small made-up set with a catalogue: its folder and its figures."""
    folder = tmp_path_factory.mktemp("ml")
    world = Synthetic(ratings=1500, users=80, items=300)
    table, catalogue = world.table(), world.catalogue()
    columns = (table.users, table.items, table.ratings, table.timestamps)
    rows = zip(*(column.tolist() for column in columns), strict=True)
    write_csv(folder / "ratings.csv", ["userId", "movieId", "rating", "timestamp"], rows)
    popular = max(catalogue, key=lambda item: (table.items == item).sum())
    write_csv(
        folder / "movies.csv",
        ["movieId", "title", "genres"],
        (
            (entry.item, HOSTILE if entry.item == popular else entry.title, "|".join(entry.genres))
            for entry in catalogue.values()
        ),
    )
    out = folder / "out"
    return out, json.loads(run(str(folder), "--quick", "--trials", "2", "--out", str(out), "--json"))


def test_the_page_holds_everything_and_needs_nothing(whole: tuple[Path, dict[str, Any]]) -> None:
    page = check_page(whole[0])
    assert set(SECTIONS) <= set(page.values("id"))
    assert len([tag for tag, _ in page.found if tag == "figure"]) >= 18


def test_titles_are_text_and_never_markup(whole: tuple[Path, dict[str, Any]]) -> None:
    assert HOSTILE in check_page(whole[0]).text()


def test_the_page_says_what_the_figures_say(whole: tuple[Path, dict[str, Any]]) -> None:
    folder, found = whole
    text = check_page(folder).text()
    assert found["data"]["ratings"] == 1500
    assert found["sha256"] in text
    stream = next(each for each in found["models"]["whole"]["online"] if each["name"] == "IteratedSVD, refits")
    assert stream["rmse_event"] == pytest.approx(found["errors"]["all"]["rmse"], rel=1e-9)
    for figure in (stream["rmse_event"], stream["rmse_page"], stream["mae_event"]):
        assert f"{figure:.4f}" in text
    assert [tuned["name"] for tuned in found["models"]["tuned"]] == [
        "truncated SVD",
        "soft-impute",
        "IteratedSVD, batch",
        "IteratedSVD, stream",
    ]
    assert all(tuned["trials"] >= 1 for tuned in found["models"]["tuned"])


@pytest.mark.parametrize(
    ("rows", "says"),
    [
        ([("ann", "Emma", 7, 1_500_000_000)], "nothing can be held out"),
        ([("ann", f"book {k}", k % 10 + 1, 32_503_680_000) for k in range(80)], "not dates"),
    ],
    ids=["one rating", "one user, another scale, strange times"],
)
def test_whatever_can_be_evaluated_can_be_reported(tmp_path: Path, rows: list[Any], says: str) -> None:
    path, out = tmp_path / "books.csv", tmp_path / "out"
    write_csv(path, ["reader", "book", "stars", "day"], rows)
    options = ["--columns", "reader,book,stars,day", "--scale", "1:10", "--quick", "--trials", "0", "--time-format=s"]
    assert f"{out / 'report.html'}, and " in run(str(path), *options, "--out", str(out))
    text = check_page(out).text()
    assert says in text
    assert "no catalogue" in text
    assert " films" not in text
