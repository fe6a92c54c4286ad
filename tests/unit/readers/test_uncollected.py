"""While something is read the collector of cyclic garbage rests, and not a moment longer."""

from __future__ import annotations

import gc
from collections.abc import Iterator

import pytest

from hypertendril.readers.uncollected import uncollected


@pytest.fixture(autouse=True)
def _running() -> Iterator[None]:
    gc.enable()
    yield
    gc.enable()


def test_it_runs_again_after_the_last_of_several_readings() -> None:
    first, second = uncollected(), uncollected()
    first.__enter__()
    second.__enter__()
    first.__exit__(None, None, None)  # the order of two threads
    assert not gc.isenabled()
    second.__exit__(None, None, None)
    assert gc.isenabled()


def test_it_runs_again_after_a_reading_that_failed() -> None:
    with pytest.raises(ValueError, match="bad"), uncollected():
        raise ValueError("bad")
    assert gc.isenabled()


def test_it_stays_off_where_the_program_has_switched_it_off() -> None:
    gc.disable()
    with uncollected():
        pass
    assert not gc.isenabled()
