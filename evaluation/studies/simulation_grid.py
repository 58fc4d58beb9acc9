"""The models of a simulation: changed settings, grids of settings, settings files and baselines."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import product
from pathlib import Path
from typing import Any

from evaluation.models import LEARNER, MODELS, ModelSpec, parse_spec, shadow_names
from streamsvd.errors import SettingsError


def grid_specs(
    *,
    files: Sequence[Mapping[str, Any]] = (),
    changes: Mapping[str, str] | None = None,
    grid: Mapping[str, Sequence[str]] | None = None,
    baselines: Iterable[str] = (),
    seed: int = 0,
    catalogue: bool = True,
) -> list[ModelSpec]:
    """Specifications of the models to simulate, each once.

    Parameters
    ----------
    files : sequence of mapping
        Settings by name; a model for each of them, or one with the defaults where there are none.
    changes : mapping of str to str, optional
        Settings that are changed in every model.
    grid : mapping of str to sequence of str, optional
        Values of some settings: a model for every combination.
    baselines : iterable of str
        As shadows are written: `damped-means`, `biased-sgd,rank=10`.
    seed : int
    catalogue : bool

    Raises
    ------
    SettingsError
        Unknown setting or baseline, or a value out of its range.

    Examples
    --------
    >>> [spec.text for spec in grid_specs(grid={"rank": ["3", "5"], "gamma": ["inf"]}, baselines=["damped-means"])]
    ['rank=3,gamma=inf', 'rank=5,gamma=inf', 'damped-means']
    """
    axes = [[(name, value) for value in values] for name, values in (grid or {}).items()]
    found = []
    for file in files or [{}]:
        for combination in product(*axes):
            settings = MODELS[LEARNER].with_changes({**file, **(changes or {}), **dict(combination)})
            found.append(ModelSpec(LEARNER, settings, seed, catalogue))
    for text in baselines:
        spec = parse_spec(text, seed=seed, read_file=_no_file)
        if spec.servable:
            known = ", ".join(shadow_names(baselines=True))
            raise SettingsError(f"--baseline {text!r} is no baseline; there are: {known}")
        found.append(spec)
    return [spec for number, spec in enumerate(found) if spec not in found[:number]]


def parse_grid(texts: Iterable[str]) -> dict[str, list[str]]:
    """Values by setting, from `NAME=VALUE,VALUE` texts.

    Raises
    ------
    SettingsError

    Examples
    --------
    >>> parse_grid(["rank=4,8", "gamma=0.5"])
    {'rank': ['4', '8'], 'gamma': ['0.5']}
    """
    found = {}
    for text in texts:
        name, equals, values = text.partition("=")
        parts = [part.strip() for part in values.split(",") if part.strip()]
        if not equals or not parts or name.strip() in found:
            raise SettingsError(f"--grid {text!r}: one name with its values is needed, such as --grid rank=4,8,16")
        found[name.strip()] = parts
    return found


def _no_file(path: Path) -> Mapping[str, Any]:
    raise SettingsError(f"{path} is no baseline; give a settings file with --settings")
