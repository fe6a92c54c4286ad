"""What is staged shows all at once when it is published, and not before."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from hypertendril.model import Parameter, ParameterKind
from hypertendril.store import Batch, TrialUpdates
from hypertendril.store.encode import encode
from hypertendril.store.journal import StudyRow
from hypertendril.store.live_study import LiveStudy


@pytest.fixture
def live(header, trials):
    made = LiveStudy(StudyRow(1, "id", 0.0), header, 512)
    made.stage(encode(Batch(trials=trials(3)), header, made.rows()))
    made.publish(1)
    return made


@pytest.fixture
def update(header):
    """Return a function that stages a new end of trial 0."""

    def stage(live, ended):
        updates = TrialUpdates.like(live.rows(), [0])
        updates.ended[:], updates.notes[0] = ended, "changed"
        live.stage(encode(Batch(updates=updates), header, live.rows()))

    return stage


@pytest.mark.parametrize("has_looked", [True, False])
def test_staged_changes_show_only_when_published(live, update, header, trials, points, has_looked):
    if has_looked:
        live.snapshot()
    update(live, 5)
    live.stage(encode(Batch(trials(2, 3), curves=points(0, 0, [1])), header, live.rows()))
    live.settle()
    before = live.snapshot()
    assert (before.version, len(before), len(before.curves)) == (1, 3, 0)
    assert np.isnan(before.trials.ended).all()
    assert before.trials.notes == {}
    live.publish(2)
    after = live.snapshot()
    assert (after.version, len(after), len(after.curves)) == (2, 5, 1)
    assert after.trials.ended[0] == 5
    assert np.isnan(before.trials.ended).all()


def test_a_staged_header_shows_only_when_published(live, update, header):
    update(live, 5)
    extra = Parameter("extra", ParameterKind.INT, 0, 1)
    live.stage_header(replace(header, space=header.space.with_parameter(extra)))
    before = live.snapshot()
    assert before.trials.values.shape == (3, 3)
    assert np.isnan(before.trials.ended).all()
    live.publish(2)
    assert live.snapshot().trials.values.shape == (3, 4)
    assert live.snapshot().trials.ended[0] == 5
    assert np.isnan(before.trials.ended).all()


def test_updates_without_a_look_in_between_copy_nothing(live, update):
    live.snapshot()
    update(live, 1)
    live.publish(2)
    ended = live.rows().ended
    for value in (2, 3):
        update(live, value)
        live.publish(value)
    assert np.shares_memory(ended, live.rows().ended)
    live.snapshot()
    update(live, 4)
    live.publish(4)
    assert not np.shares_memory(ended, live.rows().ended)
    assert ended[0] == 3


def test_columns_an_update_leaves_as_they_are_are_not_copied(live, update):
    before = live.snapshot()
    update(live, 7)
    live.publish(2)
    after = live.snapshot()
    assert np.shares_memory(before.trials.values, after.trials.values)
    assert not np.shares_memory(before.trials.ended, after.trials.ended)
