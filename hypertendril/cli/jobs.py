"""Commands over jobs: run, submit, jobs, cancel, pause, resume, change, worker."""

from __future__ import annotations

import argparse
import logging
import math
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stdout
from pathlib import Path
from typing import Any

from hypertendril.cli.options import add_command, add_data, settings_of
from hypertendril.cli.output import one_line, require_out, tell, write, write_json
from hypertendril.errors import HyperTendrilError
from hypertendril.settings import (
    ADDRESS_VARIABLE,
    CHECKPOINTS_VARIABLE,
    EXECUTOR_VARIABLE,
    EXECUTORS,
    OBJECTIVES_VARIABLE,
    Settings,
)

# What a command needs is imported by it: `jobs` shall not wait for a sampler to load.

NOT_DONE = 1


def add_commands(commands: Any) -> None:
    """Add the commands of this module."""
    run = add_command(commands, "run", _run, "run a study here and wait for it")
    run.add_argument("job", metavar="JOB", type=Path, help="job file (TOML or JSON)")
    run.add_argument("--export", metavar="FILE", type=Path, help="write the study there at the end")
    run.add_argument("--json", action="store_true", help="write JSON at the end")
    submit = add_command(commands, "submit", _submit, "put a job into the queue of the worker")
    submit.add_argument("job", metavar="JOB", type=Path, help="job file (TOML or JSON)")
    submit.add_argument("--key", help="submitting twice with one key makes one job")
    submit.add_argument("--json", action="store_true", help="write JSON")
    jobs = add_command(commands, "jobs", _jobs, "list the jobs")
    jobs.add_argument("--json", action="store_true", help="write JSON")
    cancel = add_command(commands, "cancel", _cancel, "stop a job")
    cancel.add_argument("id", metavar="ID", help="as `jobs` shows it")
    cancel.add_argument("--json", action="store_true", help="write JSON")
    steering = _steering_commands(commands)
    worker = add_command(commands, "worker", _worker, "run jobs until stopped")
    worker.add_argument(
        "--only-if-none", action="store_true", help="end at once where another worker is active"
    )
    worker.add_argument(
        "--server", metavar="PID", type=int, help="end when this parent is gone and no job is left"
    )
    add_data(run, submit, jobs, cancel, *steering, worker)
    for command in (run, submit, worker):
        command.add_argument(
            "--objectives", metavar="FILE", help=f"registry (or {OBJECTIVES_VARIABLE})"
        )
    for command in (run, worker):
        _place_options(command)


def _place_options(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--executor", choices=EXECUTORS, help=f"what runs trials (or {EXECUTOR_VARIABLE})"
    )
    command.add_argument("--address", help=f"of its cluster (or {ADDRESS_VARIABLE})")
    command.add_argument(
        "--checkpoints",
        metavar="DIR",
        help=f"folder that all machines share (or {CHECKPOINTS_VARIABLE})",
    )


def _steering_commands(commands: Any) -> tuple[argparse.ArgumentParser, ...]:
    pause = add_command(commands, "pause", _pause, "let a job rest; what is under way ends first")
    resume = add_command(commands, "resume", _resume, "let a paused job go on")
    change = add_command(
        commands, "change", _change, "change the budget of a job, also while it runs"
    )
    change.add_argument("--parallel", metavar="N", type=int, help="trials at the same time")
    change.add_argument("--trials", metavar="N", type=int, help="trials in all")
    change.add_argument(
        "--total-steps", metavar="N", type=int, help="steps of all trials together, 0 for no limit"
    )
    change.add_argument(
        "--wall-seconds", metavar="S", type=float, help="how long it may run, 0 for no limit"
    )
    change.add_argument("--stop-trial", metavar="NUMBER", type=int, help="stop this one trial")
    for command in (pause, resume, change):
        command.add_argument("id", metavar="ID", help="as `jobs` shows it")
        command.add_argument("--json", action="store_true", help="write JSON")
    return pause, resume, change


def _run(options: argparse.Namespace) -> int:
    from hypertendril.jobs.foreground import run_here  # noqa: PLC0415
    from hypertendril.model import TrialState  # noqa: PLC0415

    settings = settings_of(options)
    spec = _read_job(options, settings)
    if options.export is not None:
        require_out(options.export, options.job)
    # Ray tells of lost processes on stdout, which is for results alone.
    with _quiet_log(), redirect_stdout(sys.stderr):
        job, study = run_here(spec, settings)
    if options.export is not None:
        from hypertendril.readers import write_generic  # noqa: PLC0415

        write_generic(study, options.export)
    if options.json:
        write_json(_job_json(job))
    else:
        write(job.id)
    if job.message:
        tell(job.message)
    return 0 if job.state == "done" and study.counts()[TrialState.COMPLETE] else NOT_DONE


