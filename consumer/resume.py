"""Where a consumer starts: from the model's checkpoint, or at the beginning of the log.

The group's committed offset is never read.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from consumer.guards import check_learned_from
from consumer.shadows import ShadowPlan, initial_shadows, resume_shadows
from consumer.state import ConsumerState, initial, restored
from evaluation import Prequential
from model_store import Checkpoint, ShadowRow
from streamsvd.learner import Settings
from streamsvd.log import LoggedCatalogue
from streamsvd.ratings import Catalogue


def resume(
    checkpoint: Checkpoint | None,
    *,
    topic: str,
    topic_id: str,
    catalogue_topic: str,
    logged: LoggedCatalogue,
    stored_catalogue: Catalogue | None,
    settings: Settings,
    metrics: Prequential,
    shadow_rows: Sequence[ShadowRow],
    load_shadow: Callable[[str], Checkpoint],
    shadow_plan: ShadowPlan,
    seed: int = 0,
) -> ConsumerState:
    """The state to start from, for one model and one topic.

    Parameters
    ----------
    checkpoint : Checkpoint or None
        From the store.
    topic, topic_id, catalogue_topic : str
        The ratings topic, its id, and its catalogue's topic.
    logged : LoggedCatalogue
        The catalogue topic's content, for a fresh start only.
    stored_catalogue : Catalogue or None
        The catalogue that the checkpoint's model was made with.
    settings, metrics, seed
        For a fresh start.
    shadow_rows : sequence of ShadowRow
        The stored ones.
    load_shadow : callable
        A shadow's checkpoint by its name.
    shadow_plan : ShadowPlan

    Raises
    ------
    SettingsError
        A shadow of the plan exists with other settings.
    TopicUnsafe
        The checkpoint was learned from another topic.
    """
    if checkpoint is None:
        start = initial(logged, catalogue_topic, settings, metrics, seed=seed)
        start.model, start.shadows = initial_shadows(start.model, shadow_rows, shadow_plan, logged.catalogue)
        return start
    check_learned_from(checkpoint, topic, topic_id)
    start = restored(checkpoint, topic, stored_catalogue)
    start.shadows = resume_shadows(
        checkpoint,
        shadow_rows,
        load_shadow,
        shadow_plan,
        model=start.model,
        content=stored_catalogue,
        events=start.metrics.events,
    )
    return start
