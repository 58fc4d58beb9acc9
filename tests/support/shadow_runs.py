"""Shadow models for tests: specifications, runs in process, and what the store holds at the end."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import closing
from typing import Any

from model_states import plain

from consumer import ShadowPlan
from consumer.baseline_states import to_rows
from evaluation.models import parse_spec
from evaluation.shadows import Shadows, comparison_rows
from model_store import ModelWriter, connect, read_shadows
from streamsvd.figures import ShadowRow
from streamsvd.learner import IteratedSVD
from streamsvd.ratings import Catalogue, RatingTable


def shadow_plan(specs: Mapping[str, str], dropped: Sequence[str] = ()) -> ShadowPlan:
    """What `--shadow NAME=SPEC …` and `--drop-shadow NAME …` say."""
    return ShadowPlan(shadows={name: parse_spec(text) for name, text in specs.items()}, dropped=dropped)


def in_process(
    table: RatingTable, specs: Mapping[str, str], catalogue: Catalogue | None = None
) -> tuple[dict[str, Any], list[ShadowRow]]:
    """What shadows without Kafka and Redis know at the end of a table, comparable with `==`, and how they do."""
    model = IteratedSVD(scale=table.dataset.scale, content=catalogue)
    shadows = Shadows(table.dataset.scale)
    for name, text in specs.items():
        shadows.add(name, parse_spec(text), catalogue, 0)
    columns = table.users, table.items, table.ratings, table.timestamps
    shadows.learn(*columns, model.learn(*columns))
    found = {}
    for name, shadow in shadows.models.items():
        state = shadow.model.state()
        metrics = {f"metrics.{n}": a for n, a in shadow.metrics.state().items()}
        metrics |= {f"comparison.{n}": a for n, a in shadow.comparison.state().items()}
        found[name] = {"state": plain(state if shadow.spec.servable else to_rows(state)), "metrics": bits(metrics)}
    return found, comparison_rows(shadows, model)


def final_shadows(store: str, model: str) -> dict[str, Any]:
    """All of a model's shadows in the store, in the form of `in_process`."""
    found = {}
    with closing(connect(store)) as client, closing(ModelWriter(client, model)) as writer:
        writer.acquire()
        for row in read_shadows(client, model):
            if not row.served:
                checkpoint = writer.load_shadow(row.name)
                found[row.name] = {"state": plain(checkpoint.state), "metrics": bits(checkpoint.metrics)}
    return found


def bits(arrays: Mapping[str, Any]) -> dict[str, Any]:
    return {name: (str(a.dtype), a.shape, a.tobytes()) for name, a in arrays.items()}
