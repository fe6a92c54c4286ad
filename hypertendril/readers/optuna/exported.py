"""Studies that this program wrote into an Optuna storage, read back with all that Optuna lacks.

The study and each trial carry their generic form in an attribute of their own. Optuna may have gone
on with the study since: what it changed or added counts, and the rest is as it was written.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from hypertendril.errors import SourceFormatError
from hypertendril.model import Skipped
from hypertendril.readers.folders import as_dict, as_list
from hypertendril.readers.generic.export import header_to_generic, to_generic
from hypertendril.readers.generic.reader import from_generic
from hypertendril.readers.result import ReadStudy
from hypertendril.readers.source import Source

SAMPLER = "sampler"  # an attribute the export adds for Optuna


def as_exported(study: ReadStudy, header: Any, told: Mapping[int, Any]) -> ReadStudy:
    """Return a study as it was written, and as Optuna went on with it.

    Args:
        study: What Optuna knows.
        header: The generic form without the trials, None if this program did not write it.
        told: Row to the generic form of a trial.
    """
    if not isinstance(header, dict):
        return study
    shown = study.header.source or ""
    try:
        found = from_generic(
            _header(study, header) | {"trials": _trials(study, told)}, Source(path=Path(shown))
        )
    except SourceFormatError as error:
        lost = Skipped(shown, f"what was written beside Optuna's own was left out: {error}")
        skipped = (*study.header.skipped, lost)
        return replace(study, header=replace(study.header, skipped=skipped))
    skipped = (*study.header.skipped, *found.header.skipped)
    return replace(found, header=replace(found.header, source=shown, skipped=skipped))


def _header(study: ReadStudy, told: dict[str, Any]) -> dict[str, Any]:
    """Return the header that was written, with what Optuna has learned since."""
    own = header_to_generic(study)
    attributes = as_dict(told.get("attributes"))
    later = {k: v for k, v in own["attributes"].items() if k != SAMPLER or k in attributes}
    space = as_list(told.get("space"))
    names = {item.get("name") for item in map(as_dict, space)}
    return told | {
        "name": own["name"],
        "objectives": own["objectives"],
        "attributes": attributes | later,
        "space": [*space, *(item for item in own["space"] if item["name"] not in names)],
        **{key: _joined(told.get(key), own[key]) for key in ("metrics", "curves")},
    }


def _joined(told: Any, own: list[str]) -> list[Any]:
    return [*as_list(told), *(name for name in own if name not in as_list(told))]


def _trials(study: ReadStudy, told: Mapping[int, Any]) -> list[dict[str, Any]]:
    found = []
    taken = {as_dict(trial).get("number") for trial in told.values()}
    for row, known in enumerate(to_generic(study)["trials"]):
        own, kept = known, as_dict(told.get(row))
        if kept and not _went_on(kept, own):
            found.append(kept)
            continue
        if kept:
            curves = as_dict(kept.get("curves")) | own["curves"]
            own = kept | own | {"number": kept.get("number"), "curves": curves}
        elif own["number"] in taken:
            own["number"] = max(n for n in taken if isinstance(n, int)) + 1
        taken.add(own["number"])
        for look in own["evaluations"]:
            look["order"] += len(study.evaluations) + len(told)  # behind those that were written
        found.append(own)
    return found


def _went_on(kept: dict[str, Any], own: dict[str, Any]) -> bool:
    """Return whether Optuna knows more of a trial than what was written."""
    # Optuna keeps a complete trial without a value as a failed one.
    states = kept.get("state"), own["state"]
    has_changed = states[0] != states[1] and states != ("complete", "failed")
    reports = [sum(map(len, as_dict(t.get("curves")).values())) for t in (kept, own)]
    return has_changed or reports[1] > reports[0]
