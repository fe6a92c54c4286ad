"""MLflow: the file store (`mlruns`) and the SQLite store; each experiment is a study.

Runs that were started inside another one are the trials of a sweep; the run around them is none.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from hypertendril.model import TrialState
from hypertendril.readers.about import About, Tested
from hypertendril.readers.drafts.draft import NAN
from hypertendril.readers.drafts.typed_text import typed
from hypertendril.readers.files.csv_rows import NO_END
from hypertendril.readers.files.json_text import clean
from hypertendril.readers.files.sqlite_file import MAGIC, change_token
from hypertendril.readers.folders import entries, file_token, head_of, shown_as, subfolders
from hypertendril.readers.losses import Losses
from hypertendril.readers.progress import each
from hypertendril.readers.result import ReadStudy, Rereading, Tail
from hypertendril.readers.source import Source
from hypertendril.readers.trackers.mlflow_sqlite import has_tables, read_database
from hypertendril.readers.trackers.tracked import Known, TrackedRun, by_start, study_of

META = "meta.yaml"
PARENT, NAME = "mlflow.parentRunId", "mlflow.runName"
DEEPEST = 8  # folders below params/ and metrics/: each / in a name makes one
MOST_TEXT = 1 << 16  # bytes of one parameter or tag
MOST_POINTS_BYTES = 1 << 28  # of one metric
ID_SHOWN = 8  # characters that tell sweeps of one name apart
FEWEST = 2  # runs inside another one that make it a sweep
STATES = {
    "1": TrialState.RUNNING,
    "2": TrialState.WAITING,
    "3": TrialState.COMPLETE,
    "4": TrialState.FAILED,
    "5": TrialState.FAILED,
    "RUNNING": TrialState.RUNNING,
    "SCHEDULED": TrialState.WAITING,
    "FINISHED": TrialState.COMPLETE,
    "FAILED": TrialState.FAILED,
    "KILLED": TrialState.FAILED,
}


@dataclass
class Experiment:
    """One experiment as either store holds it."""

    name: str
    runs: list[TrackedRun] = field(default_factory=list)
    parents: dict[str, str] = field(default_factory=dict)  # run -> the run it was started in
    names: dict[str, str] = field(default_factory=dict)  # run -> what it is called
    deleted: int = 0  # runs left out


class Mlflow:
    """Reads both stores."""

    name = "mlflow"
    about = About(
        title="MLflow",
        source="`mlruns`, one experiment of it, or the SQLite store",
        kept=(
            "runs inside a run are a sweep, each sweep a study; all points, states, times; "
            "infinite and NaN values"
        ),
        lost="objective guessed, types told from texts; deleted runs; tags, artifacts",
        tested=Tested.REAL,
        logs="3.17.2, both stores",
    )

    def detects(self, source: Source) -> bool:
        """Return whether it is a folder of experiments, one of them, or a database of MLflow."""
        if source.path is None:
            return False
        if source.is_folder:
            return any(_is_experiment(folder) for folder in _candidates(source.file))
        return source.head().startswith(MAGIC[:15]) and has_tables(source)

    def read(self, source: Source) -> tuple[ReadStudy, ...]:
        """Return one study an experiment with runs; of several sweeps in one, a study each.

        Raises:
            SourceFormatError: It can't be read, or holds no run.
        """
        losses = Losses(source.shown)
        if source.is_folder:
            experiments = [
                _experiment(f, losses) for f in _candidates(source.file) if _is_experiment(f)
            ]
        else:
            experiments = _of_database(source, losses)
        found = [study for experiment in experiments for study in _studies(experiment, losses)]
        if not found:
            raise source.error("is a store of MLflow without any run.")
        return tuple(shown_as(study, source) for study in found)

    def change_token(self, source: Source) -> Hashable:
        """Return the state of the database, or of all folders and metric files of the runs."""
        if not source.is_folder:
            return change_token(source)
        tokens: list[Hashable] = []
        for experiment in _candidates(source.file):
            tokens.append(file_token(experiment))
            for run in subfolders(experiment):
                tokens += (file_token(run / META), file_token(run / "metrics"))
                tokens += (file_token(path) for path in _leaves(run / "metrics"))
                tokens += (file_token(run / "params"),)
        return tuple(tokens)

    def follow(self, source: Source) -> Tail:
        """Return a tail that reads everything again."""
        return Rereading(self, source)


def _studies(experiment: Experiment, of_store: Losses) -> Iterator[ReadStudy]:
    """Yield the studies of an experiment; what it lacks is told with the first."""
    deleted = experiment.deleted
    for name, runs, sweep in sweeps_of(experiment):
        losses = of_store.copy()
        losses.count("a run that was deleted", deleted)
        deleted = 0
        yield study_of(by_start(runs), name, Mlflow.name, losses, Known(attributes=sweep))


def sweeps_of(
    experiment: Experiment,
) -> Iterator[tuple[str, list[TrackedRun], dict[str, str]]]:
    """Yield the name, the runs and the attributes of each study in an experiment.

    Runs inside a run are a sweep. One sweep, with or without other runs, is the experiment.
    """
    outer = Counter(experiment.parents.values())
    sweeps: dict[str, list[TrackedRun]] = {key: [] for key, n in outer.items() if n >= FEWEST}
    rest = []
    for run in experiment.runs:
        inside = sweeps.get(experiment.parents.get(run.key, ""))
        if inside is not None and (run.key not in outer or run.params):
            inside.append(run)
        elif inside is None and run.key not in outer and (run.params or run.metrics or not sweeps):
            rest.append(run)
    labels = Counter(experiment.names.get(key) or key for key in sweeps)
    for key, runs in sweeps.items():
        label = experiment.names.get(key) or key
        label += f" {key[:ID_SHOWN]}" if labels[label] > 1 else ""
        name = f"{experiment.name}/{label}" if len(sweeps) > 1 else experiment.name
        yield name, runs, {"sweep": label}
    if rest:
        yield experiment.name + (" (runs outside of sweeps)" if sweeps else ""), rest, {}


def _candidates(folder: Path) -> list[Path]:
    """Return what may be experiments: the folder itself, those in it, or those in its `mlruns`."""
    if (folder / META).is_file():
        return [folder]
    inside = folder / "mlruns" if (folder / "mlruns").is_dir() else folder
    return [p for p in subfolders(inside) if (p / META).is_file()]


def _is_experiment(folder: Path) -> bool:
    head = head_of(folder / META, 4096)
    return b"artifact_location:" in head and b"experiment_id:" in head


def _experiment(folder: Path, losses: Losses) -> Experiment:
    meta = _flat_yaml(folder / META, losses)
    found = Experiment(clean(meta.get("name", "")) or folder.name)
    for place in each(subfolders(folder), "runs"):
        if not (place / META).is_file():
            continue
        state = _flat_yaml(place / META, losses)
        if state.get("lifecycle_stage") == "deleted":
            found.deleted += 1
            continue
        key = state.get("run_id") or state.get("run_uuid") or place.name
        found.runs.append(_run(place, key, state, losses))
        parent = _text(place / "tags" / PARENT, losses)
        if parent:
            found.parents[key] = parent
        found.names[key] = clean(state.get("run_name") or _text(place / "tags" / NAME, losses))
    return found


def _run(place: Path, key: str, state: dict[str, str], losses: Losses) -> TrackedRun:
    run = TrackedRun(clean(key), state=STATES.get(state.get("status", ""), TrialState.RUNNING))
    if state.get("status") == "5":
        run.note = "killed"
    run.started, run.ended = _seconds(state.get("start_time")), _seconds(state.get("end_time"))
    for path in _leaves(place / "params"):
        run.params[_name(path, place / "params")] = typed(_text(path, losses))
    for path in _leaves(place / "metrics"):
        add_points(run, _name(path, place / "metrics"), list(_points(path, losses)))
    return run


def add_points(run: TrackedRun, name: str, points: Sequence[tuple[float, float, float]]) -> None:
    """Add a metric to a run.

    Args:
        run: Gets the last value, and the curve if there are several points.
        name: Of the metric.
        points: (time in milliseconds, value, step), as they were recorded.
    """
    ordered = sorted(points, key=lambda point: (point[2], point[0]))
    run.add_points(name, [(step, value) for _, value, step in ordered])


def _points(path: Path, losses: Losses) -> Iterator[tuple[float, float, float]]:
    """Yield the lines of a metric: `milliseconds value step`; very old ones have no step."""
    lines = _lines(path, losses)
    if lines and lines[-1]:
        losses.add(f"metric {path.name!r}: {NO_END}", len(lines))
    for number, line in enumerate(lines, 1):
        cells = line.split()
        try:
            time, value = float(cells[0]), float(cells[1])
            yield time, value, float(cells[2]) if len(cells) > 2 else 0.0
        except (ValueError, IndexError):
            if cells:
                losses.add(f"metric {path.name!r}: a line that is no point", number)


def _lines(path: Path, losses: Losses) -> list[str]:
    try:
        if path.stat().st_size > MOST_POINTS_BYTES:
            losses.add(f"metric {path.name!r} has more than 256 MiB")
            return []
        return path.read_text("utf-8", "replace").split("\n")
    except OSError as error:
        losses.add(f"metric {path.name!r} can't be read ({error.strerror})")
        return []


def _text(path: Path, losses: Losses) -> str:
    try:
        with path.open("rb") as file:
            return clean(file.read(MOST_TEXT).decode("utf-8", "replace")).strip("\n")
    except FileNotFoundError:
        return ""
    except OSError as error:
        losses.add(f"{path.name!r} can't be read ({error.strerror})")
        return ""


def _name(path: Path, base: Path) -> str:
    return clean(path.relative_to(base).as_posix())


def _leaves(folder: Path, depth: int = DEEPEST) -> Iterator[Path]:
    """Yield the files below a folder; a name with a slash is a file in a folder."""
    for entry in entries(folder):
        if entry.is_file(follow_symlinks=False):
            yield Path(entry.path)
        elif depth and entry.is_dir(follow_symlinks=False):
            yield from _leaves(Path(entry.path), depth - 1)


def _flat_yaml(path: Path, losses: Losses) -> dict[str, str]:
    """Return the lines `key: value` of a file; MLflow writes no nested ones."""
    found = {}
    lines = head_of(path).decode("utf-8", "replace").splitlines(keepends=True)
    if lines and not lines[-1].endswith("\n"):
        losses.add(f"{path.parent.name}/{path.name}: {NO_END}", len(lines))
    for line in lines:
        key, colon, value = line.partition(":")
        if colon and key and not key[0].isspace():
            found[key] = _unquoted(value.strip())
    return found


def _unquoted(text: str) -> str:
    if len(text) > 1 and text[0] == text[-1] == "'":
        return text[1:-1].replace("''", "'")
    if len(text) > 1 and text[0] == text[-1] == '"':
        return text[1:-1].replace('\\"', '"')
    return "" if text in ("null", "~") else text


def _seconds(text: str | None) -> float:
    """Return POSIX seconds of a text of milliseconds."""
    try:
        return int(text or "") / 1000
    except (ValueError, OverflowError):
        return NAN


def _of_database(source: Source, losses: Losses) -> list[Experiment]:
    found: dict[str, Experiment] = {}
    stored = read_database(source, losses)
    for key, name in stored.experiments:
        found[key] = Experiment(clean(name) or key)
    for key, count in stored.deleted.items():
        found.setdefault(key, Experiment(key)).deleted = count
    for run in stored.runs:
        own = found.setdefault(run.experiment, Experiment(run.experiment))
        tracked = TrackedRun(run.key, state=STATES.get(run.status, TrialState.RUNNING))
        tracked.note = "killed" if run.status == "KILLED" else None
        tracked.started, tracked.ended = run.started, run.ended
        tracked.params = {name: typed(text) for name, text in run.params.items()}
        for name, points in run.points.items():
            add_points(tracked, name, points)
        own.runs.append(tracked)
        own.names[run.key] = run.name
        if run.parent:
            own.parents[run.key] = run.parent
    return list(found.values())
