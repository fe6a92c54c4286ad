"""What Ray Tune keeps of an experiment as a whole: the state of its trials, metric and method."""

from __future__ import annotations

import re
from collections.abc import Hashable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from hypertendril.errors import SourceFormatError
from hypertendril.model import Direction
from hypertendril.readers.files.json_text import BadJsonError, as_number, parse
from hypertendril.readers.folders import as_dict, as_list, entries, file_token, head_of, json_file
from hypertendril.readers.losses import Losses
from hypertendril.readers.ray_tune.pbt import GLOBAL, POLICY
from hypertendril.readers.ray_tune.trials import without_pickles

STATE = re.compile(r"experiment_state[^/]*\.json")
TUNER = "tuner.pkl"
SEARCHER = "searcher-state"
GENERATOR = "search_gen_state"
# Class names as they stand in the bytes of Ray's pickles -> method. These files are never
# unpickled: only these words are looked for in them.
_SCHEDULERS = {
    b"PopulationBasedTraining": "pbt",
    b"schedulers.pb2": "pb2",
    b"HyperBandForBOHB": "bohb",
    b"AsyncHyperBandScheduler": "asha",
    b"ASHAScheduler": "asha",
    b"HyperBandScheduler": "hyperband",
    b"MedianStoppingRule": "median stopping",
}
_SEARCHERS = {
    b"TuneBOHB": "bohb",
    b"OptunaSearch": "optuna",
    b"HyperOptSearch": "hyperopt",
    b"BayesOptSearch": "bayesopt",
    b"AxSearch": "ax",
    b"HEBOSearch": "hebo",
    b"NevergradSearch": "nevergrad",
    b"ZOOptSearch": "zoopt",
    b"ConfigSpace": "bohb",
}
# Versions 1 have no tuner.pkl, and what a searcher keeps of itself names the package it asks.
_PACKAGES = {
    b"optuna.study": "optuna",
    b"hyperopt.": "hyperopt",
    b"bayes_opt": "bayesopt",
    b"ax.service": "ax",
    b"hebo.": "hebo",
    b"nevergrad.": "nevergrad",
}
_MODE = re.compile(rb"_?mode\x94\x8c\x03(max|min)\x94")
_METRIC = re.compile(rb"_?metric\x94\x8c([\x01-\x7f])")
# Of several objectives both are lists.
_METRICS, _MODES = b"_metric\x94]\x94(", b"_mode\x94]\x94("
_DIRECTIONS = {"max": Direction.MAXIMIZE, "min": Direction.MINIMIZE}


@dataclass(slots=True)
class StoredTrial:
    """What the experiment's state says of one trial.

    Attributes:
        index: Position in the order Ray made them; -1 where the tag does not tell.
        status: PENDING, RUNNING, PAUSED, TERMINATED or ERROR.
        folder: Name of its folder.
        config: Its first configuration, without leaves that are pickles.
        stop: Resource at which it would have been stopped, NaN for none.
    """

    trial_id: str
    index: int = -1
    status: str = ""
    folder: str = ""
    config: dict[str, Any] = field(default_factory=dict)
    stop: float = float("nan")
    started: float = float("nan")
    ended: float = float("nan")


@dataclass(slots=True)
class ExperimentState:
    """The experiment as its driver saw it last.

    Attributes:
        trials: By trial id; empty where there is no usable state.
        metric: The objective, None where it was not told to Ray.
        direction: None where it is not known.
        further: The other objectives, if there are several, with their directions.
        scheduler, searcher: Method names, empty where unknown.
        superseded: Ids of trials that were started anew under another id.
    """

    trials: dict[str, StoredTrial] = field(default_factory=dict)
    metric: str | None = None
    direction: Direction | None = None
    further: tuple[tuple[str, Direction | None], ...] = ()
    scheduler: str = ""
    searcher: str = ""
    superseded: set[str] = field(default_factory=set)


def state_files(folder: Path) -> list[Path]:
    """Return the state files of an experiment, oldest first."""
    return [folder / e.name for e in entries(folder) if STATE.fullmatch(e.name) and e.is_file()]


def is_state(path: Path) -> bool:
    """Return whether a file holds the state of an experiment."""
    head = head_of(path, 4096)
    return b'"trial_data"' in head or b'"checkpoints"' in head or b'"runner_data"' in head


def state_token(folder: Path) -> Hashable:
    """Return what tells that the state, or the exploits, have changed."""
    names = [e.name for e in entries(folder) if STATE.fullmatch(e.name) or POLICY in e.name]
    return tuple(file_token(folder / name) for name in (*names, GLOBAL))


