"""Syne Tune: metadata.json, results.csv.zip and one folder a trial."""

from __future__ import annotations

import io
import math
import zipfile
import zlib
from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from hypertendril.model import Direction, Method, Objective, TrialState
from hypertendril.readers.about import About, Tested
from hypertendril.readers.csv_rows import csv_rows
from hypertendril.readers.directions import direction_of
from hypertendril.readers.draft import NAN, Draft, TrialRow, header_of
from hypertendril.readers.folders import (
    RunFolder,
    as_dict,
    as_list,
    head_of,
    json_file,
    optional_json,
    small_enough,
    subfolders,
)
from hypertendril.readers.json_text import as_number, brief, clean, last_line
from hypertendril.readers.looks import (
    Course,
    by_time,
    closing_look,
    generation_looks,
    generation_of,
    rung_looks,
)
from hypertendril.readers.losses import Losses
from hypertendril.readers.perturbed import parent_of
from hypertendril.readers.result import ReadStudy
from hypertendril.readers.rungs import levels_of
from hypertendril.readers.source import Source
from hypertendril.readers.syne_space import SyneSpace, read_config_space, typed

METADATA = "metadata.json"
ZIPPED = "results.csv.zip"
PLAIN = "results.csv"
TABLES = (ZIPPED, PLAIN)
MOST_TABLE_BYTES = 1 << 30
CONFIG = "config_"
OWN = "st_"
_BAD_ARCHIVE = (zipfile.BadZipFile, zlib.error, OSError, EOFError, ValueError, RuntimeError)
STEPS = ("epoch", "step", "iteration", "training_iteration", "resource")
_METHODS = {
    "FIFOScheduler": "",
    "RandomSearch": "random",
    "GridSearch": "grid",
    "BayesianOptimization": "gp",
    "PopulationBasedTraining": "pbt",
    "BOHB": "bohb",
    "AsyncBOHB": "bohb",
    "ASHA": "asha",
    "HyperbandScheduler": "asha",
    "MOBSTER": "gp + asha",
    "MedianStoppingRule": "median stopping",
}


@dataclass
class SyneTrial:
    """The rows of one trial."""

    trial_id: str
    config: dict[str, Any]
    rows: list[dict[str, str]] = field(default_factory=list)
    folder: Path | None = None


@dataclass(frozen=True)
class Setup:
    """What the metadata says of the experiment."""

    objectives: tuple[Objective, ...]
    space: SyneSpace
    scheduler: str
    options: Mapping[str, Any]
    created: float

    @property
    def is_population(self) -> bool:
        """Whether trials are clones of others."""
        return "population_size" in self.options or "PopulationBased" in self.scheduler

    @property
    def interval(self) -> int:
        """Every how many steps the population is compared."""
        number = as_number(self.options.get("perturbation_interval"))
        return int(number) if number is not None and 1 <= number < 2**31 else 1


class SyneTune(RunFolder):
    """Reads experiment folders of Syne Tune."""

    name = "syne-tune"
    about = About(
        title="Syne Tune",
        source="`metadata.json`, `results.csv.zip`, a folder a trial",
        kept=(
            "space, scheduler, every row, decisions, trials that failed without one; rungs; "
            "generations"
        ),
        lost=(
            "parents of clones are not recorded: told from the configuration, which is the "
            "parent's times 0.8 or 1.2"
        ),
        tested=Tested.REAL,
        logs="0.16: BOHB, population-based training",
    )
    needs = (METADATA,)
    watches = TABLES

    def is_run(self, folder: Path) -> bool:
        """Return whether the metadata is Syne Tune's."""
        head = head_of(folder / METADATA)
        return b'"st_tuner_' in head or (b'"scheduler_name"' in head and b'"metric_' in head)

    def change_token(self, source: Source) -> Hashable:
        """Return the state of the files and of the folder, where trials appear."""
        folder = source.file if source.is_folder else source.file.parent
        return super().change_token(source), Source(path=folder).stat_token()

    def read_run(self, folder: Path) -> tuple[ReadStudy, ...]:
        """Return the study of an experiment."""
        losses = Losses(str(folder))
        setup = _setup(as_dict(json_file(folder / METADATA)), losses)
        trials = _trials(folder, setup, losses)
        draft = Draft(losses, setup.space.space)
        step_name = _step_name(setup, trials)
        levels = _levels(setup, trials, step_name)
        goals = [objective.name for objective in setup.objectives]
        moving = sorted(_moving(trials, step_name), key=lambda name: name not in goals)
        for trial in trials:
            _add(draft, trial, setup, step_name, levels)
            _add_curves(draft, trial, _steps(trial, step_name), moving)
        if setup.is_population:
            _find_parents(draft, trials, losses)
        by_time(draft.looks)
        attributes = {"fixed": dict(setup.space.fixed), "trial_ids": [t.trial_id for t in trials]}
        header = header_of(
            folder.resolve().name, self.name, setup.objectives, _method(setup, levels), attributes
        )
        return (draft.build(header),)


