"""Lines of the Control panel's lists, made from what store and queue say; a script draws them."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import PurePath
from typing import Any

from hypertendril.exports import FORMATS
from hypertendril.jobs.queue.job_queue import Job, JobQueue, JobState
from hypertendril.layouts.aligned import aligned_text
from hypertendril.layouts.labels import plain, shortened
from hypertendril.model import Method, TrialState, constraints_of
from hypertendril.search import METHODS
from hypertendril.store import StudySummary

# More lines than anyone scans; the rest is counted.
MAX_STUDIES = 200
MAX_INDENTS = 4
# What the list of a small page shows; of a longer name the middle goes: `R16 eta4` stands last.
NAME_CHARS = 19
FAILURES_SHOWN = 3
MAX_DETAIL_CHARS = 120
FAILURE_SECONDS = 24 * 3600.0
_ENDED_BADLY = (JobState.FAILED, JobState.QUARANTINED)


@dataclass(frozen=True, slots=True)
class StudyLine:
    """A study as the tree shows it.

    Attributes:
        depth: How many studies it was refined from, one after another.
        state: `running`, `queued`, `paused`, `done`, `failed` or `empty`; decides the dot.
        meta: Its method and how many trials it has.
        best: Best value as text, empty for none.
        progress: Share of the budget that is done, 0 to 1; None where nothing runs.
        detail: A second line, empty for none.
        job: Id of the job that can be stopped, None for none.
        title: Shown on hover.
        actions: Verbs of its menu.
    """

    id: str
    name: str
    depth: int
    state: str
    meta: str
    best: str
    progress: float | None = None
    detail: str = ""
    job: str | None = None
    title: str = ""
    actions: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class JobLine:
    """A job as the queue shows it: one that waits, or one that ended badly, with its message."""

    id: str
    name: str
    state: str
    detail: str
    message: str
    can_cancel: bool
    can_resume: bool = False
    can_dismiss: bool = False


def lists_json(
    studies: Sequence[StudyLine], jobs: Sequence[JobLine], n_closed: int = 0
) -> dict[str, Any]:
    """Return what the page's store holds: the tree, the queue, and how much of the tree is left out.

    Args:
        studies: All lines of the tree.
        jobs: All lines of the queue.
        n_closed: Studies that a person has closed.
    """
    return {
        "studies": [asdict(line) for line in studies[:MAX_STUDIES]],
        "older": max(len(studies) - MAX_STUDIES, 0),
        "closed": n_closed,
        "jobs": [asdict(line) for line in jobs],
    }


class JobView:
    """The jobs of a queue, read again only when something in it changed."""

    def __init__(self, queue: JobQueue) -> None:
        self._queue = queue
        self._seen: tuple[int, tuple[Job, ...]] | None = None

    def jobs(self) -> tuple[Job, ...]:
        """Return all jobs in the order they were submitted."""
        count = self._queue.change_count()
        if self._seen is None or self._seen[0] != count:
            self._seen = (count, self._queue.jobs())
        return self._seen[1]


def study_lines(studies: Sequence[StudySummary], jobs: Sequence[Job]) -> list[StudyLine]:
    """Return all studies as a tree: newest first, what was refined under what it came from."""
    known = {study.id: study for study in studies}
    children: dict[str | None, list[StudySummary]] = {}
    for study in sorted(studies, key=lambda s: s.created, reverse=True):
        parent = study.header.refined_from
        children.setdefault(parent if parent in known else None, []).append(study)
    by_id = {str(job.id): job for job in jobs}
    names = names_of(studies)
    lines: list[StudyLine] = []
    seen: set[str] = set()
    stack = [(study, 0) for study in reversed(children.get(None, []))]
    while stack:
        study, depth = stack.pop()
        if study.id in seen:
            continue
        seen.add(study.id)
        lines.append(_study_line(study, depth, names, by_id.get(study.id), known))
        stack += [(child, depth + 1) for child in reversed(children.get(study.id, []))]
    # Studies that name each other as parents hang from no root.
    lines += [
        _study_line(study, 0, names, by_id.get(study.id), known)
        for study in studies
        if study.id not in seen
    ]
    return lines


def names_of(studies: Sequence[StudySummary]) -> dict[str, str]:
    """Return by id what the list calls each study: of several `run_1` where each was read from, too."""
    counts = Counter(study.header.name for study in studies)
    names: dict[str, str] = {}
    for study in studies:
        name, source = study.header.name, study.header.source
        if counts[name] > 1 and source:
            name = f"{PurePath(source).name}/{name}"
        names[study.id] = shortened(name, NAME_CHARS, {})
    return names


def _study_line(
    study: StudySummary,
    depth: int,
    names: Mapping[str, str],
    job: Job | None,
    known: Mapping[str, StudySummary],
) -> StudyLine:
    is_running = job is not None and job.state is JobState.RUNNING
    return StudyLine(
        id=study.id,
        name=names[study.id],
        depth=min(depth, MAX_INDENTS),
        state=_state(study, job),
        meta=_meta(study),
        best="" if study.best is None else aligned_text(study.best),
        progress=_share(job, study.counts) if job is not None and is_running else None,
        detail=_detail(job, study.counts) if job is not None else "",
        job=str(job.id) if job is not None and is_running and not job.is_cancelling else None,
        title=_title(study, known),
        actions=_actions(study, job),
    )


def _meta(study: StudySummary) -> str:
    """Return its method, where that is known, and how many trials it has."""
    name = study.header.method.name
    if name == Method().name:
        return f"{study.n_trials:,} trial{'s' if study.n_trials != 1 else ''}"
    return f"{plain(_method_title(name), 14)} · {study.n_trials:,}"


def _actions(study: StudySummary, job: Job | None) -> tuple[str, ...]:
    """Return the verbs of a study's menu: of its job, if that is open, and to save or close it."""
    saves = tuple(f"export-{name}" for name in FORMATS)
    if job is not None and job.state.is_open:
        if job.is_cancelling:
            return saves
        is_resting = job.state is JobState.PAUSED or job.is_pausing
        return ("resume" if is_resting else "pause", "steer", "cancel", *saves)
    tells = ("columns",) if study.header.source is not None else ()
    return (*tells, *saves, "close")