def _submit(options: argparse.Namespace) -> int:
    settings = settings_of(options)
    spec = _read_job(options, settings)
    with _queue(settings) as queue:
        job_id = queue.submit(spec, options.key)
        if options.json:
            write_json(_job_json(queue.job(job_id)))
        else:
            write(job_id)
    return 0


def _jobs(options: argparse.Namespace) -> int:
    with _queue(settings_of(options)) as queue:
        jobs = queue.jobs()
    if options.json:
        write_json({"jobs": [_job_json(job) for job in jobs]})
        return 0
    for job in jobs:
        best = "" if job.progress.best is None else f"  best {job.progress.best:.6g}"
        message = f"  {one_line(job.message)}" if job.message else ""
        done = f"{job.progress.done}/{job.spec.budget.trials}"
        write(f"{job.id}  {_state_word(job):<11}  {done:>9}  {job.spec.name}{best}{message}")
    return 0


def _cancel(options: argparse.Namespace) -> int:
    return _steer(options, lambda queue: queue.cancel(options.id))


def _pause(options: argparse.Namespace) -> int:
    return _steer(options, lambda queue: queue.pause(options.id))


def _resume(options: argparse.Namespace) -> int:
    return _steer(options, lambda queue: queue.resume(options.id))


def _change(options: argparse.Namespace) -> int:
    budget = {
        key: getattr(options, key) for key in ("trials", "parallel", "total_steps", "wall_seconds")
    }
    if options.stop_trial is None and all(value is None for value in budget.values()):
        raise HyperTendrilError(
            "change needs --trials, --parallel, --total-steps, --wall-seconds or --stop-trial."
        )

    def change(queue: Any) -> None:
        queue.change(options.id, **budget)
        if options.stop_trial is not None:
            queue.stop_trial(options.id, options.stop_trial)

    return _steer(options, change)


def _steer(options: argparse.Namespace, change: Callable[[Any], object]) -> int:
    """Change a job, and write how it stands then."""
    with _queue(settings_of(options)) as queue:
        change(queue)
        job = queue.job(options.id)
    if options.json:
        write_json(_job_json(job))
    else:
        write(f"{job.id}  {_state_word(job)}")
    return 0


def _worker(options: argparse.Namespace) -> int:
    from hypertendril.jobs.worker import work  # noqa: PLC0415

    work(settings_of(options), only_if_none=options.only_if_none, server=options.server)
    return 0


def _read_job(options: argparse.Namespace, settings: Settings) -> Any:
    from hypertendril.jobs.spec.earlier import StudyFinder  # noqa: PLC0415
    from hypertendril.jobs.spec.job_spec import JobSpec  # noqa: PLC0415
    from hypertendril.jobs.spec.objectives import load_registry  # noqa: PLC0415

    find = StudyFinder(settings.store, options.job.absolute().parent)
    return JobSpec.from_file(options.job, load_registry(settings.objectives), find)


@contextmanager
def _queue(settings: Settings) -> Iterator[Any]:
    from hypertendril.jobs.queue.job_queue import JobQueue  # noqa: PLC0415

    queue = JobQueue(settings.queue)
    try:
        yield queue
    finally:
        queue.close()


def _state_word(job: Any) -> str:
    if job.is_cancelling:
        return "cancelling"
    return "pausing" if job.is_pausing else str(job.state)


def _job_json(job: Any) -> dict[str, Any]:
    """Return the public JSON form of a job; times are POSIX seconds UTC."""
    best = job.progress.best
    return {
        "id": job.id,
        "study": job.id,
        "name": job.spec.name,
        "objective": job.spec.objective,
        "method": job.spec.method,
        "state": str(job.state),
        "cancelling": job.is_cancelling,
        "pausing": job.is_pausing,
        "trials": job.spec.budget.trials,
        "parallel": job.spec.budget.parallel,
        "total_steps": job.spec.budget.total_steps,
        "wall_seconds": job.spec.budget.wall_seconds,
        "seconds": round(job.progress.seconds, 3),
        "done": job.progress.done,
        "running": job.progress.running,
        "best": best if best is not None and math.isfinite(best) else None,
        "attempts": job.attempts,
        "message": job.message,
        "submitted": job.submitted,
        "started": job.started,
        "ended": job.ended,
    }


@contextmanager
def _quiet_log() -> Iterator[None]:
    """Leave stderr to the progress bar; warnings still pass."""
    root = logging.getLogger()
    before, root.level = root.level, logging.WARNING
    try:
        yield
    finally:
        root.level = before
