"""What a SMAC3 run was asked for: scenario.json (version 2) or scenario.txt (version 1)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from hypertendril.model import Method
from hypertendril.readers.files.json_text import clean
from hypertendril.readers.folders import as_dict, head_of, optional_json
from hypertendril.readers.losses import Losses

JSON = "scenario.json"
TEXT = "scenario.txt"
_LIMITS = ("n_trials", "min_budget", "max_budget", "seed", "n_workers", "walltime_limit")
_RACES = {"Hyperband": "hyperband", "SuccessiveHalving": "successive halving"}
_PARTS = ("facade", "model", "acquisition_function", "intensifier", "initial_design")


@dataclass(frozen=True)
class Scenario:
    """The scenario; blank where the run kept none."""

    name: str = ""
    objectives: tuple[str, ...] = ()
    method: Method = field(default_factory=lambda: Method("smac"))


def read_scenario(folder: Path, losses: Losses) -> Scenario:
    """Return the scenario of a run."""
    data = optional_json(folder / JSON, losses)
    if isinstance(data, dict):
        return _second(data)
    if (folder / TEXT).is_file():
        return _first(head_of(folder / TEXT, 1 << 20).decode("utf-8", "replace"))
    return Scenario()


def _second(data: Mapping[str, Any]) -> Scenario:
    named = data.get("objectives")
    objectives = [named] if isinstance(named, str) else named if isinstance(named, list) else []
    meta = as_dict(data.get("_meta"))
    parts = {part: as_dict(meta.get(part)).get("name") for part in _PARTS}
    settings = {k: data[k] for k in _LIMITS if data.get(k) is not None}
    settings |= {part: name for part, name in parts.items() if isinstance(name, str)}
    eta = as_dict(meta.get("intensifier")).get("eta")
    if eta is not None:
        settings["eta"] = eta
    race = _RACES.get(str(parts["intensifier"]), "")
    is_random = str(parts["facade"]) == "RandomFacade" or str(parts["model"]) == "RandomModel"
    model = "random" if is_random else "smac"
    return Scenario(
        clean(str(data.get("name") or "")),
        tuple(clean(name) for name in objectives if isinstance(name, str) and name),
        Method(" + ".join(filter(None, (model, race))), settings),
    )


def _first(text: str) -> Scenario:
    pairs = [line.partition("=") for line in text.splitlines()]
    data = {key.strip(): value.strip() for key, equals, value in pairs if equals}
    named = data.get("multi_objectives", "").strip("[]")
    objectives = [name.strip(" '\"") for name in named.split(",")]
    kept = ("run_obj", "wallclock_limit", "ta_run_limit", "cutoff", "initial_incumbent")
    settings = {key: data[key] for key in kept if key in data}
    return Scenario("", tuple(clean(n) for n in objectives if n), Method("smac", settings))
