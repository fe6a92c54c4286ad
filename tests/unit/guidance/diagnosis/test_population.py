from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from hypertendril.guidance.diagnosis import Verdict
from hypertendril.model import Outcome, Parameter, Study
from tests.unit.guidance.diagnosis.studies import found, only, real, study_of, with_looks


def population(survival: float, seed: int, *, size: int = 20, selections: int = 5) -> Study:
    """Return a population of which each generation keeps the best share, and copies the rest from it."""
    generator = np.random.default_rng(seed)
    parents, rows, generation = [-1] * size, list(range(size)), []
    seen: list[int] = []
    for g in range(selections + 1):
        seen += rows
        generation += [g] * size
        kept = generator.permutation(rows)[: round(survival * size)]
        children = []
        for _ in range(size - len(kept)):
            parents.append(int(generator.choice(kept)))
            children.append(len(parents) - 1)
        rows = [*map(int, kept), *children]
    n = max(seen) + 1
    study = study_of([real("x")], generator.uniform(size=n), np.arange(n))
    study = with_looks(
        study, seen, np.array(generation), resource=np.array(generation) + 1.0,
        outcome=Outcome.SURVIVED, iteration=generation,
    )  # fmt: skip
    return replace(study, trials=replace(study.trials, parent=np.array(parents[:n])))


def one_founder(kept: int, size: int, selections: int) -> float:
    """Return how likely two draws from a population have one founder, its trials copied by chance."""
    children = size - kept
    mean, variance = children / kept, children / kept * (1 - 1 / kept)
    one_parent = kept * ((1 + mean) ** 2 + variance) / size**2
    shared = 1 / size
    for _ in range(selections):
        of_two = (size * shared - 1) / (size - 1)
        shared = one_parent + (1 - one_parent) * of_two
    return shared


def test_harsh_selection_leaves_two_founders_and_mild_selection_many() -> None:
    harsh = [only(population(0.25, seed), "D2") for seed in range(100)]
    mild = [only(population(0.75, seed), "D2") for seed in range(100)]
    for findings, kept in ((harsh, 5), (mild, 15)):
        shared = np.mean([1 / finding.statistic for finding in findings if finding.statistic])
        assert shared == pytest.approx(one_founder(kept, 20, 3), abs=0.03)
    assert np.mean([finding.verdict is not Verdict.OK for finding in harsh]) > 0.4
    assert all(finding.verdict is Verdict.OK for finding in mild)


def test_a_population_of_copies_of_one_trial_has_one_founder() -> None:
    study = population(0.05, 0)
    finding = only(study, "D2")
    assert finding.verdict is Verdict.ACT
    assert finding.statistic == 1.0


def test_a_small_population_is_too_little_and_a_search_without_one_is_not_judged() -> None:
    assert only(population(0.5, 0, size=4), "D2").verdict is Verdict.UNKNOWN
    plain = study_of([real("x")], np.linspace(0, 1, 40), np.arange(40))
    assert not found(plain, "D2")
    assert not found(plain, "D3")


def walks(parameter: Parameter, step: str, seed: int, n: int = 60) -> Study:
    """Return lines of trials, each a small step from its parent: by a factor, or of one size."""
    generator = np.random.default_rng(seed)
    values, parents = list(generator.uniform(0.02, 1, 12)), [-1] * 12
    while len(values) < n:
        parent = int(generator.integers(len(values)))
        if step == "factor":
            value = values[parent] * generator.choice([0.8, 1.2])
        else:
            value = values[parent] + generator.normal(0, 0.05)
        if 0 < value <= 1:
            values.append(value)
            parents.append(parent)
    study = study_of([parameter], values, np.arange(n))
    return replace(study, trials=replace(study.trials, parent=np.array(parents)))


def test_steps_by_a_factor_on_a_linear_scale_are_told_with_their_slope() -> None:
    finding = only(walks(real("momentum"), "factor", 0), "D3")
    assert finding.verdict is Verdict.ACT
    assert finding.parameter == "momentum"
    assert finding.statistic == pytest.approx(1.0, abs=0.1)
    assert "declared scale" in finding.advice


def test_steps_of_one_size_are_no_bias() -> None:
    alarms = [only(walks(real("x"), "size", seed), "D3").verdict for seed in range(30)]
    assert sum(verdict is Verdict.ACT for verdict in alarms) <= 1


def test_steps_by_a_factor_are_right_on_a_logarithmic_scale() -> None:
    finding = only(walks(real("lr", 1e-3, 1, log=True), "factor", 0), "D3")
    assert finding.verdict is Verdict.UNKNOWN
