"""A file of settings: what `streamsvd tune` writes every command takes, and --set overrides it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from streamsvd.cli.options import chosen_settings
from streamsvd.errors import SettingsError
from streamsvd.learner import Settings


def test_without_a_file_the_defaults_are_taken() -> None:
    assert chosen_settings(None, None) == Settings()


def test_pairs_go_before_the_file_and_the_file_before_the_defaults(tmp_path: Path) -> None:
    path = tmp_path / "settings.json"
    path.write_text('{"settings": {"rank": 3, "window": null, "gamma": "inf"}, "rmse": {}}')
    assert chosen_settings(path, ["rank=4"]) == Settings(rank=4, window=None, gamma=float("inf"))


def test_all_settings_go_through_a_file(tmp_path: Path) -> None:
    settings = Settings(rank=3, ridge=0.1 + 0.2, window=None)
    path = tmp_path / "settings.json"
    path.write_text(json.dumps({"settings": settings.to_dict()}))
    assert chosen_settings(path, None) == settings


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "is not JSON"),
        ('{"rank": 3}', 'holds "settings"'),
        ("[]", 'holds "settings"'),
        ('{"settings": 3}', 'holds "settings"'),
        ('{"settings": {"rnk": 3}}', "there is no setting 'rnk'"),
        ('{"settings": {"rank": 0}}', "must be 1 or more"),
    ],
)
def test_a_file_that_holds_no_settings_is_refused(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "settings.json"
    path.write_text(text)
    with pytest.raises(SettingsError, match=message):
        chosen_settings(path, None)


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="No such file"):
        chosen_settings(tmp_path / "nowhere.json", None)
