import json
import struct

import numpy as np
import pytest

from hypertendril.model import (
    CurvePoints,
    Direction,
    Evaluations,
    Objective,
    Parameter,
    ParameterKind,
    SearchSpace,
    Study,
    StudyHeader,
    Trials,
    TrialState,
)
from hypertendril.server.wire import encode_study


def study_of(values: list[list[float]], objectives: list[float]) -> Study:
    space = SearchSpace(
        (
            Parameter("lr", ParameterKind.FLOAT, 1e-4, 0.1, log=True),
            Parameter("__proto__", ParameterKind.CATEGORICAL, choices=("<b>x</b>", "__proto__")),
        )
    )
    trials = Trials.empty(len(values), 2, 1, 0)
    trials.values[:] = np.reshape(values, (-1, 2))
    trials.objectives[:, 0] = objectives
    trials.state[:] = TrialState.COMPLETE
    header = StudyHeader("s", space, (Objective("loss", Direction.MINIMIZE),))
    return Study("id", header, trials, Evaluations.empty(), CurvePoints.empty(), version=7)


def decoded(message: bytes) -> tuple[dict, dict[str, np.ndarray]]:
    (size,) = struct.unpack_from("<I", message)
    header = json.loads(message[4 : 4 + size])
    arrays = {
        c["key"]: np.frombuffer(message, c["dtype"], c["length"], 4 + size + c["offset"])
        for c in header["columns"]
    }
    return header, arrays


def test_columns_arrive_bit_for_bit() -> None:
    study = study_of([[0.1 + 1e-17, 0], [np.nan, 1]], [0.5, np.inf])
    header, arrays = decoded(encode_study(study))
    assert header["version"] == 7
    assert arrays["param:lr"].tobytes() == study.trials.values[:, 0].tobytes()
    assert arrays["objective:loss"].tolist() == [0.5, np.inf]


def test_every_array_starts_at_a_multiple_of_eight_bytes() -> None:
    message = encode_study(study_of([[0.01, 0]] * 3, [1, 2, 3]), {"ev:x": np.zeros(5, "float32")})
    (size,) = struct.unpack_from("<I", message)
    header, _ = decoded(message)
    assert {(4 + size + column["offset"]) % 8 for column in header["columns"]} == {0}


def test_categories_travel_as_codes_with_their_texts_beside_them() -> None:
    header, arrays = decoded(encode_study(study_of([[0.01, 1]], [1])))
    column = next(c for c in header["columns"] if c["key"] == "param:__proto__")
    assert column["choices"][int(arrays["param:__proto__"][0])] == "__proto__"


@pytest.mark.parametrize(("direction", "worst_is_less"), [("minimize", False), ("maximize", True)])
def test_the_colour_range_runs_from_worst_to_best(direction: str, *, worst_is_less: bool) -> None:
    study = study_of([[0.01, 0]] * 20, list(range(20)))
    header = StudyHeader("s", study.space, (Objective("loss", Direction(direction)),))
    message = encode_study(Study("id", header, study.trials, study.evaluations, study.curves))
    colour = decoded(message)[0]["colour"]
    assert (colour["worst"] < colour["best"]) is worst_is_less


def test_a_study_without_trials_is_a_valid_message() -> None:
    header, arrays = decoded(encode_study(study_of([], [])))
    assert header["n"] == 0
    assert len(arrays["state"]) == 0
