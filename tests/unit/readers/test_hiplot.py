from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from hypertendril.errors import SourceFormatError
from hypertendril.model import Direction
from hypertendril.readers import read, to_generic

LOGS = Path(__file__).parents[2] / "data" / "trackers"


def _read(data: Any, folder: Path) -> Any:
    path = folder / "experiment"
    path.write_text(json.dumps(data))
    return read(path)[0].as_study()


@pytest.mark.parametrize("name", ["hiplot.json", "hiplot.csv"])
def test_datapoints_are_trials_and_from_uid_is_their_parent(name: str) -> None:
    (found,) = read(LOGS / name)
    study = found.as_study()
    assert study.trials.parent.tolist() == [-1] * 4 + list(range(8))
    assert study.objectives[0].name == "val_loss"
    assert sorted(study.space.names) == ["dropout", "lr", "optimizer"]
    assert study.params(0)["optimizer"] == "sgd"
    assert study.best() == 11


def test_a_table_and_its_experiment_hold_the_same_values() -> None:
    one, other = (
        to_generic(read(LOGS / name)[0])["trials"] for name in ("hiplot.json", "hiplot.csv")
    )
    for a, b in zip(one, other, strict=True):
        assert a["params"] == b["params"]
        assert a["values"] == b["values"]


def test_the_vertical_axis_of_the_plot_is_the_goal(tmp_path: Path) -> None:
    points = [
        {"uid": str(n), "values": {"x": n, "gain": n, "err": n}, "from_uid": None} for n in (1, 2)
    ]
    data = {"datapoints": points, "display_data": {"XY": {"axis_x": "x", "axis_y": "gain"}}}
    study = _read(data, tmp_path)
    assert (study.objectives[0].name, study.objectives[0].direction) == ("gain", Direction.MAXIMIZE)
    assert study.header.metric_names == ("err",)


def test_the_scale_an_experiment_defines_is_kept(tmp_path: Path) -> None:
    points = [{"uid": str(n), "values": {"x": 0.1 * n, "loss": n}} for n in range(1, 5)]
    data = {"datapoints": points, "parameters_definition": {"x": {"type": "numericlog"}}}
    assert _read(data, tmp_path).space["x"].log


def test_a_parent_that_is_not_there_is_reported(tmp_path: Path) -> None:
    points = [{"uid": "a", "values": {"x": 1, "loss": 1}, "from_uid": "gone"}]
    study = _read({"datapoints": points}, tmp_path)
    assert any("no run of the study" in s.reason for s in study.header.skipped)


def test_rows_that_are_not_complete_are_reported_with_their_line(tmp_path: Path) -> None:
    path = tmp_path / "table"
    path.write_text("uid,from_uid,x,loss\na,,1,2\nb,a\nc,a,3,4\n")
    (found,) = read(path)
    assert len(found.trials) == 2
    assert any(s.line == 3 for s in found.header.skipped)


def test_datapoints_that_are_no_list_are_refused(tmp_path: Path) -> None:
    with pytest.raises(SourceFormatError, match="datapoints"):
        _read({"datapoints": {"uid": 1}}, tmp_path)
