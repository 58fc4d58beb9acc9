"""What each room shows others: the names in the `__all__` of its `__init__`, and no others."""

from __future__ import annotations

import ast
import importlib
from pathlib import Path

import pytest

ROOMS = ("streamsvd", "producer", "consumer", "model_store", "evaluation")
FACES = (
    *ROOMS,
    "model_store.feed",
    "model_store.files",
    *(f"evaluation.{name}" for name in ("metrics", "models", "shadows", "studies", "reporting")),
    *(f"streamsvd.{name}" for name in ("ratings", "kernels", "log", "lookup", "embedded", "service", "dashboard")),
    *(f"streamsvd.learner{name}" for name in ("", ".batch", ".baselines")),
)
UNDESCRIBED = {"__version__"}
"""Constants whose names say it all."""
MOST_LINES = 400
"""A module that passes this has two subjects."""


def syntax(module: str) -> ast.Module:
    return ast.parse(Path(importlib.import_module(module).__file__ or "").read_text())


def imported(tree: ast.Module) -> dict[str, tuple[str, str]]:
    """Names that a module imports from our rooms: name → module and name there."""
    return {
        alias.asname or alias.name: (node.module, alias.name)
        for top in tree.body
        for node in (top.body if isinstance(top, ast.If) else [top])
        if isinstance(node, ast.ImportFrom) and node.module and node.module.split(".")[0] in ROOMS
        for alias in node.names
    }


def defined(tree: ast.Module) -> dict[str, str | None]:
    """Names that a module defines, with their docstrings; of a constant, the string that follows it."""
    found: dict[str, str | None] = {}
    for node, after in zip(tree.body, [*tree.body[1:], None], strict=True):
        if isinstance(node, ast.ClassDef | ast.FunctionDef):
            found[node.name] = ast.get_docstring(node)
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            text = after.value.value if isinstance(after, ast.Expr) and isinstance(after.value, ast.Constant) else None
            for target in node.targets if isinstance(node, ast.Assign) else [node.target]:
                found |= {name.id: str(text or "") for name in ast.walk(target) if isinstance(name, ast.Name)}
    return found


def docstring(module: str, name: str) -> str | None:
    """Of a name where it is defined, however many faces pass it on."""
    tree = syntax(module)
    return defined(tree)[name] if name in defined(tree) else docstring(*imported(tree)[name])


@pytest.mark.parametrize("face", FACES)
def test_every_name_exists_and_is_described(face: str) -> None:
    module = importlib.import_module(face)
    assert not [name for name in module.__all__ if not hasattr(module, name)]
    assert not [name for name in set(module.__all__) - UNDESCRIBED if not docstring(face, name)]


@pytest.mark.parametrize("face", FACES)
def test_the_face_is_sorted_and_whole(face: str) -> None:
    names, tree = importlib.import_module(face).__all__, syntax(face)
    assert names == sorted(names, key=lambda name: (not name.isupper(), name.islower(), name))
    is_folder = hasattr(importlib.import_module(face), "__path__")
    bound = {*defined(tree), *(imported(tree) if is_folder else ())}
    assert {n for n in names if not n.startswith("_")} == {n for n in bound if not n.startswith("_")}


def test_no_module_is_too_long() -> None:
    root = Path(__file__).parents[2]
    lengths = {path: len(path.read_text().splitlines()) for room in ROOMS for path in (root / room).rglob("*.py")}
    assert len(lengths) > 100
    assert {path.as_posix(): n for path, n in lengths.items() if n > MOST_LINES} == {}