def _setup(data: Mapping[str, Any], losses: Losses) -> Setup:
    named = data.get("metric_names") or data.get("metric") or []
    names = [named] if isinstance(named, str) else [n for n in as_list(named) if isinstance(n, str)]
    modes = data.get("metric_mode") or data.get("mode") or []
    modes = [modes] * len(names) if isinstance(modes, str) else as_list(modes)
    options = as_dict(data.get("scheduler_kwargs"))
    objectives = []
    for i, name in enumerate(names or ["value"]):
        mode = modes[i] if i < len(modes) else None
        if mode not in ("min", "max"):
            minimize = options.get("do_minimize")
            if isinstance(minimize, bool):
                mode = "min" if minimize else "max"
            else:
                guess, _ = direction_of(name)
                mode = guess.value[:3]
                losses.guess(f"the direction of {name!r} is not recorded; {guess} is assumed")
        direction = Direction.MINIMIZE if mode == "min" else Direction.MAXIMIZE
        objectives.append(Objective(clean(name), direction))
    created = as_number(data.get("st_tuner_start_timestamp"))
    return Setup(
        tuple(objectives),
        read_config_space(data.get("config_space"), losses),
        str(data.get("scheduler_name") or ""),
        options,
        NAN if created is None else created,
    )


def _trials(folder: Path, setup: Setup, losses: Losses) -> list[SyneTrial]:
    """Return the trials in the order they were made; those that failed at once have no rows."""
    found: dict[str, SyneTrial] = {}
    names = {p.name: p for p in setup.space.space}
    for row in _rows(folder, losses):
        trial_id = row.get("trial_id", "")
        if trial_id not in found:
            cells = {k.removeprefix(CONFIG): v for k, v in row.items() if k.startswith(CONFIG)}
            config = {name: typed(text, names.get(name)) for name, text in cells.items()}
            config = {k: v for k, v in config.items() if v is not None}
            found[trial_id] = SyneTrial(trial_id, config)
        found[trial_id].rows.append(row)
    for place in subfolders(folder):
        if place.name.isdigit():
            trial = found.setdefault(place.name, SyneTrial(place.name, {}))
            trial.folder = place
            trial.config = as_dict(optional_json(place / "config.json", losses)) or trial.config
    for trial in found.values():
        trial.config = {k: v for k, v in trial.config.items() if k not in setup.space.fixed}
    return sorted(found.values(), key=lambda t: (not t.trial_id.isdigit(), _number(t), t.trial_id))


def _number(trial: SyneTrial) -> int:
    digits = trial.trial_id
    return int(digits) if digits.isdigit() and len(digits) < 18 else 0


def _rows(folder: Path, losses: Losses) -> Iterator[dict[str, str]]:
    path = next((folder / name for name in TABLES if (folder / name).is_file()), None)
    if path is None:
        losses.add(f"{ZIPPED} is not there (yet): no results")
        return
    data = _unzipped(path, losses) if path.name == ZIPPED else small_enough(path)
    yield from csv_rows(data, losses, f"{path.name}: ")[1]


def _unzipped(path: Path, losses: Losses) -> bytes:
    """Return the table; of a damaged archive as much as can be unpacked."""
    found = io.BytesIO()
    try:
        with zipfile.ZipFile(path) as archive:
            name = next((n for n in archive.namelist() if n.endswith(".csv")), None)
            if name is None:
                raise Source(path=path).error("holds no table.")
            with archive.open(name) as file:
                while piece := file.read(1 << 20):
                    found.write(piece)
                    if found.tell() > MOST_TABLE_BYTES:
                        losses.add(f"{path.name}: more than 1 GiB; the rest was left out")
                        break
    except _BAD_ARCHIVE as error:
        losses.add(f"{path.name} is damaged or still being written: {brief(error)}")
    return found.getvalue()


def _step_name(setup: Setup, trials: Sequence[SyneTrial]) -> str | None:
    """Return the column that counts the resource, None where only the order of rows tells."""
    columns = {name for trial in trials for row in trial.rows[:1] for name in row}
    told = setup.options.get("time_attr") or setup.options.get("resource_attr")
    names = (told, *STEPS) if isinstance(told, str) else STEPS
    return next((name for name in names if name in columns), None)


def _steps(trial: SyneTrial, name: str | None) -> list[float]:
    found = []
    for i, row in enumerate(trial.rows):
        step = _float(row.get(name, "")) if name else math.nan
        if math.isnan(step):
            worker = _float(row.get("st_worker_iter", ""))
            step = i + 1 if math.isnan(worker) else worker + 1
        found.append(float(step))
    return found


def _float(text: str) -> float:
    try:
        return float(text)
    except (TypeError, ValueError):
        return math.nan


def _levels(setup: Setup, trials: Sequence[SyneTrial], step_name: str | None) -> Sequence[float]:
    """Return the rungs of a halving scheduler; empty for others."""
    if setup.is_population or "reduction_factor" not in setup.options:
        return ()
    ends = [_steps(t, step_name)[-1] for t in trials if t.rows]
    return levels_of(ends, as_number(setup.options.get("max_t")))


