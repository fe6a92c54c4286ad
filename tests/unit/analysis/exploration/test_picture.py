from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from hypertendril.analysis.exploration.picture import ordinal, prepare_exploration
from hypertendril.model import Outcome, Study, TrialState

StudyOf = Callable[..., Study]

PROMOTED, SURVIVED = Outcome.PROMOTED, Outcome.SURVIVED
DISCARDED, FINAL, PENDING = Outcome.DISCARDED, Outcome.FINAL, Outcome.PENDING
S = TrialState


def final(trial: int, value: float) -> tuple[float, ...]:
    return (trial, -1, -1, -1, value, FINAL)


def test_random_search_is_a_column_per_trial_without_bands(study_of: StudyOf) -> None:
    scores = [0.3, 0.5, 0.4, 0.8]
    found = prepare_exploration(
        study_of(scores, evaluations=[final(i, v) for i, v in enumerate(scores)])
    )
    assert found.kind == "sequence"
    assert found.x.tolist() == [0, 1, 2, 3]
    assert found.is_last.all()
    assert found.is_record.tolist() == [True, True, False, True]
    assert found.incumbent_x.tolist() == [0, 1, 3, 3.5]
    assert found.incumbent_value.tolist() == [0.3, 0.5, 0.8, 0.8]
    assert found.bands == ()
    assert found.previous.tolist() == [-1] * 4
    assert (found.x_low, found.x_high) == (-0.5, 3.5)


def test_trials_without_any_evaluation_are_marks_themselves(study_of: StudyOf) -> None:
    found = prepare_exploration(
        study_of(
            [0.5, np.nan, np.nan, 0.4],
            state=[S.COMPLETE, S.FAILED, S.RUNNING, S.COMPLETE],
            maximize=False,
        )
    )
    assert found.trial.tolist() == [0, 1, 2, 3]
    assert found.outcome.tolist() == [FINAL, DISCARDED, PENDING, FINAL]
    assert found.is_last.tolist() == [True, True, False, True]
    assert found.is_record.tolist() == [True, False, False, True]
    assert np.isnan(found.value[1:3]).all()


def test_iterations_that_count_trials_make_a_sequence_too(study_of: StudyOf) -> None:
    evaluations = [(i, i, -1, -1, 0.1 * i, FINAL) for i in range(6)]
    assert prepare_exploration(study_of(np.arange(6.0), evaluations=evaluations)).kind == "sequence"


def test_several_looks_at_a_trial_share_its_place_in_a_sequence(study_of: StudyOf) -> None:
    evaluations = [(0, -1, -1, -1, 0.1, SURVIVED), (1, -1, -1, -1, 0.2, FINAL), final(0, 0.3)]
    found = prepare_exploration(study_of([0.3, 0.2], evaluations=evaluations))
    assert found.x.tolist() == pytest.approx([0, 1, 0.4])
    assert found.previous.tolist() == [-1, -1, 0]
    assert found.is_last.tolist() == [False, True, True]


@pytest.fixture
def hyperband(study_of: StudyOf) -> Study:
    """Two brackets: trials 0-3 over rungs 0-2, trials 4-5 over rungs 0-1; 6 failed in bracket 1."""
    evaluations = [
        (0, -1, 0, 0, 0.1, DISCARDED),
        (1, -1, 0, 0, 0.4, PROMOTED),
        (2, -1, 0, 0, 0.2, DISCARDED),
        (3, -1, 0, 0, 0.3, PROMOTED),
        (1, -1, 0, 1, 0.5, DISCARDED),
        (3, -1, 0, 1, 0.6, PROMOTED),
        (3, -1, 0, 2, 0.9, FINAL),
        (4, -1, 1, 0, 0.7, DISCARDED),
        (5, -1, 1, 0, 0.8, PROMOTED),
        (5, -1, 1, 1, 0.95, FINAL),
    ]
    return study_of(
        [0.1, 0.5, 0.2, 0.9, 0.7, 0.95, np.nan],
        state=[S.PRUNED, S.PRUNED, S.PRUNED, S.COMPLETE, S.PRUNED, S.COMPLETE, S.FAILED],
        bracket=[0, 0, 0, 0, 1, 1, 1],
        evaluations=evaluations,
    )


