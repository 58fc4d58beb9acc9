"""The search: one seed, one result, however many jobs and interruptions; and the file that remembers its trials."""

from __future__ import annotations

import math
from itertools import count
from pathlib import Path

import pytest

from evaluation.models import LEARNER, MODELS, Range
from evaluation.studies.tuning import BATCH, Trial, TrialFile, best_trial, propose, search
from evaluation.studies.tuning_tasks import Stop, Stopped
from streamsvd.errors import InputError, SettingsError
from streamsvd.learner import Settings

SPACE = (Range("rank", 2, 24, whole=True), Range("ridge", 2, 60))


class Bowl:
    """An error that is smallest at rank 5 and ridge 20; stops when it is asked to."""

    name = "bowl"
    space = SPACE
    defaults = Settings()

    def error(self, settings: Settings, stopped: Stop) -> float:
        if stopped():
            raise Stopped
        return 1 + math.log(settings.rank / 5) ** 2 + math.log(settings.ridge / 20) ** 2

    def report(self, settings: Settings) -> dict[str, float]:
        return {"rest": self.error(settings, lambda: False)}


def test_the_first_trial_is_the_defaults_and_the_search_beats_them() -> None:
    trials = search(Bowl(), trials=32, seed=1)
    assert [trial.number for trial in trials] == list(range(32))
    assert trials[0].changes == {}
    found = best_trial(trials)
    assert found.error < trials[0].error
    assert abs(math.log(found.changes["ridge"] / 20)) < 0.7


def test_jobs_change_no_result() -> None:
    assert search(Bowl(), trials=14, seed=2, jobs=3) == search(Bowl(), trials=14, seed=2)


def test_another_seed_is_another_search() -> None:
    assert search(Bowl(), trials=6, seed=1) != search(Bowl(), trials=6, seed=2)


@pytest.mark.parametrize("after", [1, 3, 5, 10])
def test_an_interrupted_search_goes_on_to_the_same_result(tmp_path: Path, after: int) -> None:
    path = tmp_path / "trials"
    asked = count(1)
    first = TrialFile(path, {"seed": 3})
    search(Bowl(), trials=13, seed=3, keep=first.add, stopped=lambda: next(asked) > after)
    second = TrialFile(path, {"seed": 3})
    assert len(second.trials) == after
    resumed = search(Bowl(), trials=13, seed=3, known=second.trials, keep=second.add)
    assert resumed == search(Bowl(), trials=13, seed=3)
    assert TrialFile(path, {"seed": 3}).trials == {trial.number: trial for trial in resumed}


def test_more_trials_go_on_from_fewer() -> None:
    few = search(Bowl(), trials=BATCH + 1, seed=4)
    kept: list[Trial] = []
    more = search(Bowl(), trials=11, seed=4, known={trial.number: trial for trial in few}, keep=kept.append)
    assert more == search(Bowl(), trials=11, seed=4)
    assert len(kept) == 11 - len(few)


def test_fewer_trials_than_known_are_the_first_of_them() -> None:
    trials = search(Bowl(), trials=9, seed=4)
    known = {trial.number: trial for trial in trials}
    assert search(Bowl(), trials=3, seed=4, known=known) == trials[:3]


@pytest.mark.parametrize(("trials", "jobs"), [(0, 1), (1, 0)])
def test_nothing_to_do_is_refused(trials: int, jobs: int) -> None:
    with pytest.raises(SettingsError, match="a trial and a job at least"):
        search(Bowl(), trials=trials, jobs=jobs)


def test_what_is_searched_are_settings_and_all_values_are_allowed() -> None:
    for r in MODELS[LEARNER].space:
        for value in (r.low, r.high):
            assert getattr(Settings().replace(**{r.name: value}), r.name) == value
    for changes in propose([], MODELS[LEARNER].space, seed=0)[1:]:
        Settings().replace(**changes)


def test_of_equal_errors_the_first_is_best() -> None:
    assert best_trial([Trial(2, {}, 0.9), Trial(1, {}, 0.9), Trial(0, {}, 1.0)]).number == 1


def test_a_line_that_was_cut_off_is_dropped(tmp_path: Path) -> None:
    path = tmp_path / "trials"
    file = TrialFile(path, {})
    file.add(Trial(0, {}, 0.1 + 0.2))
    with path.open("a") as cut:
        cut.write('{"number": 1, "cha')
    assert TrialFile(path, {}).trials == {0: Trial(0, {}, 0.1 + 0.2)}
    assert path.read_text().count("\n") == 2


def test_trials_of_another_search_are_refused(tmp_path: Path) -> None:
    TrialFile(tmp_path / "trials", {"seed": 1})
    with pytest.raises(InputError, match="another search"):
        TrialFile(tmp_path / "trials", {"seed": 2})


def test_a_damaged_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "trials"
    TrialFile(path, {})
    with path.open("a") as file:
        file.write("rubbish\n")
    with pytest.raises(InputError, match="damaged"):
        TrialFile(path, {})


def test_a_file_that_cannot_be_written_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="name another --out"):
        TrialFile(tmp_path / "nowhere" / "trials", {})
