from __future__ import annotations

import subprocess
import sys
from decimal import Decimal
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import hypertendril
from hypertendril.errors import SpaceError
from hypertendril.model import Direction, ParameterKind, TrialState

LOG = Path(__file__).parents[2] / "data" / "trackers" / "ax.json"


@pytest.fixture
def frame() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "number": [3, 4, 5, 6],
            "state": ["complete", "failed", "complete", "pruned"],
            "parent": [np.nan, np.nan, 3, np.nan],
            "lr": [0.1, 0.01, np.nan, 0.001],
            "layers": np.array([1, 2, 3, 4], dtype=np.int32),
            "size": pd.Categorical(["s", "m", "s", "m"], ["s", "m", "l"], ordered=True),
            "bn": [True, False, True, True],
            "loss": [0.5, np.nan, 0.25, np.inf],
            "seconds": [1, 2, 3, 4],
        }
    )


def test_columns_become_parameters_objectives_and_metrics(frame: pd.DataFrame) -> None:
    study = hypertendril.from_dataframe(
        frame,
        {"loss": "minimize"},
        ["lr", "layers", "size", "bn"],
        metrics=["seconds"],
        name="runs",
    )
    assert study.name == "runs"
    assert study.params(0) == {"lr": 0.1, "layers": 1, "size": "s", "bn": True}
    assert study.space["size"].kind is ParameterKind.ORDINAL
    assert study.space["size"].choices == ("s", "m", "l")
    assert study.column("metric:seconds").tolist() == [1, 2, 3, 4]
    assert study.trials.number.tolist() == [3, 4, 5, 6]
    assert study.trials.parent.tolist() == [-1, -1, 0, -1]
    assert study.trials.state.tolist() == [2, 4, 2, 3]
    assert study.best() == 2
    assert study.header.skipped == ()


def test_what_is_left_over_is_a_parameter(frame: pd.DataFrame) -> None:
    study = hypertendril.from_dataframe(frame, "loss")
    assert study.space.names == ("lr", "layers", "size", "bn", "seconds")
    assert study.objectives[0].direction is Direction.MINIMIZE
    assert "assumed" in study.header.attributes["guessed"][0]


def test_a_space_in_short_is_understood(frame: pd.DataFrame) -> None:
    space = {"lr": (1e-4, 1.0, "log"), "layers": (1, 8), "bn": [False, True]}
    study = hypertendril.from_dataframe(frame, "loss", list(space), space=space)
    assert (study.space["lr"].low, study.space["lr"].log) == (1e-4, True)
    assert study.space["layers"].kind is ParameterKind.INT
    assert study.column("param:bn").tolist() == [1, 0, 1, 1]


@pytest.mark.parametrize("wrong", [(1,), (1, 2, "lin"), "text", (None, 1), (2, 1), []])
def test_a_space_that_makes_no_sense_is_refused(frame: pd.DataFrame, wrong: object) -> None:
    with pytest.raises(SpaceError, match="lr"):
        hypertendril.from_dataframe(frame, "loss", ["lr"], space={"lr": wrong})


def test_a_missing_column_is_named(frame: pd.DataFrame) -> None:
    with pytest.raises(SpaceError, match="'los'"):
        hypertendril.from_dataframe(frame, "los")


def test_two_columns_of_one_name_are_refused() -> None:
    frame = pd.DataFrame([[1, 2, 0.5]], columns=["x", "x", "loss"])
    with pytest.raises(SpaceError, match="two columns 'x'"):
        hypertendril.from_dataframe(frame, "loss")


def test_labels_that_are_numbers_name_their_columns() -> None:
    frame = pd.DataFrame([[1, 8, 0.5], [2, 9, 0.3]])
    study = hypertendril.from_dataframe(frame, {2: "minimize"}, [0], metrics=[1])
    assert [study.params(trial) for trial in (0, 1)] == [{"0": 1}, {"0": 2}]
    assert study.column("metric:1").tolist() == [8, 9]
    assert study.best() == 1


def test_decimals_are_numbers() -> None:
    frame = pd.DataFrame({"x": [Decimal("1.5"), Decimal("2.5")], "loss": [Decimal(2), Decimal(1)]})
    study = hypertendril.from_dataframe(frame, "loss")
    assert (study.space["x"].low, study.space["x"].high, study.best()) == (1.5, 2.5, 1)


def test_times_of_pandas_are_kept() -> None:
    started = pd.Series([pd.Timestamp("2026-01-01", tz="UTC"), pd.NaT])
    frame = pd.DataFrame({"x": [1, 2], "loss": [1.0, 2.0], "started": started})
    study = hypertendril.from_dataframe(frame, "loss")
    assert study.trials.started[0] == 1767225600
    assert np.isnan(study.trials.started[1])


def test_an_empty_table_is_a_study_without_trials() -> None:
    study = hypertendril.from_dataframe(pd.DataFrame({"x": [], "loss": []}), "loss")
    assert len(study) == 0


def test_read_gives_studies() -> None:
    (study,) = hypertendril.read(LOG)
    assert study.counts()[TrialState.FAILED] == 1


def test_importing_the_package_loads_next_to_nothing() -> None:
    code = "import sys, hypertendril; print([m for m in ('numpy', 'pandas', 'dash') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def test_the_public_face_is_what_the_page_describes() -> None:
    page = (Path(__file__).parents[3] / "docs" / "python.md").read_text()
    assert all(f"hypertendril.{name}(" in page for name in hypertendril.__all__)
    with pytest.raises(AttributeError, match="nothing"):
        _ = hypertendril.nothing
