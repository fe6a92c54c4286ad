"""Weights & Biases: folders of runs as the client leaves them, and runs exported as JSON.

Of a run folder the binary log is read where it is there, else `config.yaml`,
`wandb-summary.json` and `wandb-history.jsonl`. Runs of one project and sweep are a study.
"""

from __future__ import annotations

import math
from collections.abc import Hashable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from hypertendril.errors import SourceFormatError
from hypertendril.model import Method, TrialState
from hypertendril.readers.about import About, Tested
from hypertendril.readers.drafts.nested_names import flat
from hypertendril.readers.files.json_lines import read_records
from hypertendril.readers.files.json_text import BadJsonError, as_number, brief, clean, parse
from hypertendril.readers.files.times import posix
from hypertendril.readers.files.yaml_text import BadYamlError, documents
from hypertendril.readers.folders import (
    as_dict,
    as_list,
    entries,
    file_token,
    head_of,
    json_as_far_as_it_goes,
    optional_json,
    small_enough,
    subfolders,
)
from hypertendril.readers.losses import Losses
from hypertendril.readers.progress import each
from hypertendril.readers.result import ReadStudy, Rereading, Tail
from hypertendril.readers.source import Source
from hypertendril.readers.trackers.tracked import Known, TrackedRun, by_start, study_of
from hypertendril.readers.trackers.wandb_log import MAGIC, WandbRun, read_log

SUMMARY, HISTORY, CONFIG = "wandb-summary.json", "wandb-history.jsonl", "config.yaml"
OWN = "_"  # what the client adds: _step, _runtime, _timestamp, _wandb
_STATES = {
    "finished": TrialState.COMPLETE,
    "running": TrialState.RUNNING,
    "pending": TrialState.WAITING,
    "crashed": TrialState.FAILED,
    "failed": TrialState.FAILED,
    "killed": TrialState.FAILED,
    "preempted": TrialState.FAILED,
}
MOST_RUNS = 20_000


class Wandb:
    """Reads all forms."""

    name = "wandb"
    about = About(
        title="Weights & Biases",
        source="`wandb` folder, run folder, `.wandb` file, JSON export of runs",
        kept="configuration, history, summary, exit code, sweep and project (a study each)",
        lost="objective guessed; media, system metrics, parents",
        tested=Tested.REAL,
        logs="offline runs of 0.16.6 and 0.31.0; files and exports made",
    )

    def detects(self, source: Source) -> bool:
        """Return whether it is a run, a folder of runs, a binary log or an export."""
        if source.path is None:
            return False
        if source.is_folder:
            return next(_run_folders(source.file), None) is not None
        return source.head().startswith(MAGIC) or is_export(source.head())

    def read(self, source: Source) -> tuple[ReadStudy, ...]:
        """Return a study for each project and sweep.

        Raises:
            SourceFormatError: It can't be read, or holds no run.
        """
        losses = Losses(source.shown)
        if source.is_folder:
            places = list(_run_folders(source.file))
            found = _joined([_of_folder(place, losses) for place in each(places, "runs")])
        elif source.head().startswith(MAGIC):
            found = [_of_log(source.file, losses)]
        else:
            found = list(_of_export(source, losses))
        if not found:
            raise source.error("holds no run of Weights & Biases.")
        groups: dict[tuple[str, str], list[TrackedRun]] = {}
        for run in found:
            groups.setdefault((run.project, run.sweep), []).append(_tracked(run))
        return tuple(
            _study(project, sweep, runs, source, losses)
            for (project, sweep), runs in groups.items()
        )

    def change_token(self, source: Source) -> Hashable:
        """Return the state of the files of all runs."""
        if not source.is_folder:
            return source.stat_token()
        return tuple(
            file_token(path)
            for place in _run_folders(source.file)
            for path in (
                _log_in(place) or place,
                *(place / "files" / n for n in (SUMMARY, HISTORY)),
            )
        )

    def follow(self, source: Source) -> Tail:
        """Return a tail that reads everything again."""
        return Rereading(self, source)


