"""Studies kept in memory as columns and on disk as a journal."""

from hypertendril.store.batch import Appended, Batch, TrialUpdates
from hypertendril.store.derived import Derived, Failure, StoppedError
from hypertendril.store.experiment_store import ExperimentStore, StudySummary

__all__ = [
    "Appended",
    "Batch",
    "Derived",
    "ExperimentStore",
    "Failure",
    "StoppedError",
    "StudySummary",
    "TrialUpdates",
]
