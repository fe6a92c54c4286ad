"""The latest importance of each study: the last result stays until a newer one is ready."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass

from hypertendril.analysis.importance import Importance, importance_of
from hypertendril.analysis.importance_metrics import asked_metric, asked_study
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
        self._requests: dict[tuple[str, str, bool], _Request] = {}

    def latest(
        self, study: Study, metric: str, *, only_forest: bool = False
    ) -> Importance | Failure | None:
        """Return the newest result there is, perhaps of an earlier version; None before the first.

        Args:
            study: Computed on if nothing newer is being computed.
            metric: Key of a target, `objective:accuracy` say.
            only_forest: A forest, which can be cut off, whatever model predicts best.
        """
        asked = (study.id, metric, only_forest)
        with self._lock:
            now = self._clock()
            request = self._requests.get(asked)
            if request is None:
                request = self._requests[asked] = _Request(study, now, now)
            request.seen = now
            self._advance(request, asked, study, now)
            return request.result

    def catch_up(self) -> None:
        """Ask for the newest version of what pages look at: a study may have stopped growing."""
        with self._lock:
            now = self._clock()
            versions = self._store.versions()
            for asked, request in list(self._requests.items()):
                study_id = asked[0]
                if study_id not in versions or now - request.seen > FORGET_SECONDS:
                    del self._requests[asked]
                elif request.is_pending or versions[study_id] != request.study.version:
                    self._advance(request, asked, self._store.snapshot(study_id), now)

    def _advance(
        self, request: _Request, asked: tuple[str, str, bool], newest: Study, now: float
    ) -> None:
        is_due = now - request.made >= MIN_SECONDS_BETWEEN
        if not request.is_pending and is_due and newest.version != request.study.version:
            request.study, request.made, request.is_pending = newest, now, True
        if request.is_pending:
            study, (_, metric, only_forest) = request.study, asked
            key = ("importance", study.id, study.version, metric, only_forest)
            result = self._derived.get(key, lambda: _computed(study, metric, only_forest))
            if result is not None:
                request.result, request.is_pending = result, False


def _computed(study: Study, metric: str, only_forest: bool) -> Importance:  # noqa: FBT001 - private
    return importance_of(
        asked_study(study, metric), asked_metric(study, metric), only_forest=only_forest
    )
