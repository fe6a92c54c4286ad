from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.typing import NDArray

from hypertendril.analysis.colour_range import colour_range
from hypertendril.analysis.exploration.picture import prepare_exploration
from hypertendril.analysis.histograms import histogram
from hypertendril.analysis.importance.promising import is_inside, promising_ranges
from hypertendril.analysis.pareto import hypervolume, pareto_front
from hypertendril.analysis.ranges import space_of_selection, space_of_trials
from hypertendril.analysis.selected import best_first
from hypertendril.analysis.ticks import axis_ticks, number_text, value_ticks
from hypertendril.model import (
    Brush,
    CurvePoints,
    Direction,
    Evaluations,
    Objective,
    Parameter,
    ParameterKind,
    SearchSpace,
    Selection,
    Study,
    StudyHeader,
    Trials,
    TrialState,
)

Floats = NDArray[np.float64]
ANY = st.floats(allow_nan=True, allow_infinity=True)
USUAL = st.floats(-1e6, 1e6)
DIRECTIONS = st.tuples(st.sampled_from(Direction), st.sampled_from(Direction))
LR = Parameter("lr", ParameterKind.FLOAT, 1e-5, 0.1, log=True)
DEPTH = Parameter("depth", ParameterKind.INT, 2, 20, step=3)
OPT = Parameter("opt", ParameterKind.CATEGORICAL, choices=("adam", "sgd", "rms"))
SPACE = (LR, DEPTH, OPT)


def columns(elements: st.SearchStrategy[float], max_size: int = 60) -> st.SearchStrategy[Floats]:
    return hnp.arrays(np.float64, st.integers(0, max_size), elements=elements)


@st.composite
def studies(draw: st.DrawFn) -> Study:
    n = draw(st.integers(0, 25))
    trials = Trials.empty(n, len(SPACE), 1, 0)
    unit = draw(hnp.arrays(np.float64, (n, len(SPACE)), elements=st.floats(0, 1)))
    for i, parameter in enumerate(SPACE):
        trials.values[:, i] = parameter.from_unit(unit[:, i])
    trials.objectives[:, 0] = draw(hnp.arrays(np.float64, n, elements=ANY))
    trials.state[:] = draw(hnp.arrays(np.int8, n, elements=st.sampled_from(TrialState)))
    trials.parent[:] = draw(hnp.arrays(np.int64, n, elements=st.integers(-1, max(0, n - 1))))
    trials.bracket[:] = draw(hnp.arrays(np.int32, n, elements=st.integers(-1, 2)))
    seen = Evaluations.empty(draw(st.integers(0, 40)) if n else 0)
    e = len(seen)
    seen.trial[:] = draw(hnp.arrays(np.int64, e, elements=st.integers(0, max(0, n - 1))))
    for column in (seen.iteration, seen.bracket, seen.rung):
        column[:] = draw(hnp.arrays(np.int32, e, elements=st.integers(-1, 3)))
    seen.value[:] = draw(hnp.arrays(np.float64, e, elements=ANY))
    objective = Objective("y", draw(st.sampled_from(Direction)))
    header = StudyHeader("s", SearchSpace(SPACE), (objective,))
    return Study("s", header, trials, seen, CurvePoints.empty())


@given(values=columns(ANY), bins=st.integers(2, 40))
def test_every_value_is_counted_once(values: Floats, bins: int) -> None:
    found = histogram(values, bins=bins)
    assert found.counts.sum() + found.n_missing + found.n_infinite == len(values)
    assert (np.diff(found.edges) > 0).all()
    assert 1 <= len(found.counts) <= bins
    assert len(found.edges) == len(found.counts) + 1


@given(values=columns(USUAL), chosen=st.integers(0, 2**31))
def test_selected_counts_never_exceed_all_counts(values: Floats, chosen: int) -> None:
    mask = np.random.default_rng(chosen).random(len(values)) < 0.5
    found = histogram(values, mask)
    assert (found.selected_counts <= found.counts).all()
    assert found.selected_counts.sum() == mask.sum()


