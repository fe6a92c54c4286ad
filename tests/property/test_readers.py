from __future__ import annotations

import json
import math
import operator
import tempfile
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hypertendril.errors import SourceFormatError
from hypertendril.model import (
    Condition,
    CurvePoints,
    Direction,
    Evaluations,
    Method,
    Objective,
    Outcome,
    Parameter,
    ParameterKind,
    SearchSpace,
    StudyHeader,
    Trials,
    TrialState,
)
from hypertendril.readers import ReadStudy, inspect_json, read, to_generic, write_generic
from tests.unit.readers.equal_studies import assert_equal_studies
from tests.unit.readers.optuna_storage import DATA
from tests.unit.readers.test_generic import EXAMPLE

# Names and texts: anything UTF-8 can hold.
texts = st.text(st.characters(codec="utf-8"), min_size=1, max_size=12)
numbers = st.floats(allow_nan=True, allow_infinity=True)
finite = st.floats(-1e12, 1e12)
choices = st.one_of(texts, st.integers(-(2**60), 2**60), st.booleans(), finite, st.none())
json_values = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(-(2**60), 2**60), finite, texts),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(texts, inner, max_size=3)),
    max_leaves=6,
)


def _key(choice: Any) -> tuple[bool, Any]:
    return isinstance(choice, bool), choice


@st.composite
def parameters(draw: st.DrawFn, name: str) -> Parameter:
    kind = draw(st.sampled_from(list(ParameterKind)))
    condition = draw(st.one_of(st.none(), st.builds(Condition, texts, st.tuples(choices))))
    if kind in (ParameterKind.ORDINAL, ParameterKind.CATEGORICAL):
        among = draw(st.lists(choices, min_size=1, max_size=5, unique_by=_key))
        return Parameter(name, kind, choices=tuple(among), condition=condition)
    low, high = sorted((draw(finite), draw(finite)))
    log = low > 0 and draw(st.booleans())
    step = draw(st.one_of(st.none(), st.floats(1e-3, 1e3)))
    return Parameter(name, kind, low, high, log=log, step=step, condition=condition)


def _column(draw: st.DrawFn, n: int, values: st.SearchStrategy[Any], dtype: Any = float) -> Any:
    return np.array(draw(st.lists(values, min_size=n, max_size=n)), dtype=dtype)


def _values(draw: st.DrawFn, n: int, parameter: Parameter) -> Any:
    if parameter.is_discrete_choice:
        codes = st.sampled_from([math.nan, *map(float, range(len(parameter.choices)))])
        return _column(draw, n, codes)
    if parameter.kind is ParameterKind.INT:
        return _column(draw, n, st.one_of(st.just(math.nan), st.integers(-(2**53), 2**53)))
    return _column(draw, n, numbers)


small = st.integers(-1, 2**31 - 1)
times = st.one_of(
    st.just(math.nan), st.floats(0, 4e9), st.integers(0, 4 * 10**15).map(lambda u: u / 1e6)
)


