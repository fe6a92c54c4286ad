"""Comet in offline mode: an archive an experiment, with experiment.json and messages.json in it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from hypertendril.readers.about import About, Tested
from hypertendril.readers.drafts.draft import NAN
from hypertendril.readers.drafts.typed_text import number_in
from hypertendril.readers.files.json_lines import read_records
from hypertendril.readers.files.json_text import as_number, clean
from hypertendril.readers.folders import as_dict, head_of, json_as_far_as_it_goes
from hypertendril.readers.losses import Losses
from hypertendril.readers.trackers.tracked import TrackedRun
from hypertendril.readers.trackers.tracked_folders import TrackedFolders

EXPERIMENT, MESSAGES = "experiment.json", "messages.json"
COUNTERS = ("curr_step", "curr_epoch")  # Comet's own, logged as parameters
LEVEL = "|"  # between the names of nested parameters


class Comet(TrackedFolders):
    """Reads folders of offline experiments, and one alone, with a study for each project."""

    name = "comet"
    about = About(
        title="Comet offline",
        source="folder of offline experiments, or one of them, each unpacked in a folder of its own",
        kept="parameters, metrics as curves, names, times, project (a study each)",
        lost="objective guessed; whether an experiment has failed; output, assets, code",
        tested=Tested.REAL,
        logs="3.58.8: nested, listed and missing parameters, contexts, NaN and infinite values",
    )

    tracker = "Comet"
    run_word = "experiment"
    watches = (EXPERIMENT, MESSAGES)

    def is_run(self, folder: Path) -> bool:
        """Return whether a folder holds the description of an offline experiment."""
        return b'"offline_id"' in head_of(folder / EXPERIMENT)

    def read_run(self, folder: Path, losses: Losses) -> tuple[str, TrackedRun]:
        """Return the project of an experiment, and the experiment."""
        about = as_dict(json_as_far_as_it_goes(folder / EXPERIMENT, losses))
        run = TrackedRun(clean(str(about.get("offline_id") or folder.name)))
        run.started, run.ended = (_moment(about.get(k)) for k in ("start_time", "stop_time"))
        points: dict[str, list[tuple[float, float]]] = {}
        if (folder / MESSAGES).is_file():
            for _, message in read_records(folder / MESSAGES, losses):
                _take(run, points, message)
        for name, of_name in points.items():
            run.add_points(name, of_name)
        return clean(str(about.get("project_name") or "")), run


def _moment(value: Any) -> float:
    milliseconds = as_number(value)
    return NAN if milliseconds is None else milliseconds / 1000


def _take(
    run: TrackedRun, points: dict[str, list[tuple[float, float]]], message: Mapping[str, Any]
) -> None:
    """Add what one message says of a parameter, a metric or the name."""
    kind, payload = message.get("type"), as_dict(message.get("payload"))
    if kind == "parameter_msg":
        item = as_dict(payload.get("param") or payload.get("params"))  # the latter of a list
        name = clean(str(item.get("paramName") or "")).replace(LEVEL, "/")
        if name and name not in COUNTERS:
            run.params[name] = item.get("paramValue")
    elif kind == "metric_msg":
        item = as_dict(payload.get("metric"))
        context = [str(payload["context"])] if payload.get("context") else []
        name = clean("/".join((*context, str(item.get("metricName") or ""))))
        value = number_in(item.get("metricValue"))  # infinities and NaN are texts
        of_name = points.setdefault(name, [])
        step = as_number(item.get("step"))
        if value is not None:
            of_name.append((float(len(of_name)) if step is None else step, value))
    elif kind == "log_other" and payload.get("key") == "Name":
        run.key = clean(str(payload.get("value")))
