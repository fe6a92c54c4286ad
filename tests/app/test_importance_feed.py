"""Long computations of importance: heard of, stopped, begun again, and given up for newer ones."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import pytest

from hypertendril.analysis.importance.estimate import Importance
from hypertendril.analysis.importance.metrics import asked_importance
from hypertendril.callbacks.importance_feed import STOPPED, ImportanceFeed, Wish
from hypertendril.model import Parameter, ParameterKind, SearchSpace
from hypertendril.store import Derived
from tests.app.conftest import put
from tests.waiting import PATIENCE_SECONDS, wait_until

KEY = "objective:accuracy"


class Gate:
    """Stands for a long computation: it says how far it is and goes on when it may."""

    def __init__(self) -> None:
        self.entered, self.may_go = threading.Event(), threading.Event()
        self.begun: list[str] = []

    def __call__(self, study: Any, key: str, others: Any, *, only_forest: bool, tell: Any) -> Any:
        self.begun.append(study.id)
        tell(0.25)
        self.entered.set()
        assert self.may_go.wait(PATIENCE_SECONDS)
        tell(0.5)
        return asked_importance(study, key, others, only_forest=only_forest, tell=tell)


@pytest.fixture
def gate(monkeypatch: pytest.MonkeyPatch) -> Iterator[Gate]:
    made = Gate()
    monkeypatch.setattr("hypertendril.callbacks.importance_feed.asked_importance", made)
    yield made
    made.may_go.set()


@pytest.fixture
def now() -> list[float]:
    return [0.0]


@pytest.fixture
def feed(services: Any, now: list[float]) -> Iterator[ImportanceFeed]:
    derived = Derived()
    yield ImportanceFeed(services.store, derived, lambda: now[0])
    derived.close()


def test_work_over_a_second_says_how_far_it_is(
    feed: ImportanceFeed, gate: Gate, services: Any, study_of: Any, now: list[float]
) -> None:
    study = put(services, study_of(40, study_id="s"))
    ticket = Wish("s", KEY).ticket
    assert feed.latest(study, KEY) is None
    assert gate.entered.wait(PATIENCE_SECONDS)
    assert feed.under_way([ticket]) == {}
    now[0] = 1.5
    assert feed.under_way([ticket]) == {ticket: 0.25}
    assert feed.under_way(["another"]) == {}
    gate.may_go.set()
    wait_until(lambda: isinstance(feed.latest(study, KEY), Importance), "the importance")
    assert feed.under_way([ticket]) == {}


def test_work_can_be_stopped_and_begun_again(
    feed: ImportanceFeed, gate: Gate, services: Any, study_of: Any
) -> None:
    study = put(services, study_of(40, study_id="s"))
    ticket = Wish("s", KEY).ticket
    feed.latest(study, KEY)
    assert gate.entered.wait(PATIENCE_SECONDS)
    feed.stop(ticket)
    gate.may_go.set()
    assert feed.latest(study, KEY) is STOPPED
    feed.restart(ticket)
    wait_until(lambda: isinstance(feed.latest(study, KEY), Importance), "the importance")
    assert gate.begun == ["s", "s"]


def test_what_nobody_waits_for_gives_way_to_what_is_asked_now(
    feed: ImportanceFeed, gate: Gate, services: Any, study_of: Any, now: list[float]
) -> None:
    old, new = (put(services, study_of(40, study_id=name)) for name in ("old", "new"))
    feed.latest(old, KEY)
    assert gate.entered.wait(PATIENCE_SECONDS)
    now[0] = 10.0
    assert feed.latest(new, KEY) is None
    gate.may_go.set()
    wait_until(lambda: isinstance(feed.latest(new, KEY), Importance), "the newer one")
    assert gate.begun == ["old", "new"]


def test_what_a_page_waits_for_is_not_given_up(
    feed: ImportanceFeed, gate: Gate, services: Any, study_of: Any, now: list[float]
) -> None:
    old, new = (put(services, study_of(40, study_id=name)) for name in ("old", "new"))
    feed.latest(old, KEY)
    assert gate.entered.wait(PATIENCE_SECONDS)
    now[0] = 10.0
    feed.under_way([Wish("old", KEY).ticket])
    feed.latest(new, KEY)
    gate.may_go.set()
    wait_until(lambda: isinstance(feed.latest(old, KEY), Importance), "the older one")


def test_a_large_study_leaves_its_place_as_soon_as_it_is_stopped(
    feed: ImportanceFeed, services: Any, study_of: Any, now: list[float]
) -> None:
    space = SearchSpace(tuple(Parameter(f"p{i}", ParameterKind.FLOAT, 0.0, 1.0) for i in range(40)))
    large = put(services, study_of(20_000, study_id="large", space=space))
    small = put(services, study_of(40, study_id="small"))
    ticket = Wish("large", KEY).ticket
    assert feed.latest(large, KEY) is None
    now[0] = 1.5
    wait_until(lambda: feed.under_way([ticket])[ticket] > 0, "a first step")
    feed.stop(ticket)
    wait_until(lambda: isinstance(feed.latest(small, KEY), Importance), "the small one")
    assert feed.latest(large, KEY) is STOPPED