def test_hyperband_stands_in_a_column_per_rung_bracket_by_bracket(hyperband: Study) -> None:
    found = prepare_exploration(hyperband)
    assert found.kind == "rungs"
    assert found.column.tolist() == [0, 0, 0, 0, 1, 1, 2, 3, 3, 4, 3]
    assert found.group.tolist() == [0] * 7 + [1] * 4
    assert found.trial.tolist() == [0, 1, 2, 3, 1, 3, 3, 4, 5, 5, 6]


def test_hyperband_has_a_band_per_bracket_that_grows_darker_with_narrowing_rungs(
    hyperband: Study,
) -> None:
    bands = prepare_exploration(hyperband).bands
    # Rungs hold 4, 2, 1 and 3, 1 trials: as wide as the root of their share of the first.
    edges = np.cumsum([-0.5, 1, np.sqrt(1 / 2), 0.5, 1, np.sqrt(1 / 3)])
    expected = [
        (edges[0], edges[3], "1st", 0.0, "bracket"),
        (edges[0], edges[1], "1st", 0.0, "rung"),
        (edges[1], edges[2], "2nd", 0.5, "rung"),
        (edges[2], edges[3], "3rd", 1.0, "rung"),
        (edges[3], edges[5], "2nd", 1.0, "bracket"),
        (edges[3], edges[4], "1st", 0.0, "rung"),
        (edges[4], edges[5], "2nd", 1.0, "rung"),
    ]
    for band, (x0, x1, label, shade, kind) in zip(bands, expected, strict=True):
        assert (band.x0, band.x1) == pytest.approx((x0, x1))
        assert (band.label, band.shade, band.kind) == (label, shade, kind)


def test_hyperband_trials_are_chained_and_big_only_at_their_end(hyperband: Study) -> None:
    found = prepare_exploration(hyperband)
    assert found.previous.tolist() == [-1, -1, -1, -1, 1, 3, 5, -1, -1, 8, -1]
    assert found.is_last.tolist() == [
        True,
        False,
        True,
        False,
        True,
        False,
        True,
        True,
        False,
        True,
        True,
    ]


def test_one_column_sets_at_most_one_record(hyperband: Study) -> None:
    found = prepare_exploration(hyperband)
    assert np.flatnonzero(found.is_record).tolist() == [1, 5, 6, 9]
    assert found.column[found.is_record].tolist() == [0, 1, 2, 4]
    assert found.incumbent_x.tolist() == pytest.approx([*found.x[found.is_record], found.x_high])
    assert found.incumbent_value.tolist() == [0.4, 0.6, 0.9, 0.95, 0.95]


def test_rounds_of_hyperband_stand_one_after_the_other(study_of: StudyOf) -> None:
    evaluations = [
        (0, 0, 0, 0, 0.1, DISCARDED),
        (1, 0, 0, 0, 0.2, FINAL),
        (2, 0, 1, 0, 0.3, FINAL),
        (3, 0, 1, 0, 0.3, FINAL),
        (4, 1, 0, 0, 0.1, DISCARDED),
        (5, 1, 0, 0, 0.2, FINAL),
        (6, 1, 1, 0, 0.2, FINAL),
        (7, 1, 1, 0, 0.2, FINAL),
    ]
    found = prepare_exploration(study_of(np.zeros(8), evaluations=evaluations))
    assert found.x.tolist() == [0, 0, 1, 1, 2, 2, 3, 3]
    assert [b.label for b in found.bands if b.kind == "bracket"] == ["1st", "2nd", "3rd", "4th"]


