"""Tables as JSON documents: what pandas and others make of them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import hypertendril
from hypertendril.errors import SourceFormatError

FRAME = pd.DataFrame({"lr": [0.1, 0.01, 0.5], "opt": ["a", "b", "a"], "val_acc": [0.5, 0.75, 0.25]})
RECORDS: list[dict[str, Any]] = json.loads(FRAME.to_json(orient="records"))


@pytest.mark.parametrize("orient", ["records", "columns", "index", "split", "table"])
def test_every_form_in_which_pandas_writes_a_table_is_one(tmp_path: Path, orient: Any) -> None:
    path = tmp_path / "runs.json"
    FRAME.to_json(path, orient=orient)
    (found,) = hypertendril.read(path)
    assert found.trials.objectives[:, 0].tolist() == [0.5, 0.75, 0.25]
    assert found.params(1) == {"lr": 0.01, "opt": "b"}


@pytest.mark.parametrize(
    "document",
    [
        {name: FRAME[name].tolist() for name in FRAME},
        {"made_by": "a script", "results": RECORDS},
        {f"run_{n}": record for n, record in enumerate(RECORDS)},
        {
            f"{n}": {"config": {"lr": r["lr"], "opt": r["opt"]}, "val_acc": r["val_acc"]}
            for n, r in enumerate(RECORDS)
        },
    ],
    ids=["columns", "under a key", "by name", "nested"],
)
def test_objects_that_hold_a_table_are_one(tmp_path: Path, document: Any) -> None:
    path = tmp_path / "runs.json"
    path.write_text(json.dumps(document, indent=1))
    (found,) = hypertendril.read(path)
    assert found.trials.objectives[:, 0].tolist() == [0.5, 0.75, 0.25]
    assert found.params(1) == {"lr": 0.01, "opt": "b"}


@pytest.mark.parametrize("document", [{}, {"a": 1}, {"a": [1], "b": [1, 2]}, {"a": {}, "b": {}}])
def test_other_objects_are_none(tmp_path: Path, document: Any) -> None:
    path = tmp_path / "some.json"
    path.write_text(json.dumps(document))
    with pytest.raises(SourceFormatError, match="is JSON, but not a study"):
        hypertendril.read(path)


def test_columns_of_several_levels_and_of_objects_are_named_by_their_path(tmp_path: Path) -> None:
    path = tmp_path / "runs.parquet"
    frame = FRAME[["lr", "val_acc"]]
    frame.columns = pd.MultiIndex.from_tuples([("params", "lr"), ("metrics", "val_acc")])
    frame.to_parquet(path)
    assert hypertendril.read(path)[0].space.names == ("lr",)
    pd.DataFrame({"config": RECORDS, "score": [1, 2, 3]}).to_parquet(path)
    (found,) = hypertendril.read(path)
    assert found.space.names == ("lr", "opt", "val_acc")
