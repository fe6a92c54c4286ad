from __future__ import annotations

import numpy as np
import pytest

from hypertendril.guidance.diagnosis import Verdict
from hypertendril.model import Direction, Parameter, ParameterKind, Study
from tests.unit.guidance.diagnosis.studies import found, only, real, study_of

SPACE = [real("lr", 1e-4, 1e-1, log=True), real("a", -1, 2), real("b", -1, 2), real("c", -1, 2)]


def searched(optimum: float, seed: int, n: int = 50, **more: Direction) -> Study:
    """Return a random search whose best learning rate lies at `optimum` of its range, or beyond 1."""
    generator = np.random.default_rng(seed)
    unit = generator.uniform(size=(n, 4))
    quality = -((unit[:, 0] - optimum) ** 2) - 0.05 * ((unit[:, 1:] - 0.5) ** 2).sum(axis=1)
    values = np.column_stack([p.from_unit(unit[:, k]) for k, p in enumerate(SPACE)])
    return study_of(SPACE, values, quality, **more)


@pytest.mark.parametrize(
    ("optimum", "least", "most"), [(0.5, 0, 0.02), (0.7, 0, 0.1), (1.5, 0.9, 1)]
)
def test_an_optimum_beyond_a_bound_is_told_and_one_inside_is_not(
    optimum: float, least: float, most: float
) -> None:
    told = [
        any(f.parameter == "lr" for f in found(searched(optimum, seed), "D4")) for seed in range(50)
    ]
    assert least <= np.mean(told) <= most


def test_the_range_grows_by_a_decade_on_the_side_where_the_best_are() -> None:
    upper, lower = only(searched(1.5, 0), "D4"), only(searched(-0.5, 0), "D4")
    (wider,) = upper.changes
    assert [wider.low, wider.high] == pytest.approx([1e-4, 1.0])
    (wider,) = lower.changes
    assert [wider.low, wider.high] == pytest.approx([1e-5, 0.1])
    assert "upper bound 0.1" in upper.said
    assert upper.verdict is Verdict.ACT


def test_the_best_are_the_lowest_where_less_is_better() -> None:
    finding = only(searched(1.5, 0, direction=Direction.MINIMIZE), "D4")
    assert (finding.parameter, finding.verdict) == ("lr", Verdict.ACT)


@pytest.mark.parametrize(
    ("parameter", "changed"),
    [
        (real("x", 0.5, 2), (0.5, 2.75)),
        (real("x", -4, -2), (-4, -1.0)),
        (Parameter("x", ParameterKind.INT, 2, 8), (2, 11)),
        (Parameter("x", ParameterKind.INT, 4, 64, log=True), (4, 640)),
        (Parameter("x", ParameterKind.FLOAT, 0.5, 2, step=0.5), (0.5, 2.5)),
        (real("x", 0.2, 0.9), (0.2, 0.95)),  # a share stays below 1
        (real("x", 0, 1), None),
    ],
)
def test_a_bound_is_widened_in_its_scale_and_step_unless_it_is_natural(
    parameter: Parameter, changed: tuple[float, float] | None
) -> None:
    unit = np.linspace(0, 1, 60)
    study = study_of([parameter], parameter.from_unit(unit), unit)
    findings = [finding for finding in found(study, "D4") if finding.verdict is Verdict.ACT]
    assert [(c.low, c.high) for f in findings for c in f.changes] == ([changed] if changed else [])


def test_a_range_that_was_told_from_the_values_is_not_called_a_bound() -> None:
    values = np.random.default_rng(0).uniform(2, 3, 60)
    told = real("x", float(values.min()), float(values.max()))
    finding = only(study_of([told], values, values), "D4")
    assert "highest value tried" in finding.said


def test_a_few_trials_are_too_little_to_judge_bounds() -> None:
    finding = only(searched(1.5, 0, n=20), "D4")
    assert (finding.verdict, finding.statistic) == (Verdict.UNKNOWN, None)
    assert "20 trials" in finding.said


def test_a_range_declared_over_decades_and_sampled_by_its_logarithm_has_holes() -> None:
    values = 10 ** np.random.default_rng(0).uniform(-4, -1, 60)
    values[0] = 0.99
    finding = only(study_of([real("lr", 1e-4, 1)], values, -np.abs(values - 0.5)), "D14")
    assert finding.verdict is Verdict.WATCH
    assert "logarithmic" in finding.advice
    even = study_of([real("lr", 1e-4, 1)], np.linspace(1e-4, 1, 60), values)
    assert only(even, "D14").verdict is Verdict.OK


def test_a_grid_has_no_holes() -> None:
    grid = np.repeat([0.1, 0.5, 0.9], 20)
    assert not found(study_of([real("x")], grid, np.arange(60)), "D14")
