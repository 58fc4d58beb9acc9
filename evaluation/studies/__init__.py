"""Studies of a history: comparisons, searches for settings, simulation runs, peers, and their tables and pictures."""

from evaluation.studies.peer_comparison import BASIS, PeerResult, compare, peer_errors, peer_rates, peer_seconds
from evaluation.studies.peer_pictures import draw_peers
from evaluation.studies.peers import INSTALL, Stream, installed_peers
from evaluation.studies.pictures import Drawing, check_pictures
from evaluation.studies.run_archive import RunArchive
from evaluation.studies.simulation import (
    EventRange,
    Outcome,
    PredictedPart,
    Predictor,
    Run,
    event_number,
    event_range,
    in_process,
    load_kernels,
)
from evaluation.studies.simulation_folder import StoredRun, stored_runs
from evaluation.studies.simulation_grid import grid_specs, parse_grid
from evaluation.studies.simulation_jobs import simulate_all
from evaluation.studies.simulation_lookup import PastRecommendations, look_up
from evaluation.studies.simulation_pictures import draw_runs
from evaluation.studies.study import FOLDS, Study, compile_study, run_study, study_specs
from evaluation.studies.study_pictures import draw_study
from evaluation.studies.tuning import Trial, TrialFile, best_trial, optuna_version, search
from evaluation.studies.tuning_tasks import TASKS, Stopped

__all__ = [
    "BASIS",
    "FOLDS",
    "INSTALL",
    "TASKS",
    "Drawing",
    "EventRange",
    "Outcome",
    "PastRecommendations",
    "PeerResult",
    "PredictedPart",
    "Predictor",
    "Run",
    "RunArchive",
    "Stopped",
    "StoredRun",
    "Stream",
    "Study",
    "Trial",
    "TrialFile",
    "best_trial",
    "check_pictures",
    "compare",
    "compile_study",
    "draw_peers",
    "draw_runs",
    "draw_study",
    "event_number",
    "event_range",
    "grid_specs",
    "in_process",
    "installed_peers",
    "load_kernels",
    "look_up",
    "optuna_version",
    "parse_grid",
    "peer_errors",
    "peer_rates",
    "peer_seconds",
    "run_study",
    "search",
    "simulate_all",
    "stored_runs",
    "study_specs",
]
