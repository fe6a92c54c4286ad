"""Values are computed once, in the background, and never block or lose an error."""

from __future__ import annotations

import logging
import threading

import pytest

from hypertendril.store import Derived, Failure
from tests.waiting import PATIENCE_SECONDS


@pytest.fixture
def derived():
    made = Derived()
    yield made
    made.close()


def test_a_value_is_none_until_it_is_there(derived):
    go = threading.Event()
    assert derived.get("a", lambda: go.wait(PATIENCE_SECONDS) and 42) is None
    assert derived.get("a", lambda: 0) is None
    go.set()
    assert derived.wait("a", lambda: 0, PATIENCE_SECONDS) == 42
    assert derived.get("a", lambda: 0) == 42


def test_a_value_is_computed_once_however_often_it_is_asked(derived):
    calls = []
    for _ in range(50):
        derived.get("a", lambda: calls.append(1) or "value")
    assert derived.wait("a", lambda: "other", PATIENCE_SECONDS) == "value"
    assert derived.get("a", lambda: "other") == "value"
    assert calls == [1]


def test_the_count_grows_with_every_finished_computation(derived):
    assert derived.count == 0
    derived.wait("a", lambda: 1, PATIENCE_SECONDS)
    derived.wait("b", lambda: 1 / 0, PATIENCE_SECONDS)
    assert derived.count == 2


def test_an_error_becomes_a_failure_with_its_message(derived, caplog):
    def fail():
        raise ValueError("too few trials")

    with caplog.at_level(logging.CRITICAL):
        assert derived.wait("a", fail, PATIENCE_SECONDS) == Failure("too few trials")
    assert derived.get("a", lambda: 1) == Failure("too few trials")


def test_a_computation_that_returns_nothing_is_a_failure(derived):
    assert isinstance(derived.wait("a", lambda: None, PATIENCE_SECONDS), Failure)


def test_the_least_used_values_go_first():
    derived = Derived(size=2)
    derived.wait("a", lambda: "a", PATIENCE_SECONDS)
    derived.wait("b", lambda: "b", PATIENCE_SECONDS)
    assert derived.get("a", lambda: "again") == "a"
    derived.wait("c", lambda: "c", PATIENCE_SECONDS)
    assert derived.get("a", lambda: "again") == "a"
    assert derived.get("b", lambda: "again") is None
    derived.close()


def test_the_newest_request_is_served_first_and_old_ones_are_dropped():
    derived = Derived(size=2)
    busy, go, done, served = threading.Event(), threading.Event(), threading.Event(), []

    def block():
        busy.set()
        return go.wait(PATIENCE_SECONDS)

    derived.get("block", block)
    assert busy.wait(PATIENCE_SECONDS)
    derived.get("a", lambda: served.append("a") or "a")
    derived.get("b", lambda: served.append("b") or done.set() or "b")
    derived.get("c", lambda: served.append("c") or "c")
    go.set()
    assert done.wait(PATIENCE_SECONDS)
    assert served == ["c", "b"]
    derived.close()


def test_several_workers_compute_side_by_side():
    derived = Derived(workers=2)
    meet = threading.Barrier(2, timeout=PATIENCE_SECONDS)
    derived.get("a", lambda: meet.wait() >= 0)
    derived.get("b", lambda: meet.wait() >= 0)
    assert derived.wait("a", lambda: 0, PATIENCE_SECONDS) is True
    assert derived.wait("b", lambda: 0, PATIENCE_SECONDS) is True
    derived.close()


def test_waiting_gives_up_after_the_time_allowed(derived):
    go = threading.Event()
    assert derived.wait("a", lambda: go.wait(PATIENCE_SECONDS), 0.01) is None
    go.set()


def test_a_closed_one_computes_nothing_more():
    derived = Derived()
    derived.close()
    for thread in derived._threads:
        thread.join(PATIENCE_SECONDS)
    assert derived.get("a", lambda: 1) is None
    assert derived.count == 0