def read_state(folder: Path, losses: Losses) -> ExperimentState:
    """Return what the files of an experiment say; later files win."""
    found = ExperimentState()
    for path in state_files(folder):
        try:
            data = as_dict(json_file(path))
        except SourceFormatError as error:
            losses.add(f"{path.name} was left out, so states are told from results: {error}")
            continue
        metric = as_dict(data.get("runner_data")).get("_metric")
        if isinstance(metric, str) and metric:
            found.metric = metric
        told: dict[str, StoredTrial] = {}
        for item in as_list(data.get("trial_data")) or as_list(data.get("checkpoints")):
            trial = _trial(item)
            if trial is None:
                losses.count(f"{path.name}: a trial that can't be understood")
            else:
                told[trial.trial_id] = trial
        _merge(found, told)
    _read_words(folder, found)
    return found


def _merge(found: ExperimentState, told: dict[str, StoredTrial]) -> None:
    """Add what a later file says; a run that was restored starts its failed trials anew."""
    indexes = {trial.index for trial in told.values()}
    if told.keys() & found.trials.keys():
        anew = [
            key for key, trial in found.trials.items() if key not in told and trial.index in indexes
        ]
        found.superseded.update(anew)
        for key in anew:
            del found.trials[key]
    found.trials |= told


def _trial(item: Any) -> StoredTrial | None:
    merged: dict[str, Any] = {}
    for part in item if isinstance(item, list) else [item]:
        try:
            merged |= as_dict(parse(part) if isinstance(part, str) else part)
        except BadJsonError:
            return None
    trial_id = merged.get("trial_id")
    if not isinstance(trial_id, str) or not trial_id:
        return None
    config = merged.get("evaluated_params") or {}
    whole = as_dict(without_pickles(merged.get("config")))
    started, ended = as_number(merged.get("start_time")), as_number(merged.get("last_result_time"))
    logdir = merged.get("relative_logdir") or merged.get("logdir") or ""
    return StoredTrial(
        trial_id=trial_id,
        index=_index(merged.get("experiment_tag")),
        status=str(merged.get("status", "")).upper(),
        folder=str(logdir).replace("\\", "/").rstrip("/").rpartition("/")[2],
        config=whole or as_dict(without_pickles(config)),
        stop=_stop(merged.get("stopping_criterion")),
        started=started or float("nan"),
        ended=float("nan") if not ended or ended < 0 else ended,
    )


def _index(tag: Any) -> int:
    digits = str(tag).partition("_")[0]
    return int(digits) if digits.isdecimal() and len(digits) < 10 else -1


def _stop(criterion: Any) -> float:
    number = as_number(as_dict(criterion).get("training_iteration"))
    return float("nan") if number is None else number


def _read_words(folder: Path, found: ExperimentState) -> None:
    """Look for class names, metric and mode in the bytes of Ray's pickles."""
    for entry in entries(folder):
        is_tuner = entry.name == TUNER
        is_search = entry.name.startswith((SEARCHER, GENERATOR))
        if not (is_tuner or is_search):
            continue
        data = head_of(folder / entry.name, 1 << 22)
        found.scheduler = found.scheduler or _word(data, _SCHEDULERS)
        found.searcher = found.searcher or _word(data, _SEARCHERS if is_tuner else _PACKAGES)
        mode = _MODE.search(data)
        if mode and (found.direction is None or is_tuner):
            found.direction = Direction.MAXIMIZE if mode[1] == b"max" else Direction.MINIMIZE
        metric = _metric(data)
        if found.metric is None and metric:
            found.metric = metric
        several = _several(data)
        if several and (
            found.metric is None or None in {found.direction, *dict(found.further).values()}
        ):
            (found.metric, found.direction), *further = several
            found.further = tuple(further)


def _word(data: bytes, known: Mapping[bytes, str]) -> str:
    return next((name for word, name in known.items() if word in data), "")


def _several(data: bytes) -> list[tuple[str, Direction | None]]:
    """Return the objectives where there are several; None for a direction that can't be told."""
    names, modes = _listed(data, _METRICS), _listed(data, _MODES)
    told = [_DIRECTIONS.get(mode) for mode in modes]
    return list(zip(names, told, strict=True)) if len(names) == len(told) and all(names) else []


def _listed(data: bytes, key: bytes) -> list[str]:
    """Return the texts of a list in a pickle; empty for one written before, which is referred to."""
    start, found = data.find(key), []
    at = start + len(key)
    while start >= 0 and data[at : at + 1] in (b"\x8c", b"h"):
        size = data[at + 1] if data[at : at + 1] == b"\x8c" else 0
        found.append(data[at + 2 : at + 2 + size].decode("utf-8", "replace"))
        at += 2 + size + (data[at + 2 + size : at + 3 + size] == b"\x94")
    return found


def _metric(data: bytes) -> str | None:
    match = _METRIC.search(data)
    if match is None:
        return None
    text = data[match.end() : match.end() + match[1][0]]
    try:
        return text.decode("utf-8")
    except UnicodeDecodeError:
        return None