@given(values=columns(USUAL, 30), seed=st.integers(0, 1000))
def test_the_order_of_values_does_not_change_a_histogram(values: Floats, seed: int) -> None:
    one, two = histogram(values), histogram(np.random.default_rng(seed).permutation(values))
    assert np.array_equal(one.edges, two.edges)
    assert np.array_equal(one.counts, two.counts)


@given(
    points=hnp.arrays(
        np.float64, st.tuples(st.integers(0, 40), st.just(2)), elements=st.integers(0, 6) | ANY
    ),
    directions=DIRECTIONS,
)
def test_nobody_beats_the_front_and_the_front_beats_the_rest(
    points: Floats, directions: tuple[Direction, Direction]
) -> None:
    x, y = points[:, 0], points[:, 1]
    good = np.column_stack([directions[0].sign * x, directions[1].sign * y])
    finite: NDArray[np.bool_] = np.isfinite(x) & np.isfinite(y)
    front = set(pareto_front(x, y, directions).tolist())
    for i in np.flatnonzero(finite):
        better = finite & (good >= good[i]).all(axis=1) & (good > good[i]).any(axis=1)
        assert (i in front) == (not better.any())
    assert all(finite[i] for i in front)


@given(x=columns(st.floats(0, 10), 20), seed=st.integers(0, 99))
def test_a_further_trial_never_shrinks_the_hypervolume(x: Floats, seed: int) -> None:
    assume(len(x) > 1)
    y = np.random.default_rng(seed).random(len(x))
    both = (Direction.MAXIMIZE, Direction.MAXIMIZE)
    less = hypervolume(x[:-1], y[:-1], both, (0.0, 0.0))
    assert less <= hypervolume(x, y, both, (0.0, 0.0)) + 1e-9


@given(low=st.floats(-1e9, 1e9), width=st.floats(0, 1e9), n=st.integers(2, 10))
def test_linear_marks_ascend_within_the_axis(low: float, width: float, n: int) -> None:
    assume(width == 0 or width > max(1e-6 * abs(low), 1e-280))
    values, labels = value_ticks(low, low + width, n)
    assert 1 <= len(values) == len(labels) <= n
    assert (np.diff(values) > 0).all()
    dust = 1e-6 * width
    assert values[0] >= low - dust
    assert values[-1] <= low + width + dust


@given(exponent=st.floats(-12, 8), decades=st.floats(0.01, 12), n=st.integers(2, 10))
def test_log_marks_ascend_within_the_axis(exponent: float, decades: float, n: int) -> None:
    low, high = 10.0**exponent, 10.0 ** (exponent + decades)
    values, labels = value_ticks(low, high, n, log=True)
    assert 1 <= len(values) == len(labels) <= n
    assert (np.diff(values) > 0).all()
    assert low * (1 - 1e-6) <= values[0]
    assert values[-1] <= high * (1 + 1e-6)


@given(
    low=st.integers(-50, 50), count=st.integers(0, 400), step=st.integers(1, 9), n=st.integers(2, 8)
)
def test_marks_of_whole_numbers_are_whole(low: int, count: int, step: int, n: int) -> None:
    parameter = Parameter("p", ParameterKind.INT, low, low + count * step, step=step)
    values, labels = axis_ticks(parameter, n)
    assert (values == np.rint(values)).all()
    assert len(set(labels)) == len(labels) <= n


@given(value=st.floats(-1e300, 1e300))
def test_a_number_as_text_is_near_the_number(value: float) -> None:
    text = number_text(value)
    digits, _, unit = text.partition(" ")
    shown = float(digits) * {"": 1.0, "k": 1e3, "M": 1e6, "G": 1e9, "T": 1e12}[unit]
    assert shown == pytest.approx(value, rel=0.051)
    assert len(text) <= 9


@given(study=studies())
def test_every_trial_and_every_evaluation_has_a_mark(study: Study) -> None:
    found = prepare_exploration(study)
    e = len(study.evaluations)
    assert np.array_equal(found.trial[:e], study.evaluations.trial)
    assert set(found.trial.tolist()) == set(range(len(study)))
    assert np.isfinite(found.x).all()
    assert ((found.x > found.x_low) & (found.x < found.x_high)).all()
    assert np.bincount(found.trial[found.is_last], minlength=1).max() <= 1


