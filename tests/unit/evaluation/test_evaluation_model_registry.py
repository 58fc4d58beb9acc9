"""The registry of models: every entry can be made, learns what it declares, and takes part where it can."""

from __future__ import annotations

import numpy as np
import pytest
from model_states import plain

from evaluation.models import MODELS, ModelSpec, compile_kernels, descriptions, parse_spec, shadow_names
from streamsvd.errors import SettingsError
from streamsvd.ratings import Synthetic

WORLD = Synthetic(ratings=400, users=40, items=150)
TABLE, CATALOGUE = WORLD.table(), WORLD.catalogue()
COLUMNS = TABLE.users, TABLE.items, TABLE.ratings, TABLE.timestamps
OURS = [name for name, model in MODELS.items() if not model.package]


def small(name: str) -> ModelSpec:
    return ModelSpec(name, MODELS[name].with_changes(MODELS[name].small))


@pytest.mark.parametrize("name", OURS)
def test_every_model_learns_in_its_way_and_predicts_within_the_scale(name: str) -> None:
    spec = small(name)
    assert spec.model.online != spec.model.batch
    if spec.model.online:
        online = spec.make(TABLE.dataset.scale, CATALOGUE)
        online.learn(*COLUMNS)
        found = online.predict(*COLUMNS[:2])
    else:
        found = spec.make_batch(TABLE.dataset.scale, CATALOGUE).fit(*COLUMNS).predict(*COLUMNS[:2])
    low, high = TABLE.dataset.scale
    assert ((low <= found) & (found <= high)).all()
    assert len(np.unique(found)) > 1


@pytest.mark.parametrize("name", OURS)
def test_only_who_uses_the_catalogue_is_changed_by_it(name: str) -> None:
    spec, found = small(name), []
    for content in (CATALOGUE, None):
        if spec.model.online:
            found.append(spec.make(TABLE.dataset.scale, content).learn(*COLUMNS).event)
        else:
            found.append(spec.make_batch(TABLE.dataset.scale, content).fit(*COLUMNS).predict(*COLUMNS[:2]))
    assert np.array_equal(*found) != spec.model.catalogue


@pytest.mark.parametrize("name", shadow_names())
def test_a_shadow_is_restored_from_its_state(name: str) -> None:
    spec = small(name)
    shadow = spec.make(TABLE.dataset.scale, CATALOGUE)
    shadow.learn(*COLUMNS)
    assert plain(spec.restore(shadow.state(), CATALOGUE).state()) == plain(shadow.state())


def test_descriptions_and_labels_tell_models_apart() -> None:
    for command in ("study", "compare", "tune"):
        labels = [getattr(model, command) for model in MODELS.values() if getattr(model, command)]
        assert len(labels) == len(set(labels))
        assert [line.partition(": ")[0] for line in descriptions(command)] == labels


@pytest.mark.parametrize("name", [name for name, model in MODELS.items() if model.tune])
def test_what_is_tuned_has_a_grid_or_a_space_of_its_settings(name: str) -> None:
    model = MODELS[name]
    searched = {r.name for r in model.space} or model.grid.keys()
    assert searched
    assert searched <= model.with_changes({}).keys()


def test_a_model_that_is_not_there_is_refused_with_those_that_are() -> None:
    with pytest.raises(SettingsError, match=f"there is no model 'nope'; there are: {', '.join(MODELS)}"):
        _ = ModelSpec("nope", {}).model
    with pytest.raises(SettingsError, match=f"neither one of {', '.join(shadow_names())}, nor"):
        parse_spec("brand-svd")


def test_kernels_are_compiled_for_every_model() -> None:
    compile_kernels([small(name) for name in OURS], CATALOGUE)
