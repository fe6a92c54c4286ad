"""The latest importance of each study: the last result stays until a newer one is ready."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass

from hypertendril.analysis.importance import Importance, importance_of
from hypertendril.model import Study
from hypertendril.store import Derived, ExperimentStore, Failure

# A running study changes every second; ranks that jump as often cannot be read.
MIN_SECONDS_BETWEEN = 4.0
# A study nobody looked at for so long is left alone.
FORGET_SECONDS = 120.0


@dataclass
class _Request:
    study: Study
    made: float
    seen: float
    result: Importance | Failure | None = None
    is_pending: bool = True


class ImportanceFeed:
    """Importance by study and metric, computed in the background.

    Args:
        store: Asked for newer versions of the studies that pages look at.
        derived: Computes and keeps the results.
        clock: Monotonic seconds.
    """

    def __init__(
        self, store: ExperimentStore, derived: Derived, clock: Callable[[], float]
    ) -> None:
        self._store = store
        self._derived = derived
        self._clock = clock
        self._lock = threading.Lock()
        self._requests: dict[tuple[str, str], _Request] = {}

    def latest(self, study: Study, metric: str) -> Importance | Failure | None:
        """Return the newest result there is, perhaps of an earlier version; None before the first.

        Args:
            study: Computed on if nothing newer is being computed.
            metric: Column key, `objective:accuracy` say.
        """
        with self._lock:
            now = self._clock()
            request = self._requests.get((study.id, metric))
            if request is None:
                request = self._requests[study.id, metric] = _Request(study, now, now)
            request.seen = now
            self._advance(request, metric, study, now)
            return request.result

    def catch_up(self) -> None:
        """Ask for the newest version of what pages look at: a study may have stopped growing."""
        with self._lock:
            now = self._clock()
            versions = self._store.versions()
            for (study_id, metric), request in list(self._requests.items()):
                if study_id not in versions or now - request.seen > FORGET_SECONDS:
                    del self._requests[study_id, metric]
                elif request.is_pending or versions[study_id] != request.study.version:
                    self._advance(request, metric, self._store.snapshot(study_id), now)

    def _advance(self, request: _Request, metric: str, newest: Study, now: float) -> None:
        is_due = now - request.made >= MIN_SECONDS_BETWEEN
        if not request.is_pending and is_due and newest.version != request.study.version:
            request.study, request.made, request.is_pending = newest, now, True
        if request.is_pending:
            study = request.study
            key = ("importance", study.id, study.version, metric)
            result = self._derived.get(key, lambda: importance_of(study, metric))
            if result is not None:
                request.result, request.is_pending = result, False
