"""Katib: experiments and their trials as `kubectl get ... -o yaml` or `-o json` prints them."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping, Sequence
from typing import Any

from hypertendril.errors import SpaceError
from hypertendril.model import (
    Choice,
    Direction,
    Method,
    Objective,
    Parameter,
    ParameterKind,
    SearchSpace,
    TrialState,
)
from hypertendril.readers.about import About, Tested
from hypertendril.readers.drafts.typed_text import number_in, typed
from hypertendril.readers.files.csv_rows import NO_END
from hypertendril.readers.files.json_text import brief, clean
from hypertendril.readers.files.times import posix
from hypertendril.readers.files.yaml_text import BadYamlError, documents
from hypertendril.readers.folders import as_dict, as_list, json_as_far_as_it_goes, small_enough
from hypertendril.readers.losses import Losses
from hypertendril.readers.result import ReadStudy, Rereading, Tail
from hypertendril.readers.source import Source
from hypertendril.readers.trackers.tracked import Known, TrackedRun, by_start, study_of

MARK = b"kubeflow.org/v1"
EXPERIMENT_LABELS = ("katib.kubeflow.org/experiment", "experiment")
PARENT_LABEL = "pbt.suggestion.katib.kubeflow.org/parent"
LATEST = "latest"  # of a metric, unless the experiment's strategy for it is `max` or `min`
_STATES = {
    "Created": TrialState.WAITING,
    "Pending": TrialState.WAITING,
    "Running": TrialState.RUNNING,
    "Succeeded": TrialState.COMPLETE,
    "EarlyStopped": TrialState.PRUNED,
    "Killed": TrialState.FAILED,
    "Failed": TrialState.FAILED,
    "MetricsUnavailable": TrialState.FAILED,
}

Resource = Mapping[str, Any]


class Katib:
    """Reads exported resources; each experiment is a study."""

    name = "katib"
    about = About(
        title="Katib",
        source="`kubectl get experiment,trials -o yaml` or `json`",
        kept="space, objective, algorithm, conditions of trials, times, parents of PBT",
        lost="one value of a metric is exported: its latest, highest or lowest, as the experiment "
        "says it is to be judged",
        tested=Tested.MADE,
        logs="with the models of its SDK (0.19), after exports others have published; a cluster "
        "does not run here",
    )

    def detects(self, source: Source) -> bool:
        """Return whether the file holds resources of Katib."""
        if source.path is None or source.is_folder:
            return False
        head = source.head()
        kinds = (b"Experiment", b"Trial")
        return MARK in head and b"kind" in head and any(kind in head for kind in kinds)

    def read(self, source: Source) -> tuple[ReadStudy, ...]:
        """Return one study an experiment.

        Raises:
            SourceFormatError: It can't be read, or there is no experiment in it.
        """
        losses = Losses(source.shown)
        resources = list(_resources(_data(source, losses)))
        experiments = {_name(r): r for r in resources if r.get("kind") == "Experiment"}
        trials: dict[str, list[Resource]] = {name: [] for name in experiments}
        for resource in resources:
            if resource.get("kind") == "Trial":
                trials.setdefault(_experiment_of(resource), []).append(resource)
        if not trials:
            raise source.error("holds no experiment and no trial of Katib.")
        return tuple(
            _study(name, experiments.get(name, {}), own, source, losses)
            for name, own in trials.items()
        )

    def change_token(self, source: Source) -> Hashable:
        """Return what the file system says of the file."""
        return source.stat_token()

    def follow(self, source: Source) -> Tail:
        """Return a tail that reads the file again."""
        return Rereading(self, source)


def _data(source: Source, losses: Losses) -> list[Any]:
    if source.head().lstrip(b"\xef\xbb\xbf \t\r\n")[:1] in (b"{", b"["):
        return [json_as_far_as_it_goes(source.file, losses)]
    try:
        text = small_enough(source.file)
        found = documents(text)
    except BadYamlError as error:
        raise source.error(f"is {error.reason}.", line=error.line) from None
    if not text.endswith(b"\n"):  # of nothing else can be seen where YAML was to end
        losses.add(NO_END, text.count(b"\n") + 1)
    return found


def _resources(data: Sequence[Any]) -> Iterator[Resource]:
    """Yield single resources, also out of lists of them."""
    for item in data:
        inner = item if isinstance(item, list) else as_dict(item).get("items")
        if isinstance(inner, list):
            yield from map(as_dict, inner)
        else:
            yield as_dict(item)


def _name(resource: Resource) -> str:
    return clean(str(as_dict(resource.get("metadata")).get("name") or "experiment"))


def _experiment_of(trial: Resource) -> str:
    metadata = as_dict(trial.get("metadata"))
    labels = as_dict(metadata.get("labels"))
    for label in EXPERIMENT_LABELS:
        if labels.get(label):
            return clean(str(labels[label]))
    owners = [as_dict(owner) for owner in as_list(metadata.get("ownerReferences"))]
    named = [o.get("name") for o in owners if o.get("kind") == "Experiment"]
    return clean(str(named[0])) if named else _name(trial).rpartition("-")[0] or "experiment"


def _study(
    name: str,
    experiment: Resource,
    trials: Sequence[Resource],
    source: Source,
    of_file: Losses,
) -> ReadStudy:
    losses = Losses(source.shown)
    losses.extend(of_file)
    spec = as_dict(experiment.get("spec"))
    goal = as_dict(spec.get("objective"))
    if not goal and trials:
        goal = as_dict(as_dict(trials[0].get("spec")).get("objective"))
    listed = map(as_dict, as_list(goal.get("metricStrategies")))
    strategies = {str(item.get("name")): str(item.get("value")) for item in listed}
    runs = by_start(_run(trial, strategies, losses) for trial in trials)
    objectives = []
    if goal.get("objectiveMetricName"):
        is_max = goal.get("type") == "maximize"
        direction = Direction.MAXIMIZE if is_max else Direction.MINIMIZE
        objectives = [Objective(clean(str(goal["objectiveMetricName"])), direction)]
    algorithm = as_dict(spec.get("algorithm"))
    settings = {
        str(as_dict(s).get("name")): as_dict(s).get("value")
        for s in as_list(algorithm.get("algorithmSettings"))
    }
    method = Method(clean(str(algorithm.get("algorithmName") or "unknown")), settings)
    known = Known(objectives, _space(spec, losses), method)
    return study_of(runs, name, "katib", losses, known, source.shown)


def _run(trial: Resource, strategies: Mapping[str, str], losses: Losses) -> TrackedRun:
    status = as_dict(trial.get("status"))
    run = TrackedRun(_name(trial), state=TrialState.WAITING)
    spec = as_dict(trial.get("spec"))
    for item in map(as_dict, as_list(spec.get("parameterAssignments"))):
        value = item.get("value")
        text = typed(value) if isinstance(value, str) else value
        run.params[clean(str(item.get("name")))] = text
    for condition in map(as_dict, as_list(status.get("conditions"))):
        kind = str(condition.get("type"))
        if str(condition.get("status")) != "True":
            continue
        if kind not in _STATES:
            losses.count(f"the condition {brief(kind, 40)!r} is unknown")
            continue
        run.state = _STATES[kind]
        is_bad = run.state is TrialState.FAILED
        run.note = brief(condition.get("message") or kind, 300) if is_bad else None
    for metric in map(as_dict, as_list(as_dict(status.get("observation")).get("metrics"))):
        name = str(metric.get("name"))
        value = metric.get(strategies.get(name, LATEST), metric.get(LATEST, metric.get("value")))
        number = number_in(value)
        if number is not None:
            run.metrics[clean(name)] = number
    run.started, run.ended = posix(status.get("startTime")), posix(status.get("completionTime"))
    parent = as_dict(as_dict(trial.get("metadata")).get("labels")).get(PARENT_LABEL)
    run.parent = clean(str(parent)) if parent else None
    return run


def _space(spec: Resource, losses: Losses) -> SearchSpace:
    found: dict[str, Parameter] = {}
    for item in map(as_dict, as_list(spec.get("parameters"))):
        name = clean(str(item.get("name") or ""))
        try:
            if name:
                found.setdefault(name, _parameter(name, item))
        except (SpaceError, ValueError, TypeError) as error:
            losses.add(f"space: {name!r}: {brief(error, 200)}")
    return SearchSpace(tuple(found.values()))


def _parameter(name: str, item: Resource) -> Parameter:
    feasible = as_dict(item.get("feasibleSpace"))
    kind = str(item.get("parameterType"))
    if kind in ("categorical", "discrete"):
        listed = [typed(str(value)) for value in as_list(feasible.get("list"))]
        choices: tuple[Choice, ...] = tuple(dict.fromkeys(listed))
        is_ordered = kind == "discrete" and len(choices) > 2
        order = ParameterKind.ORDINAL if is_ordered else ParameterKind.CATEGORICAL
        return Parameter(name, order, choices=choices)
    low, high = float(feasible.get("min", "")), float(feasible.get("max", ""))
    step = feasible.get("step")
    is_log = str(feasible.get("distribution", "")).lower().startswith("log") and low > 0
    width = float(step) if step not in (None, "") and not is_log else 0.0
    is_int = kind == "int"
    return Parameter(
        name,
        ParameterKind.INT if is_int else ParameterKind.FLOAT,
        low,
        high,
        log=is_log,
        step=width if width > 0 and not (is_int and width == 1) else None,
    )
