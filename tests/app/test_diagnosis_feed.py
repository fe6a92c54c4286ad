from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest

from hypertendril.callbacks.diagnosis_feed import MIN_SECONDS_BETWEEN, DiagnosisFeed
from hypertendril.guidance.diagnosis import Finding, diagnose
from hypertendril.model import Study
from hypertendril.store import Derived
from tests.unit.guidance.diagnosis.studies import real, study_of
from tests.waiting import wait_until


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def derived() -> Iterator[Derived]:
    derived = Derived()
    yield derived
    derived.close()


def random_search(n: int) -> Study:
    return replace(study_of([real("x")], np.linspace(0, 1, n), np.arange(n) % 7), version=n)


def settled(feed: DiagnosisFeed, study: Study) -> tuple[Finding, ...]:
    wait_until(lambda: feed.latest(study) is not None, "the diagnosis")
    found = feed.latest(study)
    assert found is not None
    return found


def test_a_growing_study_is_judged_anew_after_a_while_and_keeps_its_findings_till_then(
    derived: Derived,
) -> None:
    clock = Clock()
    feed = DiagnosisFeed(derived, clock)
    young, old = random_search(40), random_search(50)
    assert settled(feed, young) == diagnose(young)
    assert feed.latest(old) == diagnose(young)
    clock.now = MIN_SECONDS_BETWEEN
    wait_until(lambda: feed.latest(old) == diagnose(old), "the newer diagnosis")


def test_studies_do_not_share_their_findings(derived: Derived) -> None:
    feed = DiagnosisFeed(derived, Clock())
    one, other = random_search(40), replace(random_search(12), id="other")
    assert settled(feed, one) == diagnose(one)
    assert settled(feed, other) == diagnose(other)


def test_a_page_is_served_before_statistics_are_loaded() -> None:
    code = "import sys, hypertendril.callbacks.application; print('scipy.stats' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
