"""What every reader keeps to. A new reader adds one row to `FORMATS` in `formats.py`."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from hypertendril.model import Outcome, TrialState
from hypertendril.readers import READERS, Reader, ReadStudy, Source, detect, to_generic
from tests.contract.formats import FORMATS
from tests.contract.run_formats import Format


@pytest.fixture(params=FORMATS, ids=lambda form: form.reader)
def form(request: pytest.FixtureRequest) -> Format:
    found: Format = request.param
    return found


@pytest.fixture
def source(form: Format, tmp_path: Path) -> Source:
    return form.make(tmp_path)


@pytest.fixture
def reader(form: Format) -> Reader:
    return next(reader for reader in READERS if reader.name == form.reader)


@pytest.fixture
def studies(reader: Reader, source: Source) -> tuple[ReadStudy, ...]:
    return reader.read(source)


def test_every_reader_is_in_the_table_of_formats() -> None:
    assert {form.reader for form in FORMATS} == {reader.name for reader in READERS}


def test_the_content_alone_chooses_the_reader(reader: Reader, source: Source) -> None:
    assert detect(source) is reader


def test_no_two_readers_claim_a_source(reader: Reader, source: Source) -> None:
    claiming = [other.name for other in READERS if other.detects(source)]
    # The widest ones are asked last: much starts like JSON, and a run may lie in a folder.
    assert claiming[0] == reader.name
    assert set(claiming[1:]) <= {"generic", "folder"}


def test_all_columns_of_a_study_fit_together(studies: tuple[ReadStudy, ...]) -> None:
    assert studies
    for found in studies:
        header, trials = found.header, found.trials
        n = len(trials)
        assert trials.values.shape == (n, len(header.space))
        assert trials.objectives.shape == (n, len(header.objectives))
        assert trials.metrics.shape == (n, len(header.metric_names))
        for name in ("number", "state", "parent", "bracket", "started", "ended", "violation"):
            assert getattr(trials, name).shape == (n,)
        for part in (found.evaluations, found.curves):
            assert {len(column) for column in vars(part).values()} == {len(part)}
            assert not len(part) or (part.trial.min() >= 0 and part.trial.max() < n)


def test_columns_have_the_types_the_model_promises(studies: tuple[ReadStudy, ...]) -> None:
    for found in studies:
        for part, blank in (
            (found.trials, type(found.trials).empty(0, 0, 0, 0)),
            (found.evaluations, type(found.evaluations).empty()),
            (found.curves, type(found.curves).empty()),
        ):
            for name, column in vars(blank).items():
                if isinstance(column, np.ndarray):
                    assert getattr(part, name).dtype == column.dtype, name


def test_codes_states_outcomes_and_parents_are_in_range(studies: tuple[ReadStudy, ...]) -> None:
    for found in studies:
        trials, n = found.trials, len(found.trials)
        for column, parameter in zip(trials.values.T, found.header.space, strict=True):
            if parameter.is_discrete_choice:
                codes = column[~np.isnan(column)]
                assert ((codes >= 0) & (codes < len(parameter.choices))).all()
                assert (codes == np.floor(codes)).all()
        assert np.isin(trials.state, list(TrialState)).all()
        assert np.isin(found.evaluations.outcome, list(Outcome)).all()
        assert ((trials.parent >= -1) & (trials.parent < n)).all()
        assert (found.curves.metric < len(found.header.curve_names)).all() or not len(found.curves)


def test_every_finished_trial_has_one_last_evaluation(studies: tuple[ReadStudy, ...]) -> None:
    for found in studies:
        seen, trials = found.evaluations, found.trials
        closed = np.isin(seen.outcome, [Outcome.FINAL, Outcome.DISCARDED])
        counts = np.bincount(seen.trial[closed], minlength=len(trials))
        assert counts.max(initial=0) <= 1
        ended = np.isin(trials.state, [TrialState.COMPLETE, TrialState.PRUNED])
        failed = trials.state == TrialState.FAILED
        assert not counts[~ended & ~failed].any()
        # Where every look is a trial of its own, one that went on does so as its child.
        goes_on = np.isin(np.arange(len(trials)), trials.parent)
        assert (counts[ended & ~goes_on] == 1).all()


def test_the_header_names_the_source(studies: tuple[ReadStudy, ...], source: Source) -> None:
    for found in studies:
        assert found.header.source == source.shown
        assert found.header.objectives


def test_studies_of_a_source_have_ids_of_their_own(studies: tuple[ReadStudy, ...]) -> None:
    ids = {found.as_study().id for found in studies}
    assert len(ids) == len(studies)
    assert ids == {found.as_study().id for found in studies}


def test_every_study_can_be_exported_as_strict_json(studies: tuple[ReadStudy, ...]) -> None:
    for found in studies:
        json.dumps(to_generic(found), allow_nan=False).encode("utf-8")


def test_reading_twice_gives_the_same(reader: Reader, source: Source) -> None:
    one, other = reader.read(source), reader.read(source)
    assert [to_generic(a) for a in one] == [to_generic(b) for b in other]


def test_the_change_token_is_equal_until_something_changes(
    form: Format, reader: Reader, source: Source
) -> None:
    token = reader.change_token(source)
    reader.read(source)
    assert reader.change_token(source) == token
    form.grow(source)
    assert reader.change_token(source) != token


def test_a_tail_sees_what_a_fresh_reading_sees(
    form: Format, reader: Reader, source: Source
) -> None:
    tail = reader.follow(source)
    assert [to_generic(a) for a in tail.advance()] == [to_generic(b) for b in reader.read(source)]
    before = [len(found.trials) for found in reader.read(source)]
    for more in range(1, 4):
        form.grow(source)
        now = tail.advance()
        assert len(now[0].trials) == before[0] + more
        assert [to_generic(a) for a in now] == [to_generic(b) for b in reader.read(source)]


@pytest.mark.parametrize(
    "form", [f for f in FORMATS if f.reader != "optuna-url"], ids=lambda form: form.reader
)
def test_a_file_is_read_without_loading_any_framework(form: Format, tmp_path: Path) -> None:
    code = (
        "import sys; from hypertendril.readers import read; read(sys.argv[1]);"
        "print([m for m in ('optuna', 'sqlalchemy', 'pandas', 'sklearn') if m in sys.modules])"
    )
    command = [sys.executable, "-c", code, str(form.make(tmp_path).path)]
    assert subprocess.run(command, capture_output=True, text=True, check=True).stdout == "[]\n"
