"""What a shadow is made of: read from text, refused with reasons, made and restored."""

from __future__ import annotations

from pathlib import Path

import pytest
from model_states import plain

from evaluation.models import ModelSpec, parse_spec
from streamsvd.errors import SettingsError
from streamsvd.learner import IteratedSVD, Settings


@pytest.mark.parametrize(
    ("text", "kind", "changed"),
    [
        ("rank=16,gamma=inf", "iterated-svd", {"rank": 16, "gamma": "inf"}),
        ("iterated-svd", "iterated-svd", {}),
        ("damped-means", "damped-means", {}),
        ("biased-sgd,rank=64,rate=0.1", "biased-sgd", {"rank": 64, "rate": 0.1}),
        ("fold-in, rank=10", "fold-in", {"rank": 10}),
    ],
)
def test_a_text_says_what_a_model_is_made_of(text: str, kind: str, changed: dict[str, object]) -> None:
    spec = parse_spec(text)
    assert (spec.kind, spec.servable) == (kind, kind == "iterated-svd")
    assert spec.settings == parse_spec(kind).settings | changed
    assert parse_spec(spec.text) == spec
    model = spec.make((0.5, 5.0), None)
    model.learn(["ann", "bob"], ["Heat", "Heat"], [5, 4.5], [10, 20])
    again = spec.restore(model.state(), None)
    assert plain(again.state()) == plain(model.state())


def test_seed_catalogue_and_a_file_of_settings() -> None:
    spec = parse_spec(
        "tuned.json,rank=4,seed=7,catalogue=no", seed=3, read_file=lambda path: {"gamma": path.stem[:0] or 1}
    )
    assert (spec.settings["gamma"], spec.settings["rank"], spec.seed, spec.catalogue) == (1.0, 4, 7, False)
    assert parse_spec("rank=4", seed=3).seed == 3
    assert ModelSpec.of(IteratedSVD(Settings(rank=4), seed=3)) == parse_spec("rank=4,catalogue=no", seed=3)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("brand", "neither one of .*damped-means, .*iterated-svd"),
        ("missing.json", "neither one of"),
        ("rank=many", "not a whole number"),
        ("width=3", "there is no setting 'width'"),
        ("damped-means,rank=3", "there is no setting 'rank'"),
        ("biased-sgd,rank=many", "is not of type int"),
        ("rank=3,wide", "is not a setting"),
        ("catalogue=perhaps", "yes or no"),
        ("seed=x", "not a whole number"),
    ],
)
def test_what_is_no_specification_is_refused(text: str, reason: str) -> None:
    with pytest.raises(SettingsError, match=reason):
        parse_spec(text)


def test_without_a_reader_no_file_is_taken() -> None:
    with pytest.raises(SettingsError, match="settings file"):
        parse_spec(str(Path("tuned.json")))
