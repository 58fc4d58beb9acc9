"""The parts of a report: sections of paragraphs, points, pictures and grids, as values without markup."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from evaluation.studies import Drawing


@dataclass(frozen=True, slots=True)
class Paragraph:
    """Text."""

    text: str
    kind: str = field(default="paragraph", init=False)


@dataclass(frozen=True, slots=True)
class Points:
    """A list of sentences."""

    texts: Sequence[str]
    kind: str = field(default="points", init=False)


@dataclass(frozen=True, slots=True)
class Picture:
    """A drawing with its caption and alternative text.

    Attributes
    ----------
    name : str
        Of its file, and of its anchor after `figure-`.
    """

    name: str
    drawing: Drawing
    alt: str
    caption: str
    kind: str = field(default="picture", init=False)


@dataclass(frozen=True, slots=True)
class Grid:
    """A table of texts.

    Attributes
    ----------
    caption : str
    heads : sequence of str
    rows : sequence of sequences of str
    texts : int
        Leading columns that hold text; the others hold numbers and are set flush right.
    strong : set of int
        Rows in bold.
    wide : tuple of int
        Further columns that hold text.
    """

    caption: str
    heads: Sequence[str]
    rows: Sequence[Sequence[str]]
    texts: int = 1
    strong: frozenset[int] = frozenset()
    wide: tuple[int, ...] = ()
    kind: str = field(default="grid", init=False)


Block = Paragraph | Points | Picture | Grid


@dataclass(frozen=True, slots=True)
class Section:
    """A part of the report under its own heading."""

    anchor: str
    title: str
    blocks: Sequence[Block]


@dataclass(frozen=True, slots=True)
class Tile:
    """A figure with its label."""

    value: str
    label: str


@dataclass(frozen=True, slots=True)
class Part:
    """Sections under one title."""

    anchor: str
    title: str
    sections: Sequence[Section]


@dataclass(frozen=True, slots=True)
class Report:
    """A whole report, and its figures for programs.

    Attributes
    ----------
    title, subtitle : str
    tiles : sequence of Tile
    summary : sequence of str
        What was found, in sentences.
    parts : sequence of Part
    figures : dict
        As JSON values.
    """

    title: str
    subtitle: str
    tiles: Sequence[Tile]
    summary: Sequence[str]
    parts: Sequence[Part]
    figures: dict[str, Any]

    def pictures(self) -> list[Picture]:
        """All pictures, in order."""
        blocks = [block for part in self.parts for section in part.sections for block in section.blocks]
        return [block for block in blocks if isinstance(block, Picture)]
