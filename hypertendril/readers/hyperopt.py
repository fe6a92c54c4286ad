"""hyperopt: the documents of `Trials` as JSON, exported or converted from its pickle."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Hashable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import numpy as np

from hypertendril.model import (
    Direction,
    Method,
    Objective,
    ParameterKind,
    SearchSpace,
    TrialState,
)
from hypertendril.readers.about import About, Tested
from hypertendril.readers.drafts.budgets import split_info
from hypertendril.readers.drafts.conditions import infer_conditions
from hypertendril.readers.drafts.draft import NAN
from hypertendril.readers.drafts.typed_text import typed
from hypertendril.readers.files.json_text import as_number, brief, clean
from hypertendril.readers.folders import as_dict, as_list, json_as_far_as_it_goes
from hypertendril.readers.losses import Losses
from hypertendril.readers.result import ReadStudy, Rereading, Tail
from hypertendril.readers.source import Source
from hypertendril.readers.trackers.tracked import Known, TrackedRun, study_of

FORMAT = "hyperopt-trials"
_NEEDED = (b'"misc"', b'"vals"', b'"tid"')
_STATES = (
    TrialState.WAITING,  # new
    TrialState.RUNNING,
    TrialState.COMPLETE,  # done; the status of its result says how
    TrialState.FAILED,  # error
    TrialState.FAILED,  # cancelled
)
_OF_STATUS = {
    "ok": TrialState.COMPLETE,
    "fail": TrialState.FAILED,
    "new": TrialState.WAITING,
    "running": TrialState.RUNNING,
    "suspended": TrialState.WAITING,
}
_OWN = ("status", "loss", "failure", "attachments")


class Hyperopt:
    """Reads the documents; they are one study."""

    name = "hyperopt"
    about = About(
        title="hyperopt",
        source="documents of `Trials` as JSON",
        kept=(
            "values, inactive parameters with their conditions, states, numbers and lists in the "
            "result"
        ),
        lost="the space is not in the file: choices are positions, ranges are told",
        tested=Tested.REAL,
        logs="0.3.0",
    )

    def detects(self, source: Source) -> bool:
        """Return whether it is JSON with hyperopt's documents."""
        if source.path is None:
            return False
        head = source.head()
        is_json = head.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] in (b"{", b"[")
        return is_json and (f'"{FORMAT}"'.encode() in head or all(m in head for m in _NEEDED))

    def read(self, source: Source) -> tuple[ReadStudy, ...]:
        """Return the study.

        Raises:
            SourceFormatError: It can't be read, or holds no list of documents.
        """
        losses = Losses(source.shown)
        data = json_as_far_as_it_goes(source.file, losses)
        documents = data if isinstance(data, list) else as_dict(data).get("trials")
        if not isinstance(documents, list):
            raise source.error("holds no documents of hyperopt.", field="trials")
        runs = [_run(as_dict(d), losses) for d in documents if as_dict(d).get("misc")]
        losses.count("a document that is no trial", len(documents) - len(runs))
        _make_unique(runs)
        known = Known((Objective("loss", Direction.MINIMIZE),), method=Method())
        key = as_dict(data).get("exp_key") if isinstance(data, dict) else None
        name = clean(str(key or source.file.name.partition(".")[0]))
        found = study_of(runs, name, self.name, losses, known)
        return (_finished(found, documents, source),)

    def change_token(self, source: Source) -> Hashable:
        """Return what the file system says of the file."""
        return source.stat_token()

    def follow(self, source: Source) -> Tail:
        """Return a tail that reads the file again."""
        return Rereading(self, source)


def _make_unique(runs: list[TrackedRun]) -> None:
    """Give trials that share a number keys of their own."""
    counts = Counter(run.key for run in runs)
    for i, run in enumerate(runs):
        run.key = f"{run.key} ({i})" if counts[run.key] > 1 else run.key


def _finished(found: ReadStudy, documents: list[Any], source: Source) -> ReadStudy:
    """Return the study with its conditions and hyperopt's own numbers of the trials."""
    trials, header = found.trials, found.header
    parameters = infer_conditions(list(header.space), trials.values, trials.state)
    numbers = [as_dict(d).get("tid") for d in documents if as_dict(d).get("misc")]
    whole = [typed(str(n)) for n in numbers]
    if all(isinstance(n, int) and 0 <= n < 2**62 for n in whole) and len(set(whole)) == len(whole):
        trials.number[:] = whole
    skipped = header.skipped
    if any(p.kind is ParameterKind.INT for p in parameters):
        reason = (
            "the space is not part of the file: ranges are told from the values, "
            "and whole numbers may be positions in a list of choices"
        )
        skipped = (*skipped, *_listed(source, reason))
    space = SearchSpace(tuple(parameters))
    return replace(found, header=replace(header, space=space, skipped=skipped, source=source.shown))


def _listed(source: Source, reason: str) -> tuple[Any, ...]:
    losses = Losses(source.shown)
    losses.add(reason)
    return losses.listed()


def _run(document: Mapping[str, Any], losses: Losses) -> TrackedRun:
    misc, result = as_dict(document.get("misc")), as_dict(document.get("result"))
    run = TrackedRun(str(document.get("tid")), _params(misc, losses), _state(document, result))
    loss = _number(result.get("loss"))
    if loss is not None:
        run.metrics["loss"] = loss
    numbers, lists = split_info(result, _OWN)
    run.metrics |= numbers
    for name, values in lists.items():
        if len(values) > 1:
            steps = np.arange(1, len(values) + 1, dtype=np.float64)
            run.curves[name] = (steps, np.array(values, dtype=np.float64))
    run.started, run.ended = (
        _moment(document.get("book_time")),
        _moment(document.get("refresh_time")),
    )
    why = result.get("failure") or _raised(misc.get("error"))
    if run.state is TrialState.FAILED and why:
        run.note = brief(why, 300)
    return run


def _raised(error: Any) -> Any:
    """Return an exception as Python would print it; hyperopt keeps its class and its message."""
    if not isinstance(error, list) or len(error) != 2:
        return error
    kind = str(error[0]).removeprefix("<class '").removesuffix("'>")
    return f"{kind}: {error[1]}"


def _params(misc: Mapping[str, Any], losses: Losses) -> dict[str, Any]:
    """Return the active parameters: those whose list of values is not empty."""
    found = {}
    for name, values in as_dict(misc.get("vals")).items():
        stored = as_list(values) if isinstance(values, list) else [values]
        if len(stored) > 1:
            losses.count(f"parameter {clean(name)!r}: more than one value; the first is kept")
        if stored:
            value = stored[0]
            found[clean(name)] = typed(value) if isinstance(value, str) else value
    return found


def _state(document: Mapping[str, Any], result: Mapping[str, Any]) -> TrialState:
    number = as_number(document.get("state"))
    known = number is not None and number in range(len(_STATES))
    state = _STATES[int(number)] if number is not None and known else TrialState.WAITING
    if state is not TrialState.COMPLETE:
        return state
    return _OF_STATUS.get(str(result.get("status")), TrialState.COMPLETE)


def _number(value: Any) -> float | None:
    if isinstance(value, str):
        value = typed(value)
    return as_number(value)


def _moment(value: Any) -> float:
    """Return POSIX seconds; hyperopt's times are UTC without saying so."""
    if isinstance(value, dict):
        value = value.get("$date")
    number = as_number(value)
    if number is not None:
        return number / 1000 if math.isfinite(number) else NAN
    try:
        moment = datetime.fromisoformat(str(value))
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError, OSError):
        return NAN