def _state(trial: SyneTrial, last: float, setup: Setup, levels: Sequence[float]) -> TrialState:
    top = as_number(setup.options.get("max_t"))
    decision = trial.rows[-1].get("st_decision", "") if trial.rows else ""
    has_ended = trial.folder is not None and (trial.folder / "end").exists()
    was_stopped = trial.folder is not None and (trial.folder / "stop").exists()
    if not trial.rows:
        return TrialState.FAILED if has_ended or _error(trial) else TrialState.WAITING
    if top is not None and last >= top:
        return TrialState.COMPLETE
    if decision == "STOP" or was_stopped:
        is_full = bool(levels) and last >= levels[-1]
        is_short = bool(levels) or setup.is_population or top is not None
        return TrialState.PRUNED if is_short and not is_full else TrialState.COMPLETE
    if decision == "PAUSE":
        return TrialState.PRUNED
    if has_ended or trial.folder is None:
        return TrialState.FAILED if _error(trial) else TrialState.COMPLETE
    return TrialState.RUNNING


def _error(trial: SyneTrial) -> str:
    if trial.folder is None:
        return ""
    text = head_of(trial.folder / "std.err", 1 << 20).decode("utf-8", "replace")
    return last_line(text) if "Error" in text or "Traceback" in text else ""


def _add(
    draft: Draft,
    trial: SyneTrial,
    setup: Setup,
    step_name: str | None,
    levels: Sequence[float],
) -> None:
    steps = _steps(trial, step_name)
    last = steps[-1] if steps else 0.0
    names = [objective.name for objective in setup.objectives]
    row = TrialRow(number=_number(trial), params=trial.config)
    row.state = _state(trial, last, setup, levels)
    times = [_float(r.get("st_worker_timestamp", "")) for r in trial.rows]
    if trial.rows:
        end = trial.rows[-1]
        row.objectives = [_float(end.get(name, "")) for name in names]
        begun = times[0] - _float(trial.rows[0].get("st_worker_time", ""))
        row.started, row.ended = begun, times[-1]
        cells = {n: _float(t) for n, t in end.items() if _is_metric(n, names, step_name)}
        row.metrics = {name: number for name, number in cells.items() if not math.isnan(number)}
    if row.state is TrialState.FAILED:
        row.note = _error(trial) or "ended without a result"
    if setup.is_population and steps:
        row.bracket = generation_of(steps[0], setup.interval)
    elif levels:
        row.bracket = 0
    at = draft.add(row)
    values = [_float(r.get(names[0], "")) for r in trial.rows]
    course = Course(at, row.state, steps, values, times)
    if setup.is_population:
        draft.looks += generation_looks(course, setup.interval)
    else:
        draft.looks += rung_looks(course, levels, 0) if levels else closing_look(course)


def _is_metric(name: str, objectives: Sequence[str], step_name: str | None) -> bool:
    own = name.startswith((OWN, CONFIG)) or name in ("trial_id", step_name)
    return not own and name not in objectives


def _moving(trials: Sequence[SyneTrial], step_name: str | None) -> list[str]:
    """Return the metrics that change while a trial trains."""
    found: dict[str, None] = {}
    for trial in trials:
        for name in trial.rows[0] if len(trial.rows) > 1 else ():
            is_metric = name not in found and _is_metric(name, (), step_name)
            if is_metric and len({row.get(name) for row in trial.rows}) > 1:
                found[name] = None
    return list(found)


def _add_curves(
    draft: Draft, trial: SyneTrial, steps: Sequence[float], names: Sequence[str]
) -> None:
    at = len(draft.trials) - 1
    for name in names:
        cells = [(step, row.get(name, "")) for step, row in zip(steps, trial.rows, strict=True)]
        points = [(step, _float(text)) for step, text in cells if text]
        if points and not all(math.isnan(value) for _, value in points):
            columns = np.array(points, dtype=np.float64)
            draft.curves.append((at, clean(name), columns[:, 0], columns[:, 1]))


def _find_parents(draft: Draft, trials: Sequence[SyneTrial], losses: Losses) -> None:
    """Tell from the configurations which trial a clone was copied from; Syne Tune keeps it not."""
    told = unknown = 0
    for row, trial in enumerate(trials):
        before = [t.config for t in trials[:row]]
        parent = parent_of(trial.config, before)
        if parent is not None:
            draft.trials[row].parent = parent
            told += 1
        elif draft.trials[row].bracket > 0:
            unknown += 1
    losses.count("a clone whose parent is not recorded; it was told from its configuration", told)
    losses.count("a clone whose parent is not recorded and can't be told", unknown)


def _method(setup: Setup, levels: Sequence[float]) -> Method:
    name = _METHODS.get(setup.scheduler, setup.scheduler)
    searcher = setup.options.get("searcher")
    parts = [searcher if isinstance(searcher, str) else "", name]
    method = " + ".join(dict.fromkeys(filter(None, parts))) or ("asha" if levels else "unknown")
    kept = {
        key: value
        for key, value in setup.options.items()
        if isinstance(value, (int, float, str)) and not key.startswith("num_")
    }
    return Method(method, {"scheduler": setup.scheduler, **kept})
