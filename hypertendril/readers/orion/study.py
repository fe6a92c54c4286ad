"""From Orion's documents to studies (the mapping is described in docs/formats.md)."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from hypertendril.model import Direction, Method, Objective, Outcome, TrialState
from hypertendril.readers.drafts.draft import NAN, Draft, Look, TrialRow, header_of
from hypertendril.readers.drafts.looks import by_time
from hypertendril.readers.drafts.typed_text import typed
from hypertendril.readers.files.json_text import as_number, brief, clean
from hypertendril.readers.folders import as_dict, as_list
from hypertendril.readers.losses import Losses
from hypertendril.readers.orion.space import OrionSpace, read_priors
from hypertendril.readers.result import ReadStudy
from hypertendril.readers.source import Source

STATES = {
    "new": TrialState.WAITING,
    "suspended": TrialState.WAITING,
    "interrupted": TrialState.WAITING,
    "reserved": TrialState.RUNNING,
    "completed": TrialState.COMPLETE,
    "broken": TrialState.FAILED,
}
POPULATIONS = ("pbt", "pb2", "evolutiones")

Document = Mapping[str, Any]


@dataclass(frozen=True)
class Documents:
    """The two collections that matter."""

    experiments: Sequence[Document]
    trials: Sequence[Document]


def build_studies(documents: Documents, source: Source, losses: Losses) -> tuple[ReadStudy, ...]:
    """Return one study an experiment.

    Raises:
        SourceFormatError: There are no experiments.
    """
    experiments = {_id(e): e for e in documents.experiments if e}
    own: dict[str, list[Document]] = {key: [] for key in experiments}
    for trial in documents.trials:
        key = _plain(trial.get("experiment"))
        if key in own:
            own[key].append(trial)
        else:
            losses.count("a trial of no experiment")
    if not experiments:
        raise source.error("holds no experiment of Orion.")
    return tuple(_study(experiments[key], trials, source, losses) for key, trials in own.items())


def _id(document: Document) -> str:
    return _plain(document.get("_id"))


def _plain(value: Any) -> str:
    """Return an id as text; `mongoexport` wraps its own in an object."""
    if isinstance(value, dict) and len(value) == 1:
        value = next(iter(value.values()))
    return str(value)


def _part(document: Document, name: str) -> dict[str, Any]:
    """Return a nested part, also of a document whose keys are dotted."""
    nested = document.get(name)
    if isinstance(nested, dict):
        return nested
    found: dict[str, Any] = {}
    for key, value in document.items():
        first, dot, rest = key.partition(".")
        if first == name and dot:
            found[rest] = value
    return found


def _study(
    experiment: Document, documents: Sequence[Document], source: Source, of_file: Losses
) -> ReadStudy:
    losses = Losses(source.shown)
    losses.extend(of_file)
    declared = read_priors(_part(experiment, "space"), losses)
    method = _method(experiment)
    ordered = sorted(documents, key=lambda d: (_moment(d.get("submit_time")), _id(d)))
    ordered = list(documents) if any(_is_nan(d) for d in ordered) else ordered
    draft = Draft(losses, declared.space)
    objective = "objective"
    fidelities = []
    for number, document in enumerate(ordered):
        row, name, fidelity = _trial(document, number, declared, losses)
        objective = name or objective
        fidelities.append(fidelity)
        draft.add(row)
    _link(draft, ordered, losses)
    _add_looks(draft, fidelities, is_population=method.name in POPULATIONS)
    attributes: dict[str, Any] = {
        "trial_ids": [str(d.get("id") or _id(d)) for d in ordered],
        "version": experiment.get("version"),
    }
    name = str(experiment.get("name") or "experiment")
    version = experiment.get("version")
    if isinstance(version, int) and version > 1:
        name = f"{name}-v{version}"
    goal = Objective(clean(objective), Direction.MINIMIZE)
    return draft.build(header_of(name, "orion", [goal], method, attributes, source.shown))


def _is_nan(document: Document) -> bool:
    return math.isnan(_moment(document.get("submit_time")))


def _trial(
    document: Document, number: int, declared: OrionSpace, losses: Losses
) -> tuple[TrialRow, str, float]:
    """Return a row, the name of its objective and its fidelity."""
    params: dict[str, Any] = {}
    fidelity = NAN
    for item in map(as_dict, as_list(document.get("params"))):
        name, value = clean(str(item.get("name", ""))).lstrip("/"), _value(item.get("value"))
        if item.get("type") == "fidelity" or name == declared.fidelity:
            fidelity = as_number(value) or NAN
        elif name:
            params |= _elements(name, value)
    status = str(document.get("status"))
    if status not in STATES:
        losses.count(f"the status {brief(status, 40)!r} is unknown; waiting is assumed")
    row = TrialRow(number, params, STATES.get(status, TrialState.WAITING))
    row.started, row.ended = _moment(document.get("start_time")), _moment(document.get("end_time"))
    if row.state is TrialState.FAILED:
        row.note = "broken: Orion does not keep why"
    objective = ""
    for item in map(as_dict, as_list(document.get("results"))):
        name, value = clean(str(item.get("name", ""))), as_number(_value(item.get("value")))
        if item.get("type") == "objective" and not objective:
            objective, row.objectives = name, [NAN if value is None else value]
        elif value is not None and name:
            row.metrics = {**row.metrics, name: value}
    return row, objective, fidelity


def _elements(name: str, value: Any) -> dict[str, Any]:
    """Return a value by name; of vectors and matrices each element, `name[0]`, `name[0][1]`."""
    if not isinstance(value, list):
        return {name: value}
    found: dict[str, Any] = {}
    for i, element in enumerate(value):
        found |= _elements(f"{name}[{i}]", _value(element))
    return found


def _value(value: Any) -> Any:
    """Return a value; `mongoexport` wraps numbers JSON lacks, `{"$numberDouble": "NaN"}`."""
    if isinstance(value, dict) and len(value) == 1:
        ((key, text),) = value.items()
        if key.startswith("$number"):
            return typed(str(text))
    return value


def _moment(value: Any) -> float:
    """Return POSIX seconds; Orion's times are UTC without saying so."""
    if isinstance(value, dict):
        value = value.get("$date")
        value = value.get("$numberLong") if isinstance(value, dict) else value
    number = as_number(value)
    if number is not None:
        return number / 1000  # milliseconds of an export
    try:
        moment = datetime.fromisoformat(str(value))
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError, OSError):
        return NAN


