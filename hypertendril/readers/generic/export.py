"""Studies written in the generic form, so that reading them back gives the same study."""

from __future__ import annotations

import json
import math
import os
import secrets
from collections import defaultdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from hypertendril.model import Outcome, Study, TrialState
from hypertendril.readers.files.json_text import plain
from hypertendril.readers.result import ReadStudy

FORMAT = "hypertendril-study"
VERSION = 1


def to_generic(study: Study | ReadStudy) -> dict[str, Any]:
    """Return a study as strict JSON in the generic form; docs/formats.md describes the keys.

    Its source and what was skipped in reading are not part of it.
    """
    return (
        {"format": FORMAT, "version": VERSION}
        | header_to_generic(study)
        | {"trials": _trials(study)}
    )


def header_to_generic(study: Study | ReadStudy) -> dict[str, Any]:
    """Return all of the generic form but the trials."""
    header = study.header
    return {
        "name": header.name,
        "framework": header.framework,
        "refined_from": header.refined_from,
        "objectives": [{"name": o.name, "direction": o.direction.value} for o in header.objectives],
        "method": {"name": header.method.name, "settings": plain(dict(header.method.settings))},
        "attributes": plain(dict(header.attributes)),
        "metrics": list(header.metric_names),
        "curves": list(header.curve_names),
        "space": header.space.to_json(),
    }


def write_generic(study: Study | ReadStudy, path: Path) -> None:
    """Write a study to `path` in the generic form; the file is complete or not there at all."""
    text = json.dumps(to_generic(study), allow_nan=False, ensure_ascii=False)
    write_whole(path, text)


def write_whole(path: Path, text: str) -> None:
    """Write `text` to `path` by way of a temporary file in the same folder."""
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        with temporary.open("x", encoding="utf-8", newline="") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def _trials(study: Study | ReadStudy) -> list[dict[str, Any]]:
    header, trials = study.header, study.trials
    curves, evaluations = _curves(study), evaluations_to_generic(study)
    objective_names = [objective.name for objective in header.objectives]
    decoders = [(i, p.name, p.decode) for i, p in enumerate(header.space)]
    found = []
    for row in range(len(trials)):
        values = trials.values[row].tolist()
        item: dict[str, Any] = {
            "number": int(trials.number[row]),
            "state": TrialState(int(trials.state[row])).name.lower(),
            "params": {
                name: _finite(decode(values[i]))
                for i, name, decode in decoders
                if not math.isnan(values[i])
            },
            "values": _present(objective_names, trials.objectives[row]),
            "metrics": _present(header.metric_names, trials.metrics[row]),
            "evaluations": evaluations.get(row, []),
            "curves": curves.get(row, {}),
        }
        item |= _rare(study, row)
        found.append(item)
    return found


def _rare(study: Study | ReadStudy, row: int) -> dict[str, Any]:
    """Return the keys of a trial that few trials have."""
    trials = study.trials
    item: dict[str, Any] = {}
    parent, bracket = int(trials.parent[row]), int(trials.bracket[row])
    if parent >= 0:
        item["parent"] = int(trials.number[parent])
    if bracket >= 0:
        item["bracket"] = bracket
    for key, moment in (("started", trials.started[row]), ("ended", trials.ended[row])):
        if not math.isnan(moment):
            item[key] = iso(float(moment))
    if not math.isnan(trials.violation[row]):
        item["violation"] = _finite(float(trials.violation[row]))
    if row in trials.notes:
        item["note"] = plain(trials.notes[row])
    return item


def _present(names: Any, values: Any) -> dict[str, Any]:
    pairs = zip(names, values.tolist(), strict=True)
    return {name: _finite(value) for name, value in pairs if not math.isnan(value)}


def _finite(value: Any) -> Any:
    """Return a number as strict JSON can hold it: infinities as text, NaN as null."""
    if not isinstance(value, float) or math.isfinite(value):
        return value
    return None if math.isnan(value) else ("inf" if value > 0 else "-inf")


def iso(moment: float) -> str | float | None:
    """Return POSIX seconds as ISO 8601 UTC, or as they are where microseconds can't hold them."""
    try:
        text = datetime.fromtimestamp(moment, UTC).isoformat(timespec="microseconds")
        if datetime.fromisoformat(text).timestamp() == moment:
            return text.replace("+00:00", "Z")
    except (OverflowError, ValueError, OSError):
        pass
    found: str | float | None = _finite(moment)
    return found


def evaluations_to_generic(study: Study | ReadStudy) -> dict[int, list[dict[str, Any]]]:
    """Return the evaluations of each trial that has some, by row."""
    found: dict[int, list[dict[str, Any]]] = defaultdict(list)
    e = study.evaluations
    columns = (e.trial, e.iteration, e.bracket, e.rung, e.resource, e.value, e.outcome, e.time)
    rows = zip(*(column.tolist() for column in columns), strict=True)
    for order, (trial, iteration, bracket, rung, resource, value, outcome, time) in enumerate(rows):
        item: dict[str, Any] = {"order": order, "outcome": Outcome(outcome).name.lower()}
        counts = {"iteration": iteration, "bracket": bracket, "rung": rung}
        item |= {key: count for key, count in counts.items() if count != -1}
        numbers = {"resource": resource, "value": value}
        item |= {key: _finite(number) for key, number in numbers.items() if not math.isnan(number)}
        if not math.isnan(time):
            item["time"] = iso(time)
        found[trial].append(item)
    return found


def _curves(study: Study | ReadStudy) -> dict[int, dict[str, list[list[Any]]]]:
    found: dict[int, dict[str, list[list[Any]]]] = defaultdict(dict)
    points, names = study.curves, study.header.curve_names
    order = np.argsort(points.trial, kind="stable")
    columns = (points.trial, points.metric, points.step, points.value)
    for trial, metric, step, value in zip(*(c[order].tolist() for c in columns), strict=True):
        found[trial].setdefault(names[metric], []).append([step, _finite(value)])
    return found
