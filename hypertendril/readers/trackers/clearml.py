"""ClearML in offline mode: a folder a task with task.json and metrics.jsonl, several side by side.

Each line of `metrics.jsonl` is a list of events. A task that was closed is left as a zip archive,
which has to be unpacked.
"""

from __future__ import annotations

from collections.abc import Mapping
from operator import itemgetter
from pathlib import Path
from typing import Any

from hypertendril.model import TrialState
from hypertendril.readers.about import About, Tested
from hypertendril.readers.drafts.draft import NAN
from hypertendril.readers.drafts.state_words import state_of
from hypertendril.readers.drafts.typed_text import typed
from hypertendril.readers.files.json_lines import read_records
from hypertendril.readers.files.json_text import as_number, clean
from hypertendril.readers.folders import (
    as_dict,
    head_of,
    json_as_far_as_it_goes,
)
from hypertendril.readers.losses import Losses
from hypertendril.readers.trackers.tracked import TrackedRun
from hypertendril.readers.trackers.tracked_folders import TrackedFolders

TASK, METRICS = "task.json", "metrics.jsonl"
PLAIN_SECTIONS = ("General", "Args")  # parameters of others keep the name of their section
SINGLE = ("Summary", -(1 << 31))  # metric and iteration of a value that has no curve
SCALARS = ("training_stats_scalar", "plot_scalar")

Points = dict[str, list[tuple[float, float]]]


class ClearMl(TrackedFolders):
    """Reads folders of offline tasks, and one alone, with a study for each project."""

    name = "clearml"
    about = About(
        title="ClearML offline",
        source="folder of offline tasks, or one of them, unpacked",
        kept="hyperparameters, scalars as curves, single values, times, project (a study each)",
        lost="objective guessed; whether a task has failed; plots, images, console, models",
        tested=Tested.REAL,
        logs="2.1.12",
    )

    tracker = "ClearML"
    run_word = "task"
    watches = (TASK, METRICS)

    def is_run(self, folder: Path) -> bool:
        """Return whether a folder holds the description of a task."""
        head = head_of(folder / TASK)
        return b'"offline_folder"' in head or (b'"hyperparams"' in head and b'"script"' in head)

    def read_run(self, folder: Path, losses: Losses) -> tuple[str, TrackedRun]:
        """Return the project of a task, and the task."""
        task = as_dict(json_as_far_as_it_goes(folder / TASK, losses))
        return clean(str(task.get("project_name") or "")), _run(folder, task, losses)


def _run(folder: Path, task: Mapping[str, Any], losses: Losses) -> TrackedRun:
    run = TrackedRun(clean(str(task.get("name") or folder.name)))
    run.state = state_of(str(task.get("status", ""))) or TrialState.COMPLETE
    for section, items in as_dict(task.get("hyperparams")).items():
        prefix = "" if section in PLAIN_SECTIONS else f"{section}/"
        for name, item in as_dict(items).items():
            run.params[clean(f"{prefix}{name}")] = _value(as_dict(item))
    points, times = _events(folder / METRICS, losses)
    for name, pairs in points.items():
        run.add_points(name, sorted(pairs, key=itemgetter(0)))
    run.started, run.ended = (min(times), max(times)) if times else (NAN, NAN)
    return run


def _value(item: Mapping[str, Any]) -> Any:
    """Return a hyperparameter; ClearML keeps each as a text with the name of its type."""
    text = str(item.get("value", ""))
    return text if item.get("type") == "str" else typed(text)


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
