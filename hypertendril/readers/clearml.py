"""ClearML in offline mode: a folder a task with task.json and metrics.jsonl, several side by side.

Each line of `metrics.jsonl` is a list of events. A task that was closed is left as a zip archive,
which has to be unpacked.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping
from pathlib import Path
from typing import Any

from hypertendril.errors import SourceFormatError
from hypertendril.model import TrialState
from hypertendril.readers.about import About, Tested
from hypertendril.readers.draft import NAN
from hypertendril.readers.folders import (
    as_dict,
    common_name,
    file_token,
    head_of,
    json_as_far_as_it_goes,
    shown_as,
    subfolders,
)
from hypertendril.readers.json_lines import read_records
from hypertendril.readers.json_text import as_number, clean
from hypertendril.readers.losses import Losses
from hypertendril.readers.progress import each
from hypertendril.readers.result import ReadStudy, Rereading, Tail
from hypertendril.readers.source import Source
from hypertendril.readers.state_words import state_of
from hypertendril.readers.syne_space import typed
from hypertendril.readers.tracked import TrackedRun, by_start, curve_of, study_of

TASK, METRICS = "task.json", "metrics.jsonl"
PLAIN_SECTIONS = ("General", "Args")  # parameters of others keep the name of their section
SINGLE = ("Summary", -(1 << 31))  # metric and iteration of a value that has no curve
SCALARS = ("training_stats_scalar", "plot_scalar")

Points = dict[str, list[tuple[float, float]]]


class ClearMl:
    """Reads folders of offline tasks, and one alone."""

    name = "clearml"
    about = About(
        title="ClearML offline",
        source="folder of offline tasks, or one of them, unpacked",
        kept="hyperparameters, scalars as curves, single values, times, project (a study each)",
        lost="objective guessed; whether a task has failed; plots, images, console, models",
        tested=Tested.REAL,
        logs="2.1.12",
    )

    def detects(self, source: Source) -> bool:
        """Return whether it is a task, or a folder with one in it."""
        if source.path is None or not source.is_folder:
            return False
        return next(_task_folders(source.file), None) is not None

    def read(self, source: Source) -> tuple[ReadStudy, ...]:
        """Return a study for each project.

        Raises:
            SourceFormatError: It holds no task that can be read.
        """
        losses = Losses(source.shown)
        projects: dict[str, list[TrackedRun]] = {}
        for folder in each(list(_task_folders(source.file)), "tasks"):
            try:
                task = as_dict(json_as_far_as_it_goes(folder / TASK, losses))
                run = _run(folder, task, losses)
            except SourceFormatError as error:
                losses.add(f"{folder.name} was left out: {error}", error.line)
                continue
            name = clean(str(task.get("project_name") or "")) or common_name(source.file)
            projects.setdefault(name, []).append(run)
        if not projects:
            raise source.error("holds no task of ClearML that can be read.")
        return tuple(
            shown_as(study_of(by_start(runs), name, self.name, _own(losses, source)), source)
            for name, runs in projects.items()
        )

    def change_token(self, source: Source) -> Hashable:
        """Return the state of the files of all tasks."""
        places = [
            folder / name for folder in _task_folders(source.file) for name in (TASK, METRICS)
        ]
        return file_token(source.file), tuple(map(file_token, places))

    def follow(self, source: Source) -> Tail:
        """Return a tail that reads everything again."""
        return Rereading(self, source)


def _task_folders(folder: Path) -> Iterator[Path]:
    """Yield the folders of tasks: the folder itself, or those in it."""
    if _is_task(folder):
        yield folder
        return
    yield from (place for place in subfolders(folder) if _is_task(place))


def _is_task(folder: Path) -> bool:
    head = head_of(folder / TASK)
    return b'"offline_folder"' in head or (b'"hyperparams"' in head and b'"script"' in head)


def _own(losses: Losses, source: Source) -> Losses:
    own = Losses(source.shown)
    own.extend(losses)
    return own


def _run(folder: Path, task: Mapping[str, Any], losses: Losses) -> TrackedRun:
    run = TrackedRun(clean(str(task.get("name") or folder.name)))
    run.state = state_of(str(task.get("status", ""))) or TrialState.COMPLETE
    for section, items in as_dict(task.get("hyperparams")).items():
        prefix = "" if section in PLAIN_SECTIONS else f"{section}/"
        for name, item in as_dict(items).items():
            run.params[clean(f"{prefix}{name}")] = _value(as_dict(item))
    points, times = _events(folder / METRICS, losses)
    for name, pairs in points.items():
        pairs.sort(key=lambda pair: pair[0])
        run.metrics[name] = pairs[-1][1]
        curve = curve_of(pairs)
        if curve is not None:
            run.curves[name] = curve
    run.started, run.ended = (min(times), max(times)) if times else (NAN, NAN)
    return run


def _value(item: Mapping[str, Any]) -> Any:
    """Return a hyperparameter; ClearML keeps each as a text with the name of its type."""
    text = str(item.get("value", ""))
    return text if item.get("type") == "str" else typed(text, None)


def _events(path: Path, losses: Losses) -> tuple[Points, list[float]]:
    """Return the points of each scalar, and the times of all in POSIX seconds."""
    points: Points = {}
    times: list[float] = []
    if not path.is_file():
        return points, times
    for _, line in read_records(path, losses, b"[", list):
        for event in map(as_dict, line):
            step, value = as_number(event.get("iter")), as_number(event.get("value"))
            if event.get("type") not in SCALARS or step is None or value is None:
                continue
            metric, variant = (clean(str(event.get(key, ""))) for key in ("metric", "variant"))
            is_single = (metric, step) == SINGLE
            name = variant if is_single or variant == metric else f"{metric}/{variant}"
            points.setdefault(name, []).append((step, value))
            moment = as_number(event.get("timestamp"))
            times += [moment / 1000] if moment is not None else []
    return points, times
