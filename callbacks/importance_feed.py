"""The latest importance of each study: the last result stays until a newer one is ready."""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Hashable, Sequence
from dataclasses import dataclass, field

from hypertendril.analysis.importance.estimate import Importance
from hypertendril.analysis.importance.metrics import asked_importance
from hypertendril.model import Study
from hypertendril.store import Derived, ExperimentStore, Failure, StoppedError

# A running study changes every second; ranks that jump as often cannot be read.
MIN_SECONDS_BETWEEN = 4.0
# A study nobody looked at for so long is left alone.
FORGET_SECONDS = 120.0
# Shorter work needs no bar; what nobody waits for any more makes room for what is asked for now.
TOLD_SECONDS, UNSEEN_SECONDS = 1.0, 5.0
STOPPED = Failure("The computation was stopped.")


@dataclass(frozen=True)
class Wish:
    """What an importance is asked of.

    Attributes:
        study: Id of the study that is looked at.
        metric: Key of a target, `objective:accuracy` say.
        only_forest: By a forest, which can be cut off, whatever model predicts best.
        others: Ids of the studies put together with it.
    """

    study: str
    metric: str
    only_forest: bool = False
    others: tuple[str, ...] = ()

    @property
    def ticket(self) -> str:
        """A name of this wish that a page can hold and ask for."""
        return "\n".join([self.study, self.metric, str(int(self.only_forest)), *self.others])


@dataclass
class _Work:
    """A computation under way."""

    begun: float = 0.0
    share: float = 0.0
    is_stopped: bool = False

    def tell(self, share: float) -> None:
        if self.is_stopped:
            raise StoppedError
        self.share = share


@dataclass
class _Request:
    studies: tuple[Study, ...]
    made: float
    seen: float
    result: Importance | Failure | None = None
    is_pending: bool = True
    work: _Work = field(default_factory=_Work)


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
        self._requests: dict[Wish, _Request] = {}

    def latest(
        self,
        study: Study,
        metric: str,
        *,
        only_forest: bool = False,
        others: Sequence[Study] = (),
    ) -> Importance | Failure | None:
        """Return the newest result there is, perhaps of an earlier version; None before the first.

        Args:
            study: Computed on if nothing newer is being computed.
            metric: Key of a target, `objective:accuracy` say.
            only_forest: A forest, which can be cut off, whatever model predicts best.
            others: Studies put together with it.
        """
        wish = Wish(study.id, metric, only_forest, tuple(other.id for other in others))
        with self._lock:
            now = self._clock()
            request = self._requests.get(wish)
            if request is None:
                request = self._requests[wish] = _Request((study, *others), now, now)
                self._stop_unseen(now)
            request.seen = now
            self._advance(request, wish, (study, *others), now)
            return request.result

    def catch_up(self) -> None:
        """Ask for the newest version of what pages look at: a study may have stopped growing."""
        with self._lock:
            now = self._clock()
            versions = self._store.versions()
            for wish, request in list(self._requests.items()):
                ids = (wish.study, *wish.others)
                is_gone = any(study_id not in versions for study_id in ids)
                if is_gone or now - request.seen > FORGET_SECONDS:
                    self._stop(wish, request)
                    del self._requests[wish]
                elif request.is_pending or any(
                    versions[study.id] != study.version for study in request.studies
                ):
                    newest = tuple(self._store.snapshot(study_id) for study_id in ids)
                    self._advance(request, wish, newest, now)

    def under_way(self, tickets: Collection[str]) -> dict[str, float]:
        """Return how far the work on `tickets` is, that which takes over a second; and note that it is awaited."""
        with self._lock:
            now = self._clock()
            found = {}
            for wish, request in self._requests.items():
                if wish.ticket not in tickets or not request.is_pending:
                    continue
                request.seen = now
                if now - request.made > TOLD_SECONDS:
                    found[wish.ticket] = request.work.share
            return found

    def stop(self, ticket: str) -> None:
        """End the work on a ticket; what was known before stays, else the result says so."""
        with self._lock:
            for wish, request in self._requests.items():
                if wish.ticket == ticket:
                    self._stop(wish, request)
                    request.is_pending, request.result = False, request.result or STOPPED

    def restart(self, ticket: str) -> None:
        """Forget that the work on a ticket was stopped: it begins when it is asked for."""
        with self._lock:
            for wish, request in list(self._requests.items()):
                if wish.ticket == ticket and request.result is STOPPED:
                    del self._requests[wish]

    def _stop_unseen(self, now: float) -> None:
        """Make room: what no page has asked about for a while is given up, if it is not done."""
        for wish, request in list(self._requests.items()):
            if request.is_pending and now - request.seen > UNSEEN_SECONDS:
                self._stop(wish, request)
                del self._requests[wish]

    def _stop(self, wish: Wish, request: _Request) -> None:
        if request.is_pending:
            request.work.is_stopped = True
            self._derived.drop(_key(wish, request.studies))

    def _advance(
        self, request: _Request, wish: Wish, newest: tuple[Study, ...], now: float
    ) -> None:
        is_due = now - request.made >= MIN_SECONDS_BETWEEN
        is_newer = _versions(newest) != _versions(request.studies)
        if not request.is_pending and is_due and is_newer and request.result is not STOPPED:
            request.studies, request.made, request.is_pending = newest, now, True
            request.work = _Work()
        if request.is_pending:
            studies, work = request.studies, request.work
            result = self._derived.get(_key(wish, studies), lambda: _computed(studies, wish, work))
            if result is not None:
                request.result, request.is_pending = result, False


def _versions(studies: Sequence[Study]) -> tuple[int, ...]:
    return tuple(study.version for study in studies)


def _key(wish: Wish, studies: Sequence[Study]) -> Hashable:
    return "importance", wish, _versions(studies)


def _computed(studies: Sequence[Study], wish: Wish, work: _Work) -> Importance:
    return asked_importance(
        studies[0], wish.metric, studies[1:], only_forest=wish.only_forest, tell=work.tell
    )
