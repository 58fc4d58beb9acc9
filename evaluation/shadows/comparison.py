"""The figures of the served model and of each shadow, as the store and the displays take them."""

from __future__ import annotations

from dataclasses import asdict

from evaluation.metrics import Output
from evaluation.models import ModelSpec
from evaluation.shadows.shadow_models import Served, Shadow, Shadows
from streamsvd.figures import ShadowRow, Verdict
from streamsvd.learner import IteratedSVD, OnlineLearner


def comparison_rows(shadows: Shadows, model: IteratedSVD) -> list[ShadowRow]:
    """Figures of the served model and of each shadow; empty without shadows.

    Parameters
    ----------
    shadows : Shadows
    model
        The served one.
    """
    if not shadows:
        return []
    served = shadows.served
    models: list[tuple[str, ModelSpec, OnlineLearner, Served | Shadow, Verdict | None]] = [
        (served.name, ModelSpec.of(model), model, served, None),
        *((name, one.spec, one.model, one, one.comparison.verdict()) for name, one in shadows.models.items()),
    ]
    return [
        ShadowRow(
            name=name,
            served=verdict is None,
            kind=spec.kind,
            spec=spec.text,
            made_of=asdict(spec),
            since=shown.since,
            events=(figures := shown.metrics.figures()).events,
            users=learner.n_users,
            items=learner.n_items,
            figures=figures.at(Output.JSON),
            against_served=verdict,
        )
        for name, spec, learner, shown, verdict in models
    ]
