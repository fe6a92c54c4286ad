"""Studies of Optuna that were pickled, converted without Optuna and compared with what it sees."""

from __future__ import annotations

import pickle  # noqa: TID251 - to write what has to be read
from collections.abc import Callable
from pathlib import Path
from typing import Any

import optuna
import pytest

from hypertendril.errors import SourceFormatError
from hypertendril.model import TrialState
from hypertendril.readers import read
from hypertendril.readers.pickles.convert import convert

joblib = pytest.importorskip("joblib")


def objective(trial: Any) -> float:
    lr = trial.suggest_float("lr", 1e-5, 1e-1, log=True)
    kind = trial.suggest_categorical("kind", ["a", None, 1, True])
    depth = trial.suggest_int("depth", 2, 8, step=2) if kind == "a" else 0
    trial.set_user_attr("size", trial.number * 10)
    trial.report(lr, 3)
    if trial.number % 5 == 3:
        raise optuna.TrialPruned
    return float("inf") if trial.number == 2 else float("nan") if trial.number == 6 else lr + depth


@pytest.fixture(scope="module")
def study() -> Any:
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    made = optuna.create_study(
        study_name="kept", direction="maximize", sampler=optuna.samplers.TPESampler(seed=1)
    )
    made.set_user_attr("dataset", "digits")
    made.optimize(objective, n_trials=12)
    made.enqueue_trial({"lr": 0.01})
    return made


def _pickled(study: Any, path: Path) -> None:
    path.write_bytes(pickle.dumps(study))


def _packed(study: Any, path: Path) -> None:
    joblib.dump(study, path, compress=3)


@pytest.mark.parametrize("write", [_pickled, joblib.dump, _packed])
def test_a_pickled_study_is_read_as_optuna_sees_it(
    write: Callable[[Any, Path], object], study: Any, tmp_path: Path
) -> None:
    write(study, tmp_path / "study.pkl")
    assert convert(tmp_path / "study.pkl", tmp_path / "study.log") == "optuna"
    (found,) = read(tmp_path / "study.log")
    theirs, mine = study.get_trials(), found.as_study()
    assert (found.header.name, found.header.attributes["dataset"]) == ("kept", "digits")
    assert [mine.params(row) for row in range(12)] == [t.params for t in theirs[:12]]
    names = {"FAIL": "FAILED"}
    assert [TrialState(s).name for s in mine.trials.state] == [
        names.get(t.state.name, t.state.name) for t in theirs
    ]
    done = [i for i, t in enumerate(theirs) if t.state.name == "COMPLETE"]
    assert mine.trials.objectives[done, 0].tolist() == [theirs[i].value for i in done]
    assert len(found.curves) == 12
    assert mine.trials.started[0] == theirs[0].datetime_start.timestamp()


def test_a_study_whose_trials_are_in_a_database_names_it(tmp_path: Path) -> None:
    storage = optuna.storages.RDBStorage(f"sqlite:///{tmp_path}/s.db")
    made = optuna.create_study(storage=storage)
    (tmp_path / "study.pkl").write_bytes(pickle.dumps(made))
    storage.remove_session()
    storage.engine.dispose()
    with pytest.raises(SourceFormatError, match=r"Open its storage: .*s\.db"):
        convert(tmp_path / "study.pkl", tmp_path / "out.log")
