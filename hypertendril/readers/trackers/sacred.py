"""Sacred: the folders its FileStorageObserver writes, one a run, below one folder.

`run.json` tells how the run ended, `config.json` its configuration, `metrics.json` its curves.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from operator import itemgetter
from pathlib import Path
from typing import Any

from hypertendril.errors import SourceFormatError
from hypertendril.model import TrialState
from hypertendril.readers.about import About, Tested
from hypertendril.readers.drafts.draft import NAN
from hypertendril.readers.drafts.nested_names import flat
from hypertendril.readers.files.json_text import as_number, clean, last_line
from hypertendril.readers.files.times import posix
from hypertendril.readers.folders import (
    as_dict,
    as_list,
    head_of,
    json_as_far_as_it_goes,
)
from hypertendril.readers.losses import Losses
from hypertendril.readers.source import Source
from hypertendril.readers.trackers.tracked import TrackedRun
from hypertendril.readers.trackers.tracked_folders import TrackedFolders

RUN, CONFIG, METRICS = "run.json", "config.json", "metrics.json"
SEED = "seed"  # drawn anew for each run: no parameter that was searched
_STATES = {
    "QUEUED": TrialState.WAITING,
    "RUNNING": TrialState.RUNNING,
    "COMPLETED": TrialState.COMPLETE,
}  # all others ended it: FAILED, INTERRUPTED, TIMEOUT and words of the owner's


class Sacred(TrackedFolders):
    """Reads folders of runs, and a run alone, with a study for each experiment."""

    name = "sacred"
    about = About(
        title="Sacred",
        source="folder of a `FileStorageObserver`, or one run of it",
        kept="configuration, result, metrics as curves, states, times, the end of a traceback",
        lost="objective guessed; `info`, artifacts, sources, captured output",
        tested=Tested.REAL,
        logs="0.8.7: nested configurations, failures, NaN",
    )

    tracker = "Sacred"
    watches = (RUN, CONFIG, METRICS)

    def is_run(self, folder: Path) -> bool:
        """Return whether a folder holds the description of a run."""
        head = head_of(folder / RUN)
        return all(word in head for word in (b'"experiment"', b'"heartbeat"', b'"command"'))

    def read_run(self, folder: Path, losses: Losses) -> tuple[str, TrackedRun]:
        """Return the experiment of a run, and the run."""
        stored = _stored(folder / RUN, losses)
        name = as_dict(stored.get("experiment")).get("name")
        return clean(str(name or "")), _run(folder, stored, losses)


def _stored(path: Path, losses: Losses) -> dict[str, Any]:
    found = json_as_far_as_it_goes(path, losses)
    if not isinstance(found, dict):
        raise Source(path=path).error("is no description of a run.")
    return found


def _run(folder: Path, stored: Mapping[str, Any], losses: Losses) -> TrackedRun:
    run = TrackedRun(folder.name)
    status = str(stored.get("status", "RUNNING"))
    run.state = _STATES.get(status, TrialState.FAILED)
    if run.state is TrialState.FAILED:
        trace = "".join(line for line in as_list(stored.get("fail_trace")) if isinstance(line, str))
        run.note = last_line(trace) or status.lower()
    run.started, run.ended = (_moment(stored.get(key)) for key in ("start_time", "stop_time"))
    config = _flat(as_dict(_beside(folder / CONFIG, losses)))
    run.params = {clean(name): value for name, value in config.items() if name != SEED}
    run.metrics = _numbers("result", stored.get("result"))
    for name, points in as_dict(_beside(folder / METRICS, losses)).items():
        _add_metric(run, clean(name), as_dict(points))
    return run


def _beside(path: Path, losses: Losses) -> Any:
    """Return the JSON value of a file that a run may lack, as far as it goes."""
    if not path.is_file():
        return None
    try:
        return json_as_far_as_it_goes(path, losses)
    except SourceFormatError as error:
        losses.add(f"{path.parent.name}/{path.name} was left out: {error}", error.line)
        return None


def _moment(text: Any) -> float:
    """Return POSIX seconds of a time, which Sacred writes in UTC and without saying so."""
    return posix(f"{text}+00:00") if isinstance(text, str) else NAN


def _flat(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return nested values with one name a leaf, without the words Sacred puts into its JSON.

    A number of numpy is an object with `dtype` and `value`, a tuple one with `py/tuple`.
    """
    found = flat(values)
    plain = {}
    for name, value in found.items():
        above, _, last = name.rpartition("/")
        if last == "dtype" and f"{above}/value" in found:
            continue
        is_number = last == "value" and f"{above}/dtype" in found
        plain[above if is_number else name.removesuffix("/py/tuple")] = value
    return plain


def _numbers(name: str, value: Any) -> dict[str, float]:
    """Return the numbers of what a run returned: one, or some by name."""
    numbers = {key: as_number(item) for key, item in _flat({name: value}).items()}
    return {
        clean(key.removeprefix(f"{name}/")): number
        for key, number in numbers.items()
        if number is not None
    }


def _number(value: Any) -> float | None:
    return as_number(value.get("value") if isinstance(value, dict) else value)


def _add_metric(run: TrackedRun, name: str, points: Mapping[str, Any]) -> None:
    values = [_number(value) for value in as_list(points.get("values"))]
    steps = [as_number(step) for step in as_list(points.get("steps"))]
    pairs = [
        (step, math.nan if value is None else value)
        for step, value in zip(steps, values, strict=False)
        if step is not None
    ]
    run.add_points(name, sorted(pairs, key=itemgetter(0)))
