"""What `hypertendril inspect` prints of a study; docs/formats.md keeps the promise."""

from __future__ import annotations

from typing import Any

from hypertendril.readers.files.json_text import plain
from hypertendril.readers.result import ReadStudy


def inspect_json(found: ReadStudy) -> dict[str, Any]:
    """Return a study as an element of `studies` in the JSON of `inspect`: strict JSON, stable keys."""
    study, header, trials = found.as_study(), found.header, found.trials
    forked = [row for row, parent in enumerate(trials.parent.tolist()) if parent >= 0]
    return {
        "name": header.name,
        "framework": header.framework,
        "method": {"name": header.method.name, "settings": plain(dict(header.method.settings))},
        "objectives": [{"name": o.name, "direction": o.direction.value} for o in header.objectives],
        "space": plain(header.space.to_json()),
        "n_trials": len(trials),
        "counts": {state.name.lower(): count for state, count in study.counts().items()},
        "best": _best(found),
        "n_evaluations": len(found.evaluations),
        "n_curve_points": len(found.curves),
        "metrics": list(header.metric_names),
        "lineage": [
            [int(trials.number[row]), int(trials.number[trials.parent[row]])] for row in forked
        ],
        "skipped": [
            {"file": s.file, "line": s.line, "reason": s.reason, "is_guess": s.is_guess}
            for s in header.skipped
        ],
    }


def _best(found: ReadStudy) -> dict[str, Any] | None:
    """Return the best trial by the leading objective, None if no trial has a usable value."""
    study = found.as_study()
    row = study.best()
    if row is None:
        return None
    return {
        "number": int(found.trials.number[row]),
        "value": float(found.trials.objectives[row, 0]),
        "params": plain(study.params(row)),
    }
