"""What callbacks may call, built once by `app.py` and passed to each `register`."""

from __future__ import annotations

from dataclasses import dataclass

from hypertendril.analysis.importance import Importance, importance_of
from hypertendril.errors import SelectionError
from hypertendril.jobs.objectives import Registry
from hypertendril.jobs.queue import JobQueue
from hypertendril.model import Selection, Study
from hypertendril.settings import Settings
from hypertendril.store import Derived, ExperimentStore, Failure


@dataclass(frozen=True)
class Services:
    """The parts of the running program a page works with."""

    store: ExperimentStore
    queue: JobQueue
    registry: Registry
    derived: Derived
    settings: Settings

    def study(self, shown: object) -> Study | None:
        """Return the study a page shows; None where it names none the store has."""
        if not isinstance(shown, dict) or shown.get("study") not in self.store.versions():
            return None
        return self.store.snapshot(shown["study"])

    def selection(self, data: object, study: Study) -> Selection:
        """Return what a page selected; nothing where it was made on another study.

        Raises:
            SelectionError: Malformed, or it names a column the study lacks.
        """
        selection = Selection.from_json(data)
        if selection.study not in ("", study.id):
            return Selection(study.id)
        return selection

    def importance(self, study: Study, metric: str | None = None) -> Importance | Failure | None:
        """Return the importance of the parameters; None while it is computed in the background."""
        key = metric or f"objective:{study.objectives[0].name}"
        return self.derived.get(
            ("importance", study.id, study.version, key), lambda: importance_of(study, key)
        )

    def shares(self, study: Study) -> dict[str, float]:
        """Return single effects by parameter name; empty while unknown or impossible."""
        found = self.importance(study)
        return dict(found.singles) if isinstance(found, Importance) else {}


__all__ = ["SelectionError", "Services"]