def _study(
    project: str, sweep: str, runs: list[TrackedRun], source: Source, losses: Losses
) -> ReadStudy:
    own = Losses(source.shown)
    own.extend(losses)
    name = "/".join(filter(None, (project, sweep))) or source.file.name.partition(".")[0]
    known = Known(method=Method("sweep") if sweep else None)
    return study_of(by_start(runs), name, "wandb", own, known, source.shown)


def is_export(head: bytes) -> bool:
    """Return whether a file that begins so is JSON of runs, as the program's interface gives them."""
    is_list = head.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] in (b"[", b"{")
    has_results = b'"summary"' in head or b'"summaryMetrics"' in head
    is_theirs = any(key in head for key in (b'"state"', b'"history"', b'"_runtime"', b'"_step"'))
    return is_list and b'"config"' in head and has_results and is_theirs


def _run_folders(folder: Path) -> Iterator[Path]:
    """Yield the folders of runs: the folder itself, those in it, or those in its `wandb`."""
    if _is_run(folder):
        yield folder
        return
    inside = folder / "wandb" if (folder / "wandb").is_dir() else folder
    for count, place in enumerate(subfolders(inside)):
        if count >= MOST_RUNS:
            return
        if _is_run(place):
            yield place


def _joined(runs: Iterable[WandbRun]) -> list[WandbRun]:
    """Return each run once: a resumed one has several logs, and `latest-run` may be a copy of one."""
    whole: dict[tuple[str, str], WandbRun] = {}
    for run in sorted(runs, key=lambda r: (math.isnan(r.started), r.started)):
        before = whole.setdefault((run.project, run.run_id or str(len(whole))), run)
        if before is not run and before.history != run.history:
            before.history += run.history
            before.config |= run.config
            before.summary |= run.summary
            before.exit_code = run.exit_code
    return list(whole.values())


def _is_run(place: Path) -> bool:
    return (place / "files" / SUMMARY).is_file() or _log_in(place) is not None


def _log_in(place: Path) -> Path | None:
    for entry in entries(place):
        if entry.name.endswith(".wandb") and head_of(Path(entry.path), 4) == MAGIC:
            return Path(entry.path)
    return None


def _of_folder(place: Path, losses: Losses) -> WandbRun:
    path = _log_in(place)
    if path is not None:
        return _of_log(path, losses)
    run = WandbRun(run_id=place.name.rpartition("-")[2], exit_code=0)
    files = place / "files"
    run.summary = as_dict(optional_json(files / SUMMARY, losses))
    run.config = _config(files / CONFIG, losses)
    if (files / HISTORY).is_file():
        try:
            for i, (_, record) in enumerate(read_records(files / HISTORY, losses)):
                step = as_number(record.get("_step"))
                run.history.append((float(i) if step is None else step, record))
        except OSError as error:
            losses.add(f"{HISTORY} can't be read ({error.strerror})")
    state = as_dict(optional_json(files / "wandb-metadata.json", losses)).get("state")
    run.exit_code = None if state == "running" else 1 if state in ("failed", "crashed") else 0
    return run


def _config(path: Path, losses: Losses) -> dict[str, Any]:
    """Return the configuration: each key of the file holds a `value` and a `desc`."""
    if not path.is_file():
        return {}
    try:
        found = documents(small_enough(path))
    except (BadYamlError, SourceFormatError) as error:
        losses.add(f"{path.name} was left out: {error}", error.line)
        return {}
    items = as_dict(found[0] if found else None)
    return {clean(str(key)): as_dict(item).get("value", item) for key, item in items.items()}


def _of_log(path: Path, losses: Losses) -> WandbRun:
    try:
        run = read_log(path, losses)
    except OSError as error:
        losses.add(f"{path.name} can't be read ({error.strerror})")
        run = WandbRun()
    run.run_id = run.run_id or path.name.removeprefix("run-").removesuffix(".wandb")
    return run


