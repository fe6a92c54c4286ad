"""The latest diagnosis of each study: the last one stays until a newer one is ready."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass

from hypertendril.guidance.diagnosis import Finding, diagnose
from hypertendril.model import Study
from hypertendril.store import Derived

# A running study changes every second; verdicts that jump as often cannot be read.
MIN_SECONDS_BETWEEN = 4.0


@dataclass
class _Last:
    version: int
    asked: float
    findings: tuple[Finding, ...] | None = None


class DiagnosisFeed:
    """Findings by study, computed in the background.

    Args:
        derived: Computes and keeps the results.
        clock: Monotonic seconds.
    """

    def __init__(self, derived: Derived, clock: Callable[[], float]) -> None:
        self._derived = derived
        self._clock = clock
        self._lock = threading.Lock()
        self._last: dict[str, _Last] = {}

    def latest(self, study: Study) -> tuple[Finding, ...] | None:
        """Return the newest findings there are, perhaps of an earlier version; None before the first."""
        with self._lock:
            now = self._clock()
            last = self._last.setdefault(study.id, _Last(study.version, now))
            if study.version != last.version and now - last.asked >= MIN_SECONDS_BETWEEN:
                last.version, last.asked = study.version, now
            key = "diagnosis", study.id, last.version
            found = self._derived.get(key, lambda: diagnose(study))
            if isinstance(found, tuple):
                last.findings = found
            return last.findings