def _state(study: StudySummary, job: Job | None) -> str:
    if job is not None and (job.state.is_open or job.state in _ENDED_BADLY):
        return "failed" if job.state in _ENDED_BADLY else job.state.value
    if study.counts[TrialState.RUNNING]:
        return "running"
    if not study.n_trials:
        return "empty"
    return "failed" if study.counts[TrialState.FAILED] == study.n_trials else "done"


def _method_title(name: str) -> str:
    return METHODS[name].title if name in METHODS else name


def _ended(counts: Mapping[TrialState, int]) -> int:
    return sum(
        counts[state] for state in (TrialState.COMPLETE, TrialState.PRUNED, TrialState.FAILED)
    )


def _share(job: Job, counts: Mapping[TrialState, int]) -> float:
    return _ended(counts) / job.spec.budget.trials


def _detail(job: Job, counts: Mapping[TrialState, int]) -> str:
    if job.state is JobState.RUNNING:
        words = "pausing · " if job.is_pausing else ""
        words = "stopping · " if job.is_cancelling else words
        running = counts[TrialState.RUNNING]
        return f"{words}{_ended(counts)} of {job.spec.budget.trials} trials · {running} under way"
    if job.state is JobState.DONE:
        return plain(job.message, MAX_DETAIL_CHARS)
    return f"{job.state.value} after {_ended(counts)} of {job.spec.budget.trials} trials"


def beginnings(start: Any) -> list[str]:
    """Return what a study began with, in words; nothing where its header says nothing of it."""
    if not isinstance(start, Mapping):
        return []
    lines = []
    if isinstance(origin := start.get("origin"), Mapping):
        lines.append(f"goes on from trial {origin.get('trial')} at step {origin.get('steps')}")
    if count := start.get("enqueued"):
        lines.append(f"{count} enqueued configuration{'s' if count != 1 else ''} first")
    studies = start.get("studies")
    for study in studies if isinstance(studies, list) else ():
        if isinstance(study, Mapping):
            told, all_trials = study.get("told"), study.get("trials")
            name = plain(str(study.get("name")), 80)
            lines.append(f"was told {told} of {all_trials} trials of {name}")
    if count := start.get("repeated"):
        lines.append(f"ran the best {count} of their configurations first")
    return lines


def _origin(study: StudySummary, known: Mapping[str, StudySummary]) -> list[str]:
    before = known.get(study.header.refined_from or "")
    if before is None:
        return []
    words = "trained again from" if study.header.method.name == "replay" else "refined from"
    return [f"{words} {plain(before.header.name, 80)}"]


def _title(study: StudySummary, known: Mapping[str, StudySummary]) -> str:
    header = study.header
    counts = ", ".join(
        f"{count:,} {state.name.lower()}" for state, count in study.counts.items() if count
    )
    lines = [
        plain(header.name, 200),
        f"{header.method.name}, written by {header.framework}",
        *([plain(header.source, 200)] if header.source else []),
        counts or "no trials yet",
        *_origin(study, known),
        *beginnings(header.attributes.get("start")),
        *(f"feasible where {plain(str(item), 80)}" for item in constraints_of(header)),
        *([f"{len(header.skipped)} items could not be read"] if header.skipped else []),
    ]
    return "\n".join(lines)


def dismissed(job_id: object) -> str:
    """Return what stands for the line of a failed job among the studies that were closed."""
    return f"job:{job_id}"


def job_lines(
    jobs: Sequence[Job],
    studies: Sequence[StudySummary],
    hidden: Collection[str] = (),
    now: float | None = None,
) -> list[JobLine]:
    """Return the jobs that wait or start, and the last ones that failed.

    A running job is told by the line of its study.

    Args:
        jobs: All jobs.
        studies: All studies.
        hidden: What a person has closed or dismissed.
        now: Seconds since the epoch; None for this moment.
    """
    known = {study.id for study in studies}
    waiting = [job for job in jobs if job.state.is_open and str(job.id) not in known]
    waiting += [job for job in jobs if job.state is JobState.QUEUED and str(job.id) in known]
    moment = time.time() if now is None else now
    failed = [
        job
        for job in jobs
        if job.state in _ENDED_BADLY
        and moment - (job.ended or moment) < FAILURE_SECONDS
        and dismissed(job.id) not in hidden
    ]
    return [_job_line(job) for job in [*waiting, *failed[-FAILURES_SHOWN:]]]


def _job_line(job: Job) -> JobLine:
    state = "failed" if job.state in _ENDED_BADLY else job.state.value
    words = "stopping" if job.is_cancelling else job.state.value
    if job.state is JobState.RUNNING and not job.is_cancelling:
        words = "starting"
    return JobLine(
        id=str(job.id),
        name=plain(job.spec.name, 80),
        state=state,
        detail=f"{words} · {job.spec.budget.trials:,}",
        message=plain(job.message, 2000),
        can_cancel=job.state.is_open and not job.is_cancelling,
        can_resume=job.state is JobState.PAUSED,
        can_dismiss=not job.state.is_open,
    )