@given(study=studies())
def test_a_trial_never_goes_back_in_time(study: Study) -> None:
    found = prepare_exploration(study)
    later = np.flatnonzero(found.previous >= 0)
    before = found.previous[later]
    assert (found.trial[later] == found.trial[before]).all()
    assert (found.x[later] >= found.x[before]).all()
    children, parents = found.edges[:, 0], found.edges[:, 1]
    assert (study.trials.parent[found.trial[children]] == found.trial[parents]).all()


@given(study=studies())
def test_the_best_so_far_only_gets_better(study: Study) -> None:
    found = prepare_exploration(study)
    sign = study.objectives[0].direction.sign
    assert (np.diff(sign * found.incumbent_value[:-1]) > 0).all()
    assert (np.diff(found.incumbent_x) > 0).all()
    assert found.is_record.sum() == max(0, len(found.incumbent_x) - 1)
    finite = np.isfinite(found.value)
    if finite.any():
        assert sign * found.incumbent_value[-1] == (sign * found.value[finite]).max()


@given(study=studies())
def test_bands_tile_the_axis(study: Study) -> None:
    found = prepare_exploration(study)
    outer = [band for band in found.bands if band.kind != "rung"]
    assert [band.x1 for band in outer[:-1]] == [band.x0 for band in outer[1:]]
    if outer:
        assert (outer[0].x0, outer[-1].x1) == (found.x_low, found.x_high)
        assert found.group.max() < len(outer)
        ends = np.array([(outer[g].x0, outer[g].x1) for g in found.group])
        assert ((found.x > ends[:, 0]) & (found.x < ends[:, 1])).all()
    assert all(0 <= band.shade <= 1 for band in found.bands)


@given(study=studies(), seed=st.integers(0, 99))
def test_the_table_lists_each_selected_trial_once_and_the_best_first(
    study: Study, seed: int
) -> None:
    mask = np.random.default_rng(seed).random(len(study)) < 0.7
    rows = best_first(study, mask)
    assert sorted(rows.tolist()) == np.flatnonzero(mask).tolist()
    scored = rows[study.scored()[rows]]
    assert rows[: len(scored)].tolist() == scored.tolist()
    quality = study.objectives[0].direction.sign * study.trials.objectives[scored, 0]
    assert (quality[1:] <= quality[:-1]).all()


@given(study=studies())
def test_colours_have_a_range(study: Study) -> None:
    assume(np.nanmax(np.abs(study.trials.objectives), initial=0) < 1e300)
    low, high = colour_range(study)
    assert low < high


@given(study=studies())
def test_promising_ranges_stay_inside_the_declared_ones(study: Study) -> None:
    found = promising_ranges(study)
    assert 0 < found.kept_volume <= 1 + 1e-9
    assert found.n_inside <= found.n_shown
    assert is_inside(study, study.space).all()
    for parameter in found.space:
        declared = study.space[parameter.name]
        assert set(parameter.choices) <= set(declared.choices)
        bounds = np.array([parameter.low, parameter.high], dtype=float)
        assert declared.is_discrete_choice or declared.contains(bounds).all()


@given(study=studies(), a=st.floats(0, 1), b=st.floats(0, 1))
def test_a_brushed_space_holds_what_the_brush_left(study: Study, a: float, b: float) -> None:
    low, high = LR.from_unit(sorted([a, b]))
    brush = Brush("space", "ranges", ("param:lr",), ((float(low), float(high)),))
    selection = Selection("s", (brush,))
    space = space_of_selection(study, selection)
    assert (space["lr"].low, space["lr"].high) == (low, high)
    assert is_inside(study, space)[selection.mask(study)].all()


@given(study=studies())
def test_the_space_of_trials_holds_them_and_is_not_larger(study: Study) -> None:
    assume(len(study))
    mask = np.ones(len(study), dtype=bool)
    space = space_of_trials(study, mask)
    assert is_inside(study, space).all()
    narrower = replace(study, header=replace(study.header, space=space))
    assert all(p.low is None or p.low >= (study.space[p.name].low or 0) for p in narrower.space)