@pytest.mark.parametrize("bracket", [-1, 0])
def test_halving_that_waits_for_nobody_is_one_bracket_in_whatever_order_it_came(
    study_of: StudyOf, bracket: int
) -> None:
    # ASHA: trial 1 climbs before trials 2 and 3 are looked at; successive halving names no bracket.
    evaluations = [
        (0, -1, bracket, 0, 0.1, DISCARDED),
        (1, -1, bracket, 0, 0.4, PROMOTED),
        (1, -1, bracket, 1, 0.5, DISCARDED),
        (2, -1, bracket, 0, 0.2, DISCARDED),
        (3, -1, bracket, 0, 0.6, PROMOTED),
        (3, -1, bracket, 1, 0.7, PROMOTED),
        (3, -1, bracket, 2, 0.9, FINAL),
    ]
    state = [S.PRUNED, S.PRUNED, S.PRUNED, S.COMPLETE]
    found = prepare_exploration(
        study_of([0.1, 0.5, 0.2, 0.9], state=state, evaluations=evaluations)
    )
    assert found.kind == "rungs"
    assert found.column.tolist() == [0, 0, 1, 0, 0, 1, 2]
    # Rungs hold 4, 2 and 1 trials; a mark stands in the middle of its column.
    widths = [1, np.sqrt(1 / 2), 0.5]
    middles = [0, 0.5 + widths[1] / 2, 0.5 + widths[1] + 0.25]
    assert found.x.tolist() == pytest.approx([middles[c] for c in found.column])
    assert [(band.kind, band.label) for band in found.bands] == [
        ("bracket", "1st"),
        ("rung", "1st"),
        ("rung", "2nd"),
        ("rung", "3rd"),
    ]
    assert found.previous.tolist() == [-1, -1, 1, -1, -1, 4, 5]
    assert np.flatnonzero(found.is_last).tolist() == [0, 2, 3, 6]
    assert found.is_record.tolist() == [False, False, False, False, True, True, True]
    assert len(found.edges) == 0