def _of_export(source: Source, losses: Losses) -> Iterator[WandbRun]:
    """Yield the runs of a JSON export: a list of runs, or an object with that list."""
    data = json_as_far_as_it_goes(source.file, losses)
    items = data if isinstance(data, list) else as_list(as_dict(data).get("runs")) or [data]
    for item in map(as_dict, items):
        if "config" not in item:
            losses.count("an element that is no run")
            continue
        yield _exported(item, losses)


def _exported(item: Mapping[str, Any], losses: Losses) -> WandbRun:
    run = WandbRun(clean(str(item.get("id") or item.get("run_id") or item.get("name") or "")))
    run.name = clean(str(item.get("display_name") or item.get("displayName") or ""))
    run.project = clean(str(item.get("project") or ""))
    sweep = item.get("sweep") or item.get("sweepName") or ""
    run.sweep = clean(
        str(as_dict(sweep).get("id") or "") if isinstance(sweep, dict) else str(sweep)
    )
    config = _object(item.get("config"), losses)
    run.config = {
        clean(k): v["value"] if isinstance(v, dict) and set(v) <= {"value", "desc"} and v else v
        for k, v in config.items()
    }
    run.summary = _object(item.get("summary") or item.get("summaryMetrics"), losses)
    for i, record in enumerate(map(as_dict, as_list(item.get("history")))):
        step = as_number(record.get("_step"))
        run.history.append((float(i) if step is None else step, record))
    state = str(item.get("state") or "finished")
    if state not in _STATES:
        losses.count(f"the state {brief(state, 40)!r} is unknown; finished is assumed")
    run.exit_code = {TrialState.COMPLETE: 0, TrialState.FAILED: 1}.get(
        _STATES.get(state, TrialState.COMPLETE)
    )
    run.started = posix(item.get("created_at") or item.get("createdAt"))
    return run


def _object(value: Any, losses: Losses) -> dict[str, Any]:
    """Return an object that may be written as JSON inside a text."""
    if not isinstance(value, str):
        return as_dict(value)
    try:
        return as_dict(parse(value))
    except BadJsonError as error:
        losses.count(f"a configuration or summary that is {error.reason}")
        return {}


def _tracked(run: WandbRun) -> TrackedRun:
    found = TrackedRun(run.run_id or "run", started=run.started)
    found.params = {k: v for k, v in flat(run.config).items() if not k.startswith(OWN)}
    found.state = TrialState.RUNNING if run.exit_code is None else TrialState.COMPLETE
    if run.exit_code:
        found.state, found.note = TrialState.FAILED, f"exit code {run.exit_code}"
    for name, points in _points(run).items():
        found.add_points(name, points)
    found.metrics |= _numbers(run.summary)
    _set_times(found, run)
    return found


def _points(run: WandbRun) -> dict[str, list[tuple[float, float]]]:
    points: dict[str, list[tuple[float, float]]] = {}
    for step, values in run.history:
        for name, number in _numbers(values).items():
            points.setdefault(name, []).append((step, number))
    return points


def _numbers(values: Mapping[str, Any]) -> dict[str, float]:
    """Return the numbers the owner recorded, nested names joined."""
    found = {}
    for name, value in flat(values).items():
        number = _number(value)
        if number is not None and not name.startswith(OWN):
            found[name] = number
    return found


def _set_times(found: TrackedRun, run: WandbRun) -> None:
    now, spent = as_number(run.summary.get("_timestamp")), as_number(run.summary.get("_runtime"))
    if now is not None:
        found.ended = now
        if math.isnan(found.started) and spent is not None:
            found.started = now - spent
    elif spent is not None:
        found.ended = found.started + spent


def _number(value: Any) -> float | None:
    """Return a number; W&B writes infinities and NaN as texts."""
    if isinstance(value, str) and value in ("NaN", "Infinity", "-Infinity"):
        return float(value)
    return as_number(value)