def _link(draft: Draft, documents: Sequence[Document], losses: Losses) -> None:
    rows: dict[str, int] = {}
    for row, document in enumerate(documents):
        for key in (document.get("id"), document.get("_id")):
            if key is not None:
                rows.setdefault(_plain(key), row)
    for row, document in enumerate(documents):
        parent = document.get("parent")
        if parent is None:
            continue
        found = rows.get(_plain(parent), -1)
        if found in (-1, row):
            losses.count("a parent that is no trial of the experiment")
        else:
            draft.trials[row].parent = found


def _add_looks(draft: Draft, fidelities: Sequence[float], *, is_population: bool) -> None:
    """Add one evaluation a completed trial: at its rung, or at the end of its generation."""
    levels = sorted({f for f in fidelities if not math.isnan(f)})
    went_on = {trial.parent for trial in draft.trials}
    went_on |= _repeated(draft, fidelities)
    for row, trial in enumerate(draft.trials):
        level = levels.index(fidelities[row]) if fidelities[row] in levels else -1
        trial.bracket = level if is_population else -1
        if trial.state is not TrialState.COMPLETE:
            continue
        outcome = Outcome.FINAL
        if -1 < level < len(levels) - 1:
            on = Outcome.SURVIVED if is_population else Outcome.PROMOTED
            outcome = on if row in went_on else Outcome.DISCARDED
        value = trial.objectives[0] if trial.objectives else NAN
        look = Look(row, value, outcome, resource=fidelities[row], time=trial.ended)
        if is_population:
            look.iteration = level
        elif len(levels) > 1:
            look.rung = level
        draft.looks.append(look)
    by_time(draft.looks)


def _repeated(draft: Draft, fidelities: Sequence[float]) -> set[int]:
    """Return the trials whose parameters were run again with more: promoted without a link."""
    best: dict[str, float] = {}
    keys = [str(sorted(t.params.items(), key=str)) for t in draft.trials]
    for key, fidelity in zip(keys, fidelities, strict=True):
        if not math.isnan(fidelity):
            best[key] = max(best.get(key, fidelity), fidelity)
    return {
        row
        for row, (key, fidelity) in enumerate(zip(keys, fidelities, strict=True))
        if best.get(key, fidelity) > fidelity
    }


def _method(experiment: Document) -> Method:
    described: dict[str, Any] = {}
    for name in ("algorithm", "algorithms"):
        described = described or _part(experiment, name)
    if not described:
        text = experiment.get("algorithm") or experiment.get("algorithms")
        return Method(brief(text, 60)) if isinstance(text, str) and text else Method()
    settings: dict[str, Any] = {}
    names = []
    for key, value in described.items():
        first, _, rest = key.partition(".")
        names.append(first)
        if rest:
            settings[rest] = value
        else:
            settings |= as_dict(value)
    if "of_type" in settings and names == ["of_type"]:
        names = [str(settings["of_type"])]
    return Method(clean(names[0].lower()), settings)
