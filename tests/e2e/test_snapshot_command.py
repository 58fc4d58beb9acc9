"""`streamsvd snapshot`: what is listed, shown, taken out, put back and compared is what is there."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from model_states import checkpoint, state
from typer.testing import CliRunner

from model_store import ModelWriter, connect
from streamsvd.cli.main import app
from streamsvd.errors import InputError, SnapshotCorrupt, SnapshotMissing
from streamsvd.ratings import CatalogueItem

Run = Callable[..., Any]


@pytest.fixture
def run(redis_url: str, model_name: str) -> Run:
    """A command on a model with four versions, two of them kept; what it prints."""
    with connect(redis_url) as client:
        writer = ModelWriter(client, model_name, keep=2)
        writer.acquire()
        catalogue = [CatalogueItem(item, f"Film {item}", (), None) for item in range(8)]
        writer.write(checkpoint(1, writer.token, state(1, range(5), range(8))), catalogue=catalogue)
        figures = {"rmse": 0.902, "events": 200, "users": 6, "items": 8}
        writer.write(checkpoint(2, writer.token, state(2, [1, 5], [3]), summary=figures))
        writer.write(checkpoint(3, writer.token, state(3, [], [3, 4])))
        writer.write(checkpoint(4, writer.token, state(4, [6], [])), removed_items=[7])
        writer.close()

    def run(*arguments: str) -> Any:
        found = CliRunner().invoke(app, ["snapshot", *arguments, "--redis", redis_url], catch_exceptions=False)
        assert found.exit_code == 0, found.output
        return json.loads(found.stdout) if "--json" in arguments else found.stdout

    return run


def test_ls_lists_every_model(run: Run, model_name: str) -> None:
    (found,) = [one for one in run("ls", "--json")["models"] if one["model"] == model_name]
    assert (found["version"], found["kept_versions"]) == (4, [3, 2])
    assert (found["users"], found["items"], found["events"], found["rmse"]) == (7, 7, 400, 0.904)
    assert 0 < found["kept_memory_bytes"] < found["memory_bytes"]
    assert found["age_seconds"] > 0
    assert "0.9040" in run("ls")


def test_show_tells_what_a_version_is_made_of(run: Run, model_name: str) -> None:
    found = run("show", "--model", model_name, "--json")
    blocks = {(block["side"], block["name"]): block for block in found["blocks"]}
    assert blocks["users", "factors"]["rows"] == 7
    assert blocks["items", "factors"]["element_bytes"] == 44
    assert blocks["users", "seen"]["memory"] > 0
    assert found["offsets"] == {"films/0": 7, "ratings/0": 400}
    earlier = run("show", "--model", model_name, "--version", "2", "--json")
    assert (earlier["version"], earlier["newest_version"], earlier["rmse"]) == (2, 4, 0.902)
    assert (earlier["users"], earlier["items"]) == (6, 8)
    for block in earlier["blocks"]:  # nothing of the newest version under the name of an earlier one
        assert (block["rows"], block["memory"]) == (earlier[block["side"]], None)
    unsaid = run("show", "--model", model_name, "--version", "3", "--json")
    assert {block["rows"] for block in unsaid["blocks"]} == {unsaid["users"]} == {None}
    assert "of the newest version" in run("show", "--model", model_name, "--version", "3")
    assert "users factors" in run("show", "--model", model_name)
    with pytest.raises(SnapshotMissing, match=r"version 1 of model .* is not kept; there are 4, 3, 2"):
        run("show", "--model", model_name, "--version", "1")
    with pytest.raises(SnapshotMissing, match="holds no model 'nobody'"):
        run("show", "--model", "nobody")


def test_a_version_is_taken_out_and_put_back(run: Run, model_name: str, tmp_path: Path) -> None:
    first, second, other = str(tmp_path / "first"), str(tmp_path / "second"), f"{model_name}-other"
    run("export", first, "--model", model_name, "--version", "3")
    run("import", first, "--model", other)
    run("export", second, "--model", other)
    assert Path(first).read_bytes() == Path(second).read_bytes()
    found = run("diff", first, "newest", "--model", other, "--json")
    assert (found["users"]["changed"], found["items"]["changed"], found["users"]["same"]) == (0, 0, 6)
    Path(first).write_bytes(Path(first).read_bytes()[:-1])
    with pytest.raises(SnapshotCorrupt, match="cut short"):
        run("import", first, "--model", other)
    with pytest.raises(InputError, match="not a streamsvd snapshot"):
        run("import", __file__, "--model", other)
    assert run("show", "--model", other, "--json")["version"] == 3


def test_diff_tells_who_came_and_went_and_moved(run: Run, model_name: str) -> None:
    found = run("diff", "2", "4", "--model", model_name, "--json")
    assert (found["before"]["version"], found["after"]["version"], found["after"]["rmse"]) == (2, 4, 0.904)
    assert (found["users"]["added"], found["users"]["removed"], found["users"]["changed"]) == ([6], [], 0)
    items = found["items"]
    assert (items["added"], items["removed"], items["changed"], items["same"]) == ([], [7], 2, 5)
    assert {move["id"]: (move["title"], move["ratings"]) for move in items["movers"]} == {
        3: ("Film 3", 1),
        4: ("Film 4", 2),
    }
    moved = [move["moved"] for move in items["movers"]]
    assert moved == sorted(moved, reverse=True)
    assert items["mean_move"] == pytest.approx(sum(moved) / 2)
    table = run("diff", "2", "--model", model_name, "-n", "1")
    assert "1 new, 0 gone, 0 changed" in table
    assert "items that moved most" in table
