"""CHOPT: a session as one JSON object, its configuration and the models it trained.

The configuration is the one CHOPT takes (`h_params`, `measure`, `order`, `tune`); the models
stand under `sessions`, `models` or `trials`.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from typing import Any

from hypertendril.errors import SpaceError
from hypertendril.model import (
    Choice,
    Condition,
    Direction,
    Method,
    Objective,
    Parameter,
    ParameterKind,
    SearchSpace,
    TrialState,
)
from hypertendril.readers.about import About, Tested
from hypertendril.readers.drafts.directions import direction_of
from hypertendril.readers.drafts.draft import NAN
from hypertendril.readers.drafts.nested_names import flat
from hypertendril.readers.files.json_text import as_choice, as_number, brief, clean
from hypertendril.readers.files.times import posix
from hypertendril.readers.folders import as_dict, as_list, json_as_far_as_it_goes
from hypertendril.readers.losses import Losses
from hypertendril.readers.result import ReadStudy, Rereading, Tail
from hypertendril.readers.source import Source
from hypertendril.readers.trackers.tracked import Known, TrackedRun, study_of

LISTS = ("sessions", "models", "trials", "nsml_sessions")
IDS = ("session_id", "model_id", "id", "session", "name")
PARENTS = ("parent", "parent_id", "parent_session", "exploited_from")
PARAMS = ("h_params", "hparams", "params", "parameters", "hyperparameters")
HISTORY = ("history", "events", "results", "log")
STEPS = ("step", "epoch", "iteration")
_STATES = {
    "waiting": TrialState.WAITING,
    "live": TrialState.RUNNING,
    "running": TrialState.RUNNING,
    "done": TrialState.COMPLETE,
    "finished": TrialState.COMPLETE,
    "completed": TrialState.COMPLETE,
    "stop": TrialState.PRUNED,
    "stopped": TrialState.PRUNED,
    "dead": TrialState.PRUNED,
    "exploited": TrialState.PRUNED,
    "failed": TrialState.FAILED,
    "error": TrialState.FAILED,
}


class Chopt:
    """Reads session files."""

    name = "chopt"
    about = About(
        title="CHOPT",
        source="session as JSON (`h_params`, `measure`, and models with `history`)",
        kept="space with conditions, order, tuner, parents, curves",
        lost="names of the keys of models differ between releases; the usual ones are known",
        tested=Tested.SCHEMA,
        logs="",
    )

    def detects(self, source: Source) -> bool:
        """Return whether it is a JSON object with CHOPT's configuration."""
        if source.path is None or source.is_folder:
            return False
        head = source.head()
        is_object = head.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] == b"{"
        return is_object and b'"h_params"' in head and b'"measure"' in head

    def read(self, source: Source) -> tuple[ReadStudy, ...]:
        """Return the study of the session.

        Raises:
            SourceFormatError: It can't be read, or is no object.
        """
        losses = Losses(source.shown)
        data = as_dict(json_as_far_as_it_goes(source.file, losses))
        config = as_dict(data.get("config")) or data
        if not data:
            raise source.error("holds no session of CHOPT.")
        measure = clean(str(config.get("measure") or "measure"))
        runs = [_run(item, measure, i) for i, item in enumerate(_models(data))]
        tune = as_dict(config.get("tune"))
        method = Method(clean(" + ".join(map(str, tune)) or "random"), tune)
        space = _space(config, losses)
        known = Known((_objective(measure, config, losses),), space, method)
        name = clean(str(data.get("name") or config.get("name") or source.file.stem))
        return (study_of(runs, name, self.name, losses, known, source.shown),)

    def change_token(self, source: Source) -> Hashable:
        """Return what the file system says of the file."""
        return source.stat_token()

    def follow(self, source: Source) -> Tail:
        """Return a tail that reads the file again."""
        return Rereading(self, source)


def _first(item: Mapping[str, Any], names: Sequence[str]) -> Any:
    return next((item[name] for name in names if item.get(name) is not None), None)


def _models(data: Mapping[str, Any]) -> list[dict[str, Any]]:
    stored = _first(data, LISTS)
    if isinstance(stored, dict):
        return [{"session_id": key} | as_dict(item) for key, item in stored.items()]
    return [as_dict(item) for item in as_list(stored)]


def _objective(measure: str, config: Mapping[str, Any], losses: Losses) -> Objective:
    order = str(config.get("order") or "").lower()
    if order.startswith("desc"):
        return Objective(measure, Direction.MAXIMIZE)
    if order.startswith("asc"):
        return Objective(measure, Direction.MINIMIZE)
    direction, _ = direction_of(measure)
    losses.guess(f"the direction of {measure!r} is not recorded; {direction} is assumed")
    return Objective(measure, direction)


def _run(item: Mapping[str, Any], measure: str, position: int) -> TrackedRun:
    key, parent = _first(item, IDS), _first(item, PARENTS)
    run = TrackedRun(clean(str(position if key is None else key)))
    run.parent = None if parent is None else clean(str(parent))
    run.params = flat(as_dict(_first(item, PARAMS)))
    run.started, run.ended = (_moment(item.get(n)) for n in ("start_time", "end_time"))
    points: dict[str, list[tuple[float, float]]] = {}
    for at, record in enumerate(map(as_dict, as_list(_first(item, HISTORY)))):
        step = as_number(_first(record, STEPS))
        for name, value in flat(record).items():
            number = as_number(value)
            if number is not None and name not in STEPS:
                points.setdefault(name, []).append((at if step is None else step, number))
    for name, of_name in points.items():
        run.add_points(name, of_name)
    reached = as_number(item.get(measure))
    if reached is not None:
        run.metrics[measure] = reached
    state = str(_first(item, ("status", "state", "pool")) or "").lower()
    guessed = TrialState.COMPLETE if measure in run.metrics else TrialState.WAITING
    run.state = _STATES.get(state, guessed)
    return run


def _moment(value: Any) -> float:
    number = as_number(value)
    return posix(value) if number is None and isinstance(value, str) else (number or NAN)


def _space(config: Mapping[str, Any], losses: Losses) -> SearchSpace:
    conditions = {
        clean(str(child)): Condition(clean(str(parent)), tuple(map(as_choice, as_list(values))))
        for child, told in as_dict(config.get("h_params_conditions")).items()
        for parent, values in as_dict(told).items()
    }
    found = []
    for key, item in as_dict(config.get("h_params")).items():
        try:
            name = clean(key)
            found.append(_parameter(name, as_dict(item), conditions.get(name)))
        except SpaceError as error:
            losses.add(f"h_params: {brief(error, 200)}")
    return SearchSpace(tuple(found))


def _parameter(name: str, item: Mapping[str, Any], condition: Condition | None) -> Parameter:
    values = as_list(item.get("parameters"))
    distribution = str(item.get("distribution") or "")
    if distribution in ("categorical", "choice") or not all(
        as_number(v) is not None for v in values
    ):
        choices: tuple[Choice, ...] = tuple(dict.fromkeys(map(as_choice, values)))
        return Parameter(name, ParameterKind.CATEGORICAL, choices=choices, condition=condition)
    bounds = [
        n for v in (as_list(item.get("p_range")) or values) if (n := as_number(v)) is not None
    ]
    if len(bounds) < 2:
        raise SpaceError(f"Parameter {name!r} has no range of two numbers.")
    is_int = str(item.get("type")).startswith("int")
    kind = ParameterKind.INT if is_int else ParameterKind.FLOAT
    is_log = "log" in distribution and min(bounds) > 0
    return Parameter(name, kind, min(bounds), max(bounds), log=is_log, condition=condition)