def test_a_method_that_samples_in_batches_stands_in_a_column_a_batch(study_of: StudyOf) -> None:
    # CMA-ES, NSGA-II: nobody is copied, but trials share their iteration.
    evaluations = [(row, row // 3, -1, -1, row / 10, FINAL) for row in range(6)]
    found = prepare_exploration(study_of(np.arange(6) / 10, evaluations=evaluations))
    assert found.kind == "generations"
    assert found.x.tolist() == [0, 0, 0, 1, 1, 1]
    assert found.previous.tolist() == [-1] * 6
    assert found.is_last.all()
    assert [band.label for band in found.bands] == ["1st", "2nd"]


def test_a_look_without_a_rung_stands_right_of_the_rung_before(study_of: StudyOf) -> None:
    evaluations = [
        (0, -1, -1, 0, 0.1, PROMOTED),
        (1, -1, -1, -1, 0.2, DISCARDED),
        (0, -1, -1, 1, 0.1, PROMOTED),
        (0, -1, -1, -1, 0.3, FINAL),
    ]
    found = prepare_exploration(study_of([0.3, 0.2], evaluations=evaluations))
    assert found.column.tolist() == [0, 0, 1, 2]


@pytest.fixture
def pbt(study_of: StudyOf) -> Study:
    """Four members, three generations; two of four survive each, two children replace the others."""
    evaluations = [
        (0, 0, -1, -1, 0.1, DISCARDED),
        (1, 0, -1, -1, 0.4, SURVIVED),
        (2, 0, -1, -1, 0.2, DISCARDED),
        (3, 0, -1, -1, 0.3, SURVIVED),
        (1, 1, -1, -1, 0.5, SURVIVED),
        (3, 1, -1, -1, 0.35, DISCARDED),
        (4, 1, -1, -1, 0.6, SURVIVED),
        (5, 1, -1, -1, 0.2, DISCARDED),
        (1, 2, -1, -1, 0.55, FINAL),
        (4, 2, -1, -1, 0.7, FINAL),
        (6, 2, -1, -1, 0.8, FINAL),
        (7, 2, -1, -1, 0.3, FINAL),
    ]
    return study_of(
        [0.1, 0.55, 0.2, 0.35, 0.7, 0.2, 0.8, 0.3],
        parent=[-1, -1, -1, -1, 1, 3, 4, 1],
        evaluations=evaluations,
    )


def test_population_based_training_stands_in_a_column_per_generation(pbt: Study) -> None:
    found = prepare_exploration(pbt)
    assert found.kind == "generations"
    assert found.x.tolist() == [0] * 4 + [1] * 4 + [2] * 4
    assert [(b.x0, b.x1, b.label, b.shade, b.kind) for b in found.bands] == [
        (-0.5, 0.5, "1st", 0.0, "generation"),
        (0.5, 1.5, "2nd", 0.5, "generation"),
        (1.5, 2.5, "3rd", 1.0, "generation"),
    ]


def test_a_child_starts_at_its_parents_mark_in_the_generation_before(pbt: Study) -> None:
    assert prepare_exploration(pbt).edges.tolist() == [[6, 1], [7, 3], [10, 6], [11, 4]]


def test_survivors_are_chained_and_parents_stay_small(pbt: Study) -> None:
    found = prepare_exploration(pbt)
    assert found.previous.tolist() == [-1, -1, -1, -1, 1, 3, -1, -1, 4, 6, -1, -1]
    assert np.flatnonzero(~found.is_last).tolist() == [1, 3, 4, 6]


def test_a_running_child_stands_after_its_parents_last_generation(study_of: StudyOf) -> None:
    evaluations = [
        (0, 0, -1, -1, 0.1, SURVIVED),
        (1, 0, -1, -1, 0.1, SURVIVED),
        (0, 1, -1, -1, 0.2, SURVIVED),
    ]
    study = study_of(
        [0.2, 0.1, np.nan],
        parent=[-1, -1, 0],
        state=[S.RUNNING, S.RUNNING, S.RUNNING],
        evaluations=evaluations,
    )
    found = prepare_exploration(study)
    assert found.x.tolist() == [0, 0, 1, 2]
    assert found.edges.tolist() == [[3, 2]]
    assert not found.is_last.any()


def test_lineage_alone_gives_generations(study_of: StudyOf) -> None:
    found = prepare_exploration(study_of([1, 2, 3, 4], parent=[-1, 0, 1, 0]))
    assert found.x.tolist() == [0, 1, 2, 1]
    assert found.edges.tolist() == [[1, 0], [2, 1], [3, 0]]


def test_a_circle_in_the_lineage_ends(study_of: StudyOf) -> None:
    found = prepare_exploration(study_of([1, 2, 3], parent=[1, 0, 2]))
    assert np.isfinite(found.x).all()
    assert len(found.bands) <= 3


def test_infeasible_and_not_finite_values_are_never_records(study_of: StudyOf) -> None:
    study = study_of([np.inf, 5.0, 1.0, np.nan], violation=[0, 1, 0, 0])
    assert prepare_exploration(study).is_record.tolist() == [False, False, True, False]


def test_an_empty_study_has_an_empty_picture(study_of: StudyOf) -> None:
    found = prepare_exploration(study_of())
    assert len(found.trial) == len(found.edges) == len(found.incumbent_x) == 0
    assert found.x_low < found.x_high


def test_no_value_at_all_leaves_the_line_out(study_of: StudyOf) -> None:
    found = prepare_exploration(study_of([np.nan, np.nan], state=S.FAILED))
    assert len(found.incumbent_x) == len(found.incumbent_value) == 0
    assert not found.is_record.any()


def test_ordinals_read_as_english_does() -> None:
    assert [ordinal(n) for n in (1, 2, 3, 4, 11, 12, 13, 21, 102, 111)] == [
        "1st",
        "2nd",
        "3rd",
        "4th",
        "11th",
        "12th",
        "13th",
        "21st",
        "102nd",
        "111th",
    ]
