"""Whatever is brushed: the selection travels unchanged, and its mask is what numpy says."""

from __future__ import annotations

import json
import math

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from hypertendril.errors import SelectionError
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
)

SPACE = SearchSpace(tuple(Parameter(name, ParameterKind.FLOAT, 0, 1) for name in "ab"))
HEADER = StudyHeader("study", SPACE, (Objective("loss", Direction.MINIMIZE),))
COLUMNS = ("param:a", "param:b", "objective:loss", "number", "state")

# Few distinct values, so that bounds are often met exactly.
cells = st.sampled_from([0.0, 0.25, 0.5, 1.0, math.nan, math.inf, -math.inf]) | st.floats()
bounds = st.sampled_from([0.0, 0.25, 0.5, 1.0, math.inf, -math.inf]) | st.floats(allow_nan=False)
pairs = st.tuples(bounds, bounds)
keys = st.sampled_from(COLUMNS)
views = st.sampled_from(["overview", "space", "exploration"])
range_brushes = st.builds(
    Brush,
    views,
    st.just("ranges"),
    keys.map(lambda key: (key,)),
    st.lists(pairs, max_size=4).map(tuple),
    missing=st.booleans(),
)
boxes = st.builds(Brush, views, st.just("box"), st.tuples(keys, keys), st.tuples(pairs, pairs))
picks = st.builds(
    Brush, views, st.just("trials"), trials=st.lists(st.integers(0, 30), max_size=6).map(tuple)
)
brushes = st.lists(range_brushes | boxes | picks, max_size=5).map(tuple)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4)
    ),
    max_leaves=12,
)


@st.composite
def studies(draw):
    n = draw(st.integers(0, 20))
    trials = Trials.empty(n, 2, 1, 0)
    trials.values[:] = draw(arrays.arrays(np.float64, (n, 2), elements=cells))
    trials.objectives[:] = draw(arrays.arrays(np.float64, (n, 1), elements=cells))
    trials.state[:] = draw(arrays.arrays(np.int8, n, elements=st.integers(0, 4)))
    return Study("id", HEADER, trials, Evaluations.empty(), CurvePoints.empty())


def is_left(study, brush, row):
    """The rule of one brush, written out for one trial."""
    if brush.kind == "trials":
        return row in brush.trials
    columns = [
        float(study.trials.state[row]) if dim == "state" else float(study.column(dim)[row])
        for dim in brush.dims
    ]
    if brush.kind == "box":
        return all(low <= x <= high for x, (low, high) in zip(columns, brush.ranges, strict=True))
    return any(low <= columns[0] <= high for low, high in brush.ranges) or (
        brush.missing and math.isnan(columns[0])
    )


@given(brushes)
def test_a_selection_comes_back_equal_but_for_bounds_that_are_open(found):
    selection = Selection("id", found)
    text = json.dumps(selection.to_json(), allow_nan=False)
    once = Selection.from_json(json.loads(text))
    twice = Selection.from_json(once.to_json())
    assert twice == once
    for brush, back in zip(found, once.brushes, strict=True):
        assert (back.view, back.kind, back.dims) == (brush.view, brush.kind, brush.dims)
        assert (back.missing, back.trials) == (brush.missing, brush.trials)
        for (low, high), (low_back, high_back) in zip(brush.ranges, back.ranges, strict=True):
            assert low_back == (low if math.isfinite(low) else -math.inf)
            assert high_back == (high if math.isfinite(high) else math.inf)


@given(studies(), brushes)
def test_the_mask_is_what_the_rules_say_trial_for_trial(study, found):
    mask = Selection("id", found).mask(study)
    expected = [all(is_left(study, brush, row) for brush in found) for row in range(len(study))]
    assert mask.tolist() == expected


@given(studies(), brushes, range_brushes | boxes | picks)
def test_another_brush_never_adds_a_trial(study, found, another):
    fewer = Selection("id", (*found, another)).mask(study)
    assert not (fewer & ~Selection("id", found).mask(study)).any()


@given(studies(), brushes)
def test_the_order_of_brushes_does_not_matter(study, found):
    forth, back = Selection("id", found).mask(study), Selection("id", found[::-1]).mask(study)
    np.testing.assert_array_equal(forth, back)


@given(
    st.fixed_dictionaries(
        {"v": st.just(1), "study": st.text(max_size=5)},
        optional={
            "brushes": st.lists(
                st.fixed_dictionaries(
                    {
                        "view": st.just("space"),
                        "kind": st.sampled_from(["ranges", "box", "trials"]),
                    },
                    optional={
                        key: json_values | st.lists(st.lists(st.integers() | st.none(), max_size=3))
                        for key in ("dims", "ranges", "missing", "trials")
                    },
                ),
                max_size=3,
            )
            | json_values
        },
    )
    | json_values
)
def test_whatever_a_page_sends_is_a_selection_or_one_clear_error(data):
    try:
        selection = Selection.from_json(data)
    except SelectionError:
        return
    assert Selection.from_json(selection.to_json()) == selection


@given(st.integers(-(10**320), 10**320))
def test_a_bound_is_kept_or_refused_however_long_it_is(number):
    brush = {"view": "space", "kind": "ranges", "dims": ["number"], "ranges": [[number, None]]}
    try:
        selection = Selection.from_json({"v": 1, "study": "s", "brushes": [brush]})
    except SelectionError:
        assert abs(number) > 1e308
    else:
        assert selection.brushes[0].ranges == ((float(number), math.inf),)