@st.composite
def studies(draw: st.DrawFn) -> ReadStudy:
    n = draw(st.integers(0, 5))
    names = draw(st.lists(texts, max_size=4, unique=True))
    space = SearchSpace(tuple(draw(parameters(name)) for name in names))
    objectives = [
        Objective(name, draw(st.sampled_from(list(Direction))))
        for name in draw(st.lists(texts, min_size=1, max_size=3, unique=True))
    ]
    metric_names = tuple(draw(st.lists(texts, max_size=3, unique=True)))
    curve_names = tuple(draw(st.lists(texts, max_size=3, unique=True)))
    header = StudyHeader(
        name=draw(texts),
        space=space,
        objectives=tuple(objectives),
        method=Method(draw(texts), draw(st.dictionaries(texts, json_values, max_size=3))),
        metric_names=metric_names,
        curve_names=curve_names,
        framework=draw(texts),
        refined_from=draw(st.one_of(st.none(), texts)),
        attributes=draw(st.dictionaries(texts, json_values, max_size=3)),
    )
    trials = Trials(
        number=np.array(
            draw(st.lists(st.integers(-(2**63), 2**63 - 1), min_size=n, max_size=n, unique=True)),
            dtype=np.int64,
        ),
        state=_column(draw, n, st.sampled_from(list(TrialState)), np.int8),
        values=np.column_stack([_values(draw, n, p) for p in space])
        if len(space)
        else np.empty((n, 0)),
        objectives=_column(draw, n * len(objectives), numbers).reshape(n, -1)
        if n
        else np.empty((0, len(objectives))),
        metrics=_column(draw, n * len(metric_names), numbers).reshape(n, len(metric_names)),
        parent=np.array(
            [draw(st.integers(-1, n - 1).filter(partial(operator.ne, r))) for r in range(n)],
            dtype=np.int64,
        ),
        bracket=_column(draw, n, small, np.int32),
        started=_column(draw, n, times),
        ended=_column(draw, n, times),
        violation=_column(draw, n, numbers),
        notes=draw(st.dictionaries(st.integers(0, n - 1), texts, max_size=2)) if n else {},
    )
    e = draw(st.integers(0, 6)) if n else 0
    evaluations = Evaluations(
        trial=_column(draw, e, st.integers(0, max(0, n - 1)), np.int64),
        iteration=_column(draw, e, small, np.int32),
        bracket=_column(draw, e, small, np.int32),
        rung=_column(draw, e, small, np.int32),
        resource=_column(draw, e, numbers),
        value=_column(draw, e, numbers),
        outcome=_column(draw, e, st.sampled_from(list(Outcome)), np.int8),
        time=_column(draw, e, times),
    )
    return ReadStudy(header, trials, evaluations, _curves(draw, n, len(curve_names)))


def _curves(draw: st.DrawFn, n: int, m: int) -> CurvePoints:
    p = draw(st.integers(0, 8)) if n and m else 0
    trial = np.sort(_column(draw, p, st.integers(0, max(0, n - 1)), np.int64))
    metric = _column(draw, p, st.integers(0, max(0, m - 1)), np.int16)
    order = np.lexsort((metric, trial))  # a file holds the points curve by curve
    return CurvePoints(trial, metric[order], _column(draw, p, finite), _column(draw, p, numbers))


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(studies())
def test_a_study_written_in_the_generic_form_reads_back_equal(study: ReadStudy) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "study.json"
        write_generic(study, path)
        (copy,) = read(path)
    assert copy.header.skipped == ()
    assert_equal_studies(study, copy)
    json.dumps(inspect_json(copy), allow_nan=False)


JOURNAL = b"".join((DATA / "optuna.journal.log").read_bytes().splitlines(keepends=True)[:60])
GENERIC = json.dumps(EXAMPLE, indent=1).encode()
TABLE = b"number,state,param:x,param:c,objective:y\n" + b"".join(
    b"%d,complete,%d.5,a%d,%d\n" % (i, i, i % 2, i) for i in range(20)
)
edits = st.lists(
    st.tuples(st.floats(0, 1), st.integers(0, 30), st.binary(max_size=30)), min_size=1, max_size=6
)


@settings(max_examples=200, deadline=None)
@given(st.sampled_from([JOURNAL, GENERIC, TABLE]), edits)
def test_changed_bytes_never_end_in_anything_but_the_one_error(
    data: bytes, changes: list[tuple[float, int, bytes]]
) -> None:
    for where, length, new in changes:
        start = int(where * len(data))
        data = data[:start] + new + data[start + length :]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "source"
        path.write_bytes(data)
        try:
            found = read(path)
        except SourceFormatError as error:
            assert str(path) in str(error)  # noqa: PT017 - both ends are right
            return
    for study in found:
        json.dumps(to_generic(study), allow_nan=False).encode()
        json.dumps(inspect_json(study), allow_nan=False).encode()


known_keys = st.sampled_from(
    [*EXAMPLE, "params", "values", "metrics", "curves", "evaluations", "kind", "choices", "parent"]
)
any_json = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=5)),
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.dictionaries(st.one_of(st.text(max_size=5), known_keys), inner, max_size=4),
    ),
    max_leaves=20,
)


@settings(max_examples=100, deadline=None)
@given(any_json)
def test_any_json_under_the_known_keys_is_read_or_refused(value: Any) -> None:
    for key in (*EXAMPLE, "attributes", "metrics", "curves"):
        data = EXAMPLE | {key: value}
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "source"
            path.write_text(json.dumps(data))
            try:
                (found,) = read(path)
            except SourceFormatError:
                continue
        json.dumps(to_generic(found), allow_nan=False).encode()
