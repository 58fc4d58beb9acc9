"""`streamsvd evaluate --ranking`: the orders of a list side by side, for people and for programs."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
from model_runs import run_command
from rating_streams import stream


def test_lists_are_judged(tmp_path: Path) -> None:
    events = stream(800, users=60, items=80)
    rows = zip(events.users, events.items, events.ratings.tolist(), events.timestamps.tolist(), strict=True)
    data = tmp_path / "r.csv"
    data.write_text("u,i,r,t\n" + "".join(f"{u},{i},{max(1, round(r))},{t}\n" for u, i, r, t in rows))
    command = ["evaluate", str(data), "--columns", "u,i,r,t", "--scale", "1:5", "--ranking", "--quiet"]
    status, output, messages = run_command(*command)
    assert status == 0, messages
    assert "chosen and liked" in output
    ranking = json.loads(run_command(*command, "--json")[1])["ranking"]
    assert ranking["every"] == 10
    assert ranking["choice"]["lists"] == ranking["popular"]["lists"] > 0
    assert all(np.isfinite(ranking[order]["ndcg_page"]) for order in ("choice", "rating", "popular"))


def test_nothing_that_was_liked_is_no_figure(tmp_path: Path) -> None:
    data = tmp_path / "r.csv"
    data.write_text("u,i,r,t\n" + "".join(f"{k % 7},{k},1,{881250949 + k}\n" for k in range(40)))
    command = ["evaluate", str(data), "--columns", "u,i,r,t", "--scale", "1:5", "--ranking", "--quiet"]
    status, output, messages = run_command(*command)
    assert status == 0, messages
    assert "nan" not in output
    assert json.loads(run_command(*command, "--json")[1])["ranking"]["choice"]["ndcg_event"] is None
