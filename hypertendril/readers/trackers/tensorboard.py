"""TensorBoard: folders of event files, a session of the plugin for hyperparameters each, or a run.

PyTorch writes the hyperparameters into a folder below the run, Keras the scalars into folders
below the session, Lightning both into one; all three are put together again.
"""

from __future__ import annotations

import math
import os
from collections import Counter
from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

from hypertendril.model import Objective, Parameter, ParameterKind, SearchSpace, TrialState
from hypertendril.readers.about import About, Tested
from hypertendril.readers.drafts.draft import NAN
from hypertendril.readers.drafts.inferred import infer_parameter
from hypertendril.readers.files.json_text import as_choice, clean
from hypertendril.readers.files.protobuf import BadMessageError
from hypertendril.readers.folders import common_name, file_token, head_of, shown_as
from hypertendril.readers.losses import Losses
from hypertendril.readers.progress import each
from hypertendril.readers.result import ReadStudy, Rereading, Tail
from hypertendril.readers.source import Source
from hypertendril.readers.trackers.event_files import HParams, Scalar, events_of, is_event_file
from hypertendril.readers.trackers.event_runs import folders_of_runs, tell_parameters
from hypertendril.readers.trackers.hparams import Declared, Session
from hypertendril.readers.trackers.tracked import Known, TrackedRun, guess_objective, study_of

MARK = b"tfevents"
DEEPEST = 6
MOST_FILES = 20_000
MOST_PROBED = 64  # files looked into to tell the format
FINAL = "hparam/"  # what PyTorch users put before the last value of a metric


@dataclass
class Place:
    """A folder with event files."""

    path: Path
    session: Session = field(default_factory=Session)
    scalars: dict[str, list[Scalar]] = field(default_factory=dict)


class TensorBoard:
    """Reads log folders; all sessions below a folder are the trials of one study."""

    name = "tensorboard"
    about = About(
        title="TensorBoard",
        source="a folder of event files, or one file",
        kept=(
            "sessions of the HParams plugin by PyTorch, Keras and Lightning with their scalars, "
            "declared ranges and values, states, times; without sessions each run is a trial, its "
            "parameters told from its name (`lr=0.1,depth=3`)"
        ),
        lost="objective guessed; numbers are float32; images, histograms",
        tested=Tested.REAL,
        logs="PyTorch 2.13 and tensorboardX 2.6.5; Keras' layout made",
    )

    def detects(self, source: Source) -> bool:
        """Return whether it is an event file, or a folder with one in or below it."""
        if source.path is None:
            return False
        if not source.is_folder:
            return is_event_file(source.head())
        probed = islice(_event_files(source.file), MOST_PROBED)
        return any(is_event_file(head_of(path)) for path in probed)

    def read(self, source: Source) -> tuple[ReadStudy, ...]:
        """Return the study of all sessions, or of all runs where there is no session.

        Raises:
            SourceFormatError: There is neither (any more).
        """
        losses = Losses(source.shown)
        root = source.file if source.is_folder else source.file.parent
        paths = list(_event_files(source.file)) if source.is_folder else [source.file]
        places: dict[Path, Place] = {}
        for path in each(paths, "files"):
            place = places.setdefault(path.parent, Place(path.parent))
            _fill(place, path, losses)
        sessions = [p for p in places.values() if p.session.params is not None]
        found = _runs(_natural(sessions), places, root, losses) if sessions else ()
        runs = found or _plain(places, root, losses)
        if not runs:
            raise source.error("holds neither a session with hyperparameters nor a scalar.")
        runs = sorted(runs, key=lambda r: (math.isnan(r.started), r.started))
        declared: dict[str, Declared] = {}
        for place in places.values():
            declared |= place.session.declared
        _whole_numbers(runs)
        known = Known(_objectives(runs, places.values(), losses), _space(declared, runs))
        names = [p.session.name for p in places.values() if p.session.name]
        name = names[0] if names else common_name(root)
        return (shown_as(study_of(runs, name, self.name, losses, known), source),)

    def change_token(self, source: Source) -> Hashable:
        """Return the state of all event files."""
        if not source.is_folder:
            return source.stat_token()
        return tuple((str(p), file_token(p)) for p in _event_files(source.file))

    def follow(self, source: Source) -> Tail:
        """Return a tail that reads all files again."""
        return Rereading(self, source)


def _event_files(folder: Path) -> Iterator[Path]:
    """Yield the event files below a folder by name; links are not followed."""
    count = 0
    base = len(folder.parts)
    for place, folders, files in os.walk(folder):
        here = Path(place)
        if len(here.parts) - base >= DEEPEST:
            folders.clear()
        folders[:] = sorted(f for f in folders if not f.startswith("."))
        for name in sorted(files):
            if MARK.decode() in name:
                count += 1
                if count > MOST_FILES:
                    return
                yield here / name


def _fill(place: Place, path: Path, losses: Losses) -> None:
    try:
        for event in events_of(path, losses):
            if isinstance(event, HParams):
                place.session.take(event.content, event.time)
            else:
                place.scalars.setdefault(clean(event.tag), []).append(event)
    except BadMessageError as error:
        losses.add(f"{path.name}: hyperparameters that can't be read: {error}")
    except OSError as error:
        losses.add(f"{path.name} can't be read ({error.strerror})")


def _natural(places: Sequence[Place]) -> list[Place]:
    return sorted(places, key=lambda place: str(place.path))


