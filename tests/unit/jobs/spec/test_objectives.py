from __future__ import annotations

from pathlib import Path

import pytest

from hypertendril.errors import JobError
from hypertendril.jobs.spec.objectives import load_registry
from hypertendril.model import Direction, Objective

GOOD = """
[objectives.net]
function = "{function}"
directions = {{ accuracy = "maximize", loss = "minimize" }}
space = [{{ name = "lr", kind = "float", low = 0.1, high = 1.0 }}]
{more}
"""


def write(folder: Path, function: str = "pkg.net:train", more: str = "") -> Path:
    path = folder / "objectives.toml"
    path.write_text(GOOD.format(function=function, more=more))
    return path


def test_an_entry_is_read(tmp_path: Path) -> None:
    more = 'steps = 5\ncurves = ["accuracy"]\nmetrics = ["size"]\ndescription = "A net."'
    found = load_registry(write(tmp_path, more=more))["net"]
    assert found.function == "pkg.net:train"
    assert found.folder == tmp_path
    assert found.objectives == (
        Objective("accuracy", Direction.MAXIMIZE),
        Objective("loss", Direction.MINIMIZE),
    )
    assert (found.curves, found.metrics, found.steps) == (("accuracy",), ("size",), 5)
    assert found.description == "A net."


def test_resources_of_a_trial_are_read(tmp_path: Path) -> None:
    found = load_registry(write(tmp_path, more="resources = { CPU = 4, GPU = 0.5, licence = 1 }"))
    assert found["net"].resources == {"CPU": 4.0, "GPU": 0.5, "licence": 1.0}


def test_no_file_is_an_empty_registry() -> None:
    assert not load_registry(None).objectives


@pytest.mark.parametrize(
    "function",
    ["train", "a:b:c", "a b:c", "a:b()", "../x:y", "a:", ":b", "os.path:join\\nimport x", "a-b:c"],
)
def test_only_module_colon_function_names_code(tmp_path: Path, function: str) -> None:
    with pytest.raises(JobError, match=r"objectives\.net\.function"):
        load_registry(write(tmp_path, function))


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ("steps = 0", r"objectives\.net\.steps"),
        ("speed = 0", r"objectives\.net\.speed"),
        ("curves = 3", r"objectives\.net\.curves"),
        ('curves = ["a", "a"]', "twice"),
        ("resources = 3", r"objectives\.net\.resources"),
        ("resources = { GPU = 0 }", r"objectives\.net\.resources\.GPU.*above 0"),
        ("resources = { GPU = true }", r"objectives\.net\.resources\.GPU.*above 0"),
        ("resources = { 'two words' = 1 }", "must be a word such as CPU or GPU"),
        ("[other]", "Field 'other'"),
        ("[", "cannot be read"),
    ],
)
def test_a_wrong_entry_is_named_with_the_file(tmp_path: Path, more: str, message: str) -> None:
    with pytest.raises(JobError, match=rf"objectives\.toml: .*{message}"):
        load_registry(write(tmp_path, more=more))


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(JobError, match=r"none\.toml: the registry of objectives cannot be read"):
        load_registry(tmp_path / "none.toml")


def test_an_unknown_objective_is_named_beside_the_known(tmp_path: Path) -> None:
    with pytest.raises(JobError, match=r"'web' is not a registered objective \(known: net\)"):
        load_registry(write(tmp_path))["web"]
