"""What callbacks may call, built once by `app.py` and passed to each `register`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from hypertendril.analysis.importance.estimate import Importance
from hypertendril.analysis.importance.metrics import leading_key
from hypertendril.callbacks.diagnosis_feed import DiagnosisFeed
from hypertendril.callbacks.importance_feed import ImportanceFeed
from hypertendril.jobs.queue.job_queue import JobQueue
from hypertendril.jobs.spec.objectives import Registry
from hypertendril.jobs.watch import WorkerWatch
from hypertendril.model import Study
from hypertendril.readers.follow import Follower
from hypertendril.settings import Settings
from hypertendril.store import Derived, ExperimentStore, Failure
from hypertendril.store.opened import OpenedResults


@dataclass(frozen=True)
class Services:
    """The parts of the running program a page works with."""

    store: ExperimentStore
    queue: JobQueue
    registry: Registry
    derived: Derived
    importances: ImportanceFeed
    diagnoses: DiagnosisFeed
    settings: Settings
    follower: Follower
    opened: OpenedResults
    worker: WorkerWatch

    def importance(self, study: Study) -> Importance | Failure | None:
        """Return the newest importance of what stands for a study: gains where there are intervals.

        None before the first result is ready, a `Failure` where there can be none.
        """
        return self.importances.latest(study, leading_key(study))

    def shares(self, study: Study) -> dict[str, float]:
        """Return single effects by parameter name; empty while unknown or impossible."""
        found = self.importance(study)
        return dict(found.singles) if isinstance(found, Importance) else {}

    def first_study(self) -> str | None:
        """Return the id of the study a new page shows: of the sources opened, else the newest."""
        hidden = self.opened.hidden
        opened = (study for study in self.follower.study_ids() if study not in hidden)
        if first := next(opened, None):
            return first
        rest = (study for study in self.store.studies() if study.id not in hidden)
        newest = max(rest, key=lambda study: study.created, default=None)
        return newest.id if newest else None

    def first_shown(self) -> dict[str, Any] | None:
        """Return what the store of the shown study holds in a new page; None without a study."""
        study = self.first_study()
        versions = self.store.versions()
        return {"study": study, "version": versions[study]} if study in versions else None
