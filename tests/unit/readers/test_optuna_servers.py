"""Optuna's storage on real database servers, beside what Optuna itself sees there."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from hypertendril.errors import SourceFormatError
from hypertendril.model import TrialState
from hypertendril.readers import ReadStudy, Source, detect, read
from tests.unit.readers.database_servers import mariadb, postgresql

optuna = pytest.importorskip("optuna")
STATES = {"FAIL": "FAILED"}
SERVERS = {"postgresql": (postgresql, "psycopg"), "mariadb": (mariadb, "pymysql")}


@pytest.fixture(scope="module", params=SERVERS)
def url(request: Any) -> Iterator[str]:
    server, driver = SERVERS[request.param]
    pytest.importorskip(driver, reason=f"no driver for {request.param} is installed")
    with server() as address:
        if address is None:
            pytest.skip(f"{request.param} is not installed")
        yield address


def objective(trial: Any) -> float:
    lr = trial.suggest_float("opt/lr", 1e-5, 1e-1, log=True)
    kind = trial.suggest_categorical("kind", ["a", None, 2.5, "naïve 日本"])
    depth = trial.suggest_int("depth", 1, 9) if kind == "a" else 0
    trial.set_user_attr("size", trial.number * 10)
    for step in range(3):
        trial.report([lr, float("nan"), float("-inf"), -1e300][(trial.number + step) % 4], step)
    if trial.number % 5 == 3:
        raise optuna.TrialPruned
    if trial.number % 5 == 4:
        return float("nan")
    if trial.number % 5 == 2:
        return float("inf")
    return float(lr + depth)


def studied(url: str, name: str, count: int) -> list[Any]:
    """Let Optuna go on with a study, and return all its trials."""
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    storage = optuna.storages.RDBStorage(url)
    sampler = optuna.samplers.RandomSampler(seed=1)
    study = optuna.create_study(
        storage=storage, study_name=name, direction="maximize", sampler=sampler, load_if_exists=True
    )
    study.optimize(objective, n_trials=count)
    trials: list[Any] = study.get_trials()
    storage.remove_session()
    storage.engine.dispose()
    return trials


def only(url: str, name: str) -> ReadStudy:
    return next(found for found in read(url) if found.header.name == name)


def test_a_study_on_a_server_is_read_as_optuna_sees_it(url: str) -> None:
    theirs = studied(url, "whole", 12)
    found = only(url, "whole")
    study = found.as_study()
    assert [study.params(row) for row in range(len(study))] == [t.params for t in theirs]
    states = [TrialState(state).name for state in study.trials.state]
    assert states == [STATES.get(t.state.name, t.state.name) for t in theirs]
    done = [i for i, t in enumerate(theirs) if t.state.name == "COMPLETE"]
    np.testing.assert_array_equal(study.trials.objectives[done, 0], [theirs[i].value for i in done])
    assert len(found.curves) == sum(len(t.intermediate_values) for t in theirs)
    points = found.curves.value.tolist()
    written = [value for t in theirs for value in t.intermediate_values.values()]
    np.testing.assert_array_equal(sorted(points), sorted(written))
    starts = [t.datetime_start.timestamp() for t in theirs]
    np.testing.assert_allclose(study.trials.started, starts, atol=1e-3)


def test_a_study_on_a_server_is_followed_while_it_is_written(url: str) -> None:
    studied(url, "live", 2)
    source = Source.parse(url)
    reader = detect(source)
    tail = reader.follow(source)
    names = [found.header.name for found in tail.advance()]
    token = reader.change_token(source)
    assert reader.change_token(source) == token
    studied(url, "live", 3)
    assert reader.change_token(source) != token
    assert len(tail.advance()[names.index("live")].trials) == 5


def test_a_server_without_the_database_says_so(url: str) -> None:
    with pytest.raises(SourceFormatError, match="no_such_place") as caught:
        read(url.rpartition("/")[0] + "/no_such_place")
    assert "Check host, user and database." in str(caught.value)
