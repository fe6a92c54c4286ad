from __future__ import annotations

from collections import Counter

import pytest

from hypertendril.search import Limits
from hypertendril.search.ladder import brackets, rungs


def settings(top: int, eta: int, least: int = 1) -> dict[str, int]:
    return {"max_resource": top, "eta": eta, "min_resource": least}


@pytest.mark.parametrize(("top", "eta", "count"), [(16, 4, 3), (16, 2, 5), (32, 2, 6)])
def test_hyperband_has_the_brackets_of_figure_5(top: int, eta: int, count: int) -> None:
    assert len(brackets(settings(top, eta), Limits(100))) == count


def test_brackets_and_runs_are_those_of_hpbandster() -> None:
    found = brackets(settings(27, 3), Limits(100))
    assert [bracket.counts[0] for bracket in found] == [27, 9, 6, 4]
    runs: Counter[int] = Counter()
    for bracket in 2 * found:
        runs.update(dict(zip(bracket.resources, bracket.counts, strict=True)))
    assert dict(runs) == {1: 54, 3: 36, 9: 24, 27: 16}


def test_rungs_are_whole_and_end_at_the_full_training() -> None:
    assert rungs(settings(12, 3), Limits(1)) == (1, 4, 12)
    assert rungs(settings(100, 3, least=10), Limits(1)) == (11, 33, 100)
    assert rungs(settings(1, 2), Limits(1)) == (1,)
    assert rungs(settings(5, 2, least=50), Limits(1)) == (5,)


def test_without_a_maximum_the_steps_of_the_job_count() -> None:
    assert rungs(settings(0, 2), Limits(1, steps=8)) == (1, 2, 4, 8)
    assert rungs(settings(0, 3), Limits(1)) == (1, 3, 9, 27)
