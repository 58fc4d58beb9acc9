"""`--json`: one object that every JSON parser reads."""

from __future__ import annotations

import json
from dataclasses import dataclass

import numpy as np
import pytest

from streamsvd.cli.json_output import print_json


@dataclass
class Found:
    rmse: float
    title: str


def test_one_object_on_standard_output(capsys: pytest.CaptureFixture[str]) -> None:
    print_json({"found": Found(float("nan"), "Amélie"), "mae": np.float64(0.5), "n": np.int64(3), 7: [float("inf")]})
    said = capsys.readouterr()
    assert json.loads(said.out, parse_constant=pytest.fail) == {
        "found": {"rmse": None, "title": "Amélie"},
        "mae": 0.5,
        "n": 3,
        "7": [None],
    }
    assert (said.out[-2:], said.err) == ("}\n", "")


def test_what_has_no_json_form_is_refused() -> None:
    with pytest.raises(TypeError, match="object"):
        print_json({"it": object()})