def _runs(
    sessions: Sequence[Place], places: dict[Path, Place], root: Path, losses: Losses
) -> list[TrackedRun]:
    """Return a run a session, with the scalars of its folder and of those that belong to it."""
    beside = Counter(place.path.parent for place in sessions)
    owners: dict[Path, Place] = {}
    for place in sessions:
        above = places.get(place.path.parent)
        is_below = above is not None and above.session.params is None and bool(above.scalars)
        owner = above if above and is_below and beside[above.path] == 1 else place
        owners[owner.path] = place
    inside: dict[Path, list[Place]] = {}
    for other in places.values():
        if other.session.params is None and other.path not in owners:
            nearest = next((p for p in other.path.parents if p in owners), None)
            if nearest is not None:
                inside.setdefault(nearest, []).append(other)
            elif other.scalars:
                losses.count("a folder of scalars beside the sessions, without hyperparameters")
    return [_run(place, places[path], inside.get(path, ()), root) for path, place in owners.items()]


def _plain(places: dict[Path, Place], root: Path, losses: Losses) -> list[TrackedRun]:
    """Return a run for each folder of scalars; it is not recorded whether one has ended."""
    told = {path for path, place in places.items() if place.scalars}
    runs = []
    for path, folders in folders_of_runs(told, root).items():
        owner = places.get(path) or Place(path)
        inside = [places[folder] for folder in folders if folder != path]
        run = _run(owner, owner, inside, root)
        run.state, run.note = TrialState.COMPLETE, run.key
        runs.append(run)
    tell_parameters(runs, losses)
    return runs


def _run(place: Place, owner: Place, inside: Sequence[Place], root: Path) -> TrackedRun:
    session = place.session
    below = owner.path.relative_to(root).as_posix()
    run = TrackedRun(clean(below), dict(session.params or {}), session.state)
    run.started, run.ended = session.started, session.ended
    scalars = {**owner.scalars, **place.scalars}
    for other in inside:
        prefix = clean(other.path.relative_to(owner.path).as_posix())
        scalars |= {f"{prefix}/{tag}": points for tag, points in other.scalars.items()}
    for tag, points in scalars.items():
        ordered = sorted(points, key=lambda point: (point.step, point.time))
        run.add_points(tag, [(float(point.step), point.value) for point in ordered])
    times = [point.time for points in scalars.values() for point in points]
    if times:
        run.started = min(t for t in (*times, run.started) if not math.isnan(t))
        run.ended = max(t for t in (*times, run.ended) if not math.isnan(t))
    return run


def _whole_numbers(runs: Sequence[TrackedRun]) -> None:
    """Turn the parameters that are whole in every run into ints: the plugin knows floats only."""
    values: dict[str, list[Any]] = {}
    for run in runs:
        for name, value in run.params.items():
            values.setdefault(name, []).append(value)
    for name, seen in values.items():
        if all(isinstance(v, float) and v.is_integer() for v in seen):
            for run in runs:
                if name in run.params:
                    run.params[name] = int(run.params[name])


def _space(declared: dict[str, Declared], runs: Sequence[TrackedRun]) -> SearchSpace:
    """Return the declared parameters that have a range or a list of values."""
    found = []
    for name, item in declared.items():
        seen = [as_choice(run.params[name]) for run in runs if name in run.params]
        is_int = bool(seen) and all(isinstance(v, int) and not isinstance(v, bool) for v in seen)
        if item.values:
            whole = all(isinstance(v, float) and v.is_integer() for v in item.values)
            values = [int(v) if whole and is_int else as_choice(v) for v in item.values]
            numeric = all(isinstance(v, (int, float)) and not isinstance(v, bool) for v in values)
            is_ordered = numeric and len(values) > 2
            kind = ParameterKind.ORDINAL if is_ordered else ParameterKind.CATEGORICAL
            found.append(Parameter(name, kind, choices=tuple(dict.fromkeys(values))))
        elif math.isfinite(item.low) and math.isfinite(item.high) and item.low < item.high:
            told = infer_parameter(name, seen)
            is_log = told is not None and told.log and item.low > 0
            is_int = is_int and item.low.is_integer() and item.high.is_integer()
            kind = ParameterKind.INT if is_int else ParameterKind.FLOAT
            found.append(Parameter(name, kind, item.low, item.high, log=is_log))
    return SearchSpace(tuple(found))


def _objectives(runs: Sequence[TrackedRun], places: Any, losses: Losses) -> tuple[Objective, ...]:
    """Return the likeliest goal among the metrics the experiment declares, by the tag it grew in.

    A metric that only repeats the last value of a curve (`hparam/val_accuracy` beside
    `val/accuracy`) is left out in favour of that curve.
    """
    tags = Counter(name for run in runs for name in run.metrics)
    same = {tag: curve for tag in tags if (curve := _curve_behind(tag, runs))}
    for run in runs:
        for tag in same:
            run.metrics.pop(tag, None)
            run.curves.pop(tag, None)
    wanted = [f"{g}/{t}" if g else t for p in places for g, t in p.session.metrics]
    among = {same.get(tag, tag) for tag in wanted} & (tags.keys() - same.keys())
    shown = runs
    if among:
        shown = [
            TrackedRun(r.key, metrics={k: v for k, v in r.metrics.items() if k in among})
            for r in runs
        ]
    return (guess_objective(shown, losses),)


def _curve_behind(tag: str, runs: Sequence[TrackedRun]) -> str | None:
    if not tag.startswith(FINAL) or any(tag in run.curves for run in runs):
        return None
    plain = _letters(tag.removeprefix(FINAL))
    names = dict.fromkeys(n for run in runs for n in run.curves if _letters(n) == plain)
    for name in names:
        pairs = [(r.metrics.get(tag, NAN), r.metrics.get(name, NAN)) for r in runs]
        if all(math.isclose(a, b, rel_tol=1e-6) for a, b in pairs if not math.isnan(a + b)):
            return name
    return None


def _letters(tag: str) -> str:
    return "".join(c for c in tag.lower() if c.isalnum())
