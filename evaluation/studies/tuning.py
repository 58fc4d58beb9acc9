"""A search for settings: a tree-structured Parzen estimator (Optuna) proposes, a `Task` scores, a file keeps trials.

Trials come in batches of a fixed size. A batch depends only on the seed, its number and the scores of the batches
before, so the same seed finds the same settings, with any number of jobs and interruptions. The first trial has the
defaults.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from evaluation.models import Range
from evaluation.studies.tuning_tasks import Stopped, Task
from streamsvd.errors import InputError, SettingsError
from streamsvd.learner import Settings

BATCH = 4  # trials that are proposed together; part of what a seed means
FORMAT = 1


@dataclass(frozen=True, slots=True)
class Trial:
    """Settings that were tried, and their error on the ratings that the search may see."""

    number: int
    changes: dict[str, float]
    error: float


class TrialFile:
    """The trials of one search, one JSON object a line; the first line says which search it is.

    Parameters
    ----------
    path : Path
        Made when it is not there. A last line that was cut off is dropped.
    search : mapping
        What the scores depend on, as JSON values.

    Raises
    ------
    InputError
        If the file holds another search's trials, or is not a file of trials, or cannot be written.
    """

    def __init__(self, path: Path, search: Mapping[str, Any]) -> None:
        self._path = path
        self.trials: dict[int, Trial] = {}
        first = json.dumps({"tuning": FORMAT, **search}, sort_keys=True)
        try:
            lines = path.read_text().split("\n") if path.exists() else []
            whole = lines[:-1]  # what follows the last line end was cut off
            if whole and whole[0] != first:
                raise InputError(f"{path} holds the trials of another search; delete it, or name another --out")
            for line in whole[1:]:
                trial = Trial(**json.loads(line))
                self.trials[trial.number] = trial
            path.write_text("".join(line + "\n" for line in whole or [first]))
        except OSError as error:
            raise InputError(f"{path} cannot be used: {error.strerror}; name another --out") from error
        except (ValueError, TypeError) as error:
            raise InputError(f"{path} is damaged ({error}); delete it to search again") from error

    def add(self, trial: Trial) -> None:
        """Keep one more trial."""
        self.trials[trial.number] = trial
        found = {"number": trial.number, "changes": trial.changes, "error": trial.error}
        with self._path.open("a") as file:
            file.write(json.dumps(found) + "\n")


def search(
    task: Task,
    *,
    trials: int,
    seed: int = 0,
    jobs: int = 1,
    known: Mapping[int, Trial] | None = None,
    keep: Callable[[Trial], None] = lambda _: None,
    stopped: Callable[[], bool] = lambda: False,
) -> list[Trial]:
    """Try settings.

    Parameters
    ----------
    task : Task
        Scores settings, and says between which values to search.
    trials : int
        How many, the defaults included.
    seed : int
    jobs : int
        Threads that score; changes no result.
    known : mapping of int to Trial, optional
        Trials of an earlier run of the same search, by number.
    keep : callable
        Given each new trial as it ends.
    stopped : callable
        Asked again and again; true ends the search.

    Returns
    -------
    list of Trial
        By number; fewer than asked for when it was stopped.

    Raises
    ------
    SettingsError
        If there is not one trial or one job.
    """
    if trials < 1 or jobs < 1:
        raise SettingsError(f"a search needs a trial and a job at least, not {trials} and {jobs}")
    done = {number: trial for number, trial in (known or {}).items() if number < trials}
    with ThreadPoolExecutor(jobs) as pool:
        for first in range(0, trials, BATCH):
            wanted = range(first, min(first + BATCH, trials))
            if all(number in done for number in wanted):
                continue
            changes = propose([done[k] for k in range(first)], task.space, seed, task.defaults)
            futures = [
                pool.submit(_try, task, number, changes[number - first], stopped)
                for number in wanted
                if number not in done
            ]
            for future in as_completed(futures):
                with suppress(Stopped):  # those that end meanwhile are kept
                    trial = future.result()
                    done[trial.number] = trial
                    keep(trial)
            if any(number not in done for number in wanted):
                break
    return [done[number] for number in sorted(done)]


def best_trial(trials: Sequence[Trial]) -> Trial:
    """The trial with the smallest error, the first of them where several have it."""
    return min(trials, key=lambda trial: (trial.error, trial.number))


def propose(
    before: Sequence[Trial], space: Sequence[Range], seed: int, defaults: Settings | None = None
) -> list[dict[str, float]]:
    """Changes to the default settings for the next batch.

    Parameters
    ----------
    before : sequence of Trial
        All earlier batches, whole.
    space : sequence of Range
    seed : int
    defaults : Settings, optional
        What the changes are changes to.
    """
    start = defaults or Settings()
    optuna = _optuna()
    distributions = {
        r.name: optuna.distributions.IntDistribution(int(r.low), int(r.high), log=True)
        if r.whole
        else optuna.distributions.FloatDistribution(r.low, r.high, log=True)
        for r in space
    }
    of_batch = int(np.random.SeedSequence([seed, len(before)]).generate_state(1)[0])
    study = optuna.create_study(sampler=optuna.samplers.TPESampler(seed=of_batch))
    for trial in before:
        params = {r.name: trial.changes.get(r.name, getattr(start, r.name)) for r in space}
        if all(params[r.name] is not None and r.low <= params[r.name] <= r.high for r in space):  # defaults may not be
            study.add_trial(optuna.trial.create_trial(params=params, distributions=distributions, value=trial.error))
    changes: list[dict[str, float]] = [dict(study.ask(distributions).params) for _ in range(BATCH)]
    if not before:
        changes[0] = {}
    return changes


def optuna_version() -> str:
    """Version of the optimiser, which is part of what a seed means.

    Raises
    ------
    InputError
        If it is not installed.
    """
    return str(_optuna().__version__)


def _try(task: Task, number: int, changes: dict[str, float], stopped: Callable[[], bool]) -> Trial:
    return Trial(number, changes, task.error(task.defaults.replace(**changes), stopped))


def _optuna() -> Any:
    try:
        import optuna
    except ImportError:
        raise InputError("tuning needs the package optuna: pip install 'streamsvd[tune]'") from None
    optuna.logging.set_verbosity(optuna.logging.ERROR)  # a line for each trial, in addition to the progress bar
    return optuna
