"""Which search method an Optuna study used, from what its owner or its sampler left behind."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from hypertendril.model import Method
from hypertendril.readers.files.json_text import clean
from hypertendril.readers.optuna.rows import StudyRecord

SAMPLERS = {
    "random": "random",
    "tpe": "tpe",
    "gp": "gp",
    "cmaes": "cma-es",
    "nsgaii": "nsga2",
    "nsgaiii": "nsga3",
    "qmc": "qmc",
    "grid": "grid",
    "bruteforce": "brute force",
}
PRUNERS = {
    "nop": "",
    "median": "median pruning",
    "percentile": "percentile pruning",
    "successivehalving": "successive halving",
    "hyperband": "hyperband",
    "threshold": "threshold pruning",
    "patient": "patient pruning",
    "wilcoxon": "wilcoxon pruning",
}
# Start of a key a sampler writes for itself -> the sampler
_TRACES = {
    "tpe:": "tpe",
    "cma:": "cma-es",
    "gp:": "gp",
    "NSGAIISampler:": "nsga2",
    "nsga2:": "nsga2",
    "NSGAIIISampler:": "nsga3",
    "nsga3:": "nsga3",
    "qmc ": "qmc",
    "grid_id": "grid",
}


def method_of(record: StudyRecord, keys: Collection[str], brackets: int) -> Method:
    """Return the method: as the owner recorded it (`sampler`, `pruner`), else by its traces.

    Args:
        record: The study.
        keys: System attributes its trials have.
        brackets: Number of brackets its rungs tell of.
    """
    settings: dict[str, Any] = {}
    sampler = _recorded(record, "sampler", SAMPLERS, settings)
    pruner = _recorded(record, "pruner", PRUNERS, settings)
    if sampler is None:
        sampler = _traced([*keys, *record.system_attrs])
    if pruner is None and any(key.startswith("completed_rung_") for key in keys):
        pruner = "hyperband" if brackets > 1 else "successive halving"
    return Method(" + ".join(filter(None, (sampler, pruner))) or "unknown", settings)


def _recorded(
    record: StudyRecord, key: str, known: dict[str, str], settings: dict[str, Any]
) -> str | None:
    recorded = record.user_attrs.get(key)
    if not isinstance(recorded, str) or not recorded:
        return None
    settings[key] = clean(recorded)
    short = recorded.lower().removesuffix(key).replace("-", "").replace("_", "").strip()
    return known.get(short, clean(recorded))


def _traced(keys: Collection[str]) -> str | None:
    for start, sampler in _TRACES.items():
        if any(key.startswith(start) for key in keys):
            return sampler
    return None
