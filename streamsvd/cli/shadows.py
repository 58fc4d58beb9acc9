"""Shadow models on the command line: what `--shadow` says, and the table of their figures."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

import typer
from rich.console import Group
from rich.text import Text

from evaluation.metrics import RMSE
from evaluation.models import ModelSpec, parse_spec, shadow_names
from streamsvd.cli.options import read_settings
from streamsvd.cli.tables import facts_grid, new_table
from streamsvd.errors import SettingsError
from streamsvd.figures import ShadowRow, Verdict
from streamsvd.ratings import utc_day

ShadowOption = Annotated[
    list[str] | None,
    typer.Option(
        "--shadow",
        metavar="NAME=SPEC",
        help=f"A model to compare with the served one: {', '.join(shadow_names(baselines=True))}, a settings file "
        "(.json), or settings such as rank=16,gamma=inf; repeat for more.",
    ),
]


def parse_shadows(pairs: Sequence[str] | None, seed: int) -> dict[str, ModelSpec]:
    """Specifications by name from `NAME=SPEC` texts.

    Parameters
    ----------
    pairs : sequence of str or None
    seed : int
        Of those that give none.

    Raises
    ------
    SettingsError

    Examples
    --------
    >>> {name: spec.text for name, spec in parse_shadows(["wide=rank=16", "means=damped-means"], 0).items()}
    {'wide': 'rank=16', 'means': 'damped-means'}
    """
    specs: dict[str, ModelSpec] = {}
    for pair in pairs or []:
        name, equals, text = pair.partition("=")
        if not (name and equals and text):
            raise SettingsError(
                f"--shadow {pair!r}: a name and what it is made of are needed, such as --shadow wide=rank=16"
            )
        if name in specs:
            raise SettingsError(f"--shadow {name} is given twice; give each its own name")
        specs[name] = parse_spec(text, seed=seed, read_file=read_settings)
    return specs


def shadow_objects(rows: Sequence[ShadowRow]) -> dict[str, Any]:
    """For programs: `shadows`, a list of one JSON object a model, the served one first; nothing without any."""
    return {"shadows": [row.flat() for row in rows]} if rows else {}


def shadows_table(rows: Sequence[ShadowRow], title: str = "models on the same stream", *, dated: bool = True) -> Group:
    """The served model and its shadows, side by side, and what they are made of; `dated`: timestamps are dates."""
    table = new_table(title, "model", "RMSE, event", "page", "against the served", "verdict")
    table.columns[-1].justify = "left"
    for row in rows:
        against, verdict = "–", "served"
        if row.against_served is not None:
            against, verdict = difference_text(row.against_served), verdict_text(row.against_served, dated=dated)
        figures = [RMSE.text(row.figures.get(name)) for name in ("rmse_event", "rmse_page")]
        table.add_row(row.name, *figures, against, verdict, style="bold" if row.served else None)
    made_of = ((row.name, row.spec, f"{row.events:,} ratings, from number {row.since + 1:,}") for row in rows)
    return Group(table, Text(_CAPTION, style="dim"), facts_grid(*made_of))


_CAPTION = (
    "against the served: RMSE less that of the served model on the same ratings, page protocol; the interval holds "
    "the difference at all times together (95 %), so it may be looked at as often as you like"
)


def difference_text(found: Verdict) -> str:
    """A difference of RMSEs, and how far it may be off."""
    if found.difference is None or found.low is None or found.high is None:
        return "–"
    return f"{found.difference:+.4f} ± {max(found.high - found.difference, found.difference - found.low):.4f}"


def verdict_text(found: Verdict, *, dated: bool = True) -> str:
    """Which is better, and since which rating, and which day where timestamps are dates.

    Examples
    --------
    >>> verdict_text(Verdict(better="shadow", since_event=1200, since_time=881250949))
    'better since 1,200, 1997-12-04'
    """
    if found.better is None:
        return "undecided"
    word = "better" if found.better == "shadow" else "worse"
    return f"{word} since {found.since_event:,}" + (f", {utc_day(found.since_time)}" if dated else "")
