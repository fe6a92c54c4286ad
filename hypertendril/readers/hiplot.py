"""HiPlot: an experiment as JSON, or a CSV table with the columns `uid` and `from_uid`."""

from __future__ import annotations

import re
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from hypertendril.errors import SpaceError
from hypertendril.model import Objective, Parameter, ParameterKind, SearchSpace
from hypertendril.readers.about import About, Tested
from hypertendril.readers.drafts.directions import direction_of, rank_of
from hypertendril.readers.drafts.inferred import infer_parameter
from hypertendril.readers.drafts.typed_text import typed
from hypertendril.readers.files.csv_rows import csv_rows
from hypertendril.readers.files.json_text import as_choice, as_number, clean
from hypertendril.readers.folders import as_dict, as_list, json_as_far_as_it_goes, small_enough
from hypertendril.readers.losses import Losses
from hypertendril.readers.result import ReadStudy, Rereading, Tail
from hypertendril.readers.source import Source
from hypertendril.readers.trackers.tracked import Known, TrackedRun, guess_objective, study_of

UID, FROM = "uid", "from_uid"
_COUNTER = re.compile(
    r"(?:.*[_/ ])?(?:epochs?|steps?|iter(?:ation)?s?|generation|time)(?:[_/ ].*)?"
)


@dataclass
class _Points:
    """All datapoints, and what the experiment says of their columns."""

    runs: list[TrackedRun] = field(default_factory=list)
    kinds: Mapping[str, str] = field(default_factory=dict)
    goal: str = ""


class HiPlot:
    """Reads both forms; each datapoint is a trial, `from_uid` its parent."""

    name = "hiplot"
    about = About(
        title="HiPlot",
        source="JSON or CSV with `uid`",
        kept="`from_uid` as lineage, types and log scales, axis of the plot as objective",
        lost="which columns are metrics is guessed by name",
        tested=Tested.REAL,
        logs="0.1.33, both forms",
    )

    def detects(self, source: Source) -> bool:
        """Return whether it has datapoints with HiPlot's ids."""
        if source.path is None or source.is_folder:
            return False
        head = source.head()
        if head.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] == b"{":
            return b'"datapoints"' in head and b'"uid"' in head
        first = head.partition(b"\n")[0].decode("utf-8-sig", "replace").strip()
        return {UID, FROM} <= {name.strip().strip('"') for name in first.split(",")}

    def read(self, source: Source) -> tuple[ReadStudy, ...]:
        """Return the study of the experiment.

        Raises:
            SourceFormatError: It can't be read, or there are no datapoints.
        """
        losses = Losses(source.shown)
        is_json = source.head().lstrip(b"\xef\xbb\xbf \t\r\n")[:1] == b"{"
        points = _of_json(source, losses) if is_json else _of_csv(source, losses)
        objective = _split(points, losses)
        known = Known((objective,), _space(points))
        name = source.file.name.partition(".")[0]
        found = study_of(points.runs, name, self.name, losses, known, source.shown)
        return (found,)

    def change_token(self, source: Source) -> Hashable:
        """Return what the file system says of the file."""
        return source.stat_token()

    def follow(self, source: Source) -> Tail:
        """Return a tail that reads the file again."""
        return Rereading(self, source)


def _of_json(source: Source, losses: Losses) -> _Points:
    data = as_dict(json_as_far_as_it_goes(source.file, losses))
    if not isinstance(data.get("datapoints"), list):
        raise source.error("holds no list of datapoints.", field="datapoints")
    found = _Points()
    for item in map(as_dict, as_list(data["datapoints"])):
        if not isinstance(item.get("values"), dict):
            losses.count("a datapoint without values")
            continue
        uid, parent = item.get(UID), item.get(FROM)
        run = TrackedRun(str(uid), {clean(k): v for k, v in item["values"].items()})
        run.parent = None if parent in (None, "") else str(parent)
        found.runs.append(run)
    definitions = as_dict(data.get("parameters_definition"))
    found.kinds = {clean(k): str(as_dict(v).get("type") or "") for k, v in definitions.items()}
    plot = as_dict(as_dict(data.get("display_data")).get("XY"))
    found.goal = str(plot.get("axis_y") or data.get("colorby") or "")
    return found


def _of_csv(source: Source, losses: Losses) -> _Points:
    names, rows = csv_rows(small_enough(source.file), losses)
    if not {UID, FROM} <= set(names):
        raise source.error("has no columns uid and from_uid any more.", line=1)
    found = _Points()
    for row in rows:
        uid, parent = row.pop(UID), row.pop(FROM)
        values = {k: typed(v) for k, v in row.items() if v != ""}
        found.runs.append(TrackedRun(uid, values, parent=parent or None))
    return found


def _split(points: _Points, losses: Losses) -> Objective:
    """Move what is measured from the parameters to the metrics; return the likeliest goal.

    HiPlot does not tell one from the other: a number is a metric by its name, or as the vertical
    axis of the plot.
    """
    numeric: dict[str, bool] = {}
    for run in points.runs:
        for name, value in run.params.items():
            is_number = value is None or as_number(value) is not None
            numeric[name] = numeric.get(name, True) and is_number
    measured = [name for name, is_number in numeric.items() if is_number and rank_of(name) < 3]
    if numeric.get(points.goal):
        measured.append(points.goal)
    counted = [n for n, is_number in numeric.items() if is_number and _COUNTER.fullmatch(n.lower())]
    for run in points.runs:
        for name in dict.fromkeys((*measured, *counted)):
            value = run.params.pop(name, None)
            if value is not None:
                run.metrics[name] = value
    losses.guess(
        "which columns are parameters is not recorded; "
        f"metrics are taken to be: {', '.join(dict.fromkeys((*measured, *counted))) or 'none'}"
    )
    if numeric.get(points.goal):
        direction, _ = direction_of(points.goal)
        losses.guess(f"the direction of {points.goal!r} is not recorded; {direction} is assumed")
        return Objective(points.goal, direction)
    return guess_objective(points.runs, losses)


def _space(points: _Points) -> SearchSpace:
    """Return the parameters whose type or scale the experiment defines."""
    found = []
    for name, kind in points.kinds.items():
        values = [as_choice(r.params[name]) for r in points.runs if name in r.params]
        try:
            parameter = _defined(name, kind, values)
        except SpaceError:
            continue
        if parameter is not None:
            found.append(parameter)
    return SearchSpace(tuple(found))


def _defined(name: str, kind: str, values: Sequence[Any]) -> Parameter | None:
    if not values or not kind:
        return None
    if kind == "categorical":
        texts = {(isinstance(v, bool), v): v for v in values}
        return Parameter(name, ParameterKind.CATEGORICAL, choices=tuple(texts.values()))
    told = infer_parameter(name, values)
    if told is None or told.low is None or told.low <= 0 or kind != "numericlog":
        return None
    return Parameter(name, told.kind, told.low, told.high, log=True)
