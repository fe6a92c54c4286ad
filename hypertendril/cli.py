"""The command line: people read its words, programs its JSON (documented in docs/running.md).

Results go to stdout alone, everything else to stderr. The exit status is 0, 2 with one
clear line for bad input, 1 where a study that was run here did not come to its end.
"""

from __future__ import annotations

import argparse
import json
import logging
import math
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, redirect_stdout
from pathlib import Path
from typing import Any

from hypertendril.errors import HyperTendrilError
from hypertendril.settings import (
    ADDRESS_VARIABLE,
    CHECKPOINTS_VARIABLE,
    DATA_VARIABLE,
    EXECUTOR_VARIABLE,
    EXECUTORS,
    OBJECTIVES_VARIABLE,
    Settings,
)

# What a command needs is imported by it: `jobs` shall not wait for a sampler to load.

BAD_INPUT = 2
TELL = (
    "Say it with --objective NAME, --direction minimize|maximize and --column NAME=KIND; "
    "it is remembered."
)
NOT_DONE = 1


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line and end the process with its status."""
    logging.basicConfig(
        level=logging.INFO, stream=sys.stderr, format="%(asctime)s %(levelname)s %(message)s"
    )
    options = _parser().parse_args(arguments)
    command: Callable[[argparse.Namespace], int] = options.command
    try:
        status = command(options)
        sys.stdout.flush()
    except HyperTendrilError as error:
        print(f"hypertendril: {_one_line(error)}", file=sys.stderr)  # noqa: T201 - it is the face
        status = BAD_INPUT
    except BrokenPipeError:  # `hypertendril jobs | head` is no error
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        status = 0
    sys.exit(status)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="hypertendril",
        description="See what a hyperparameter search did, and run the next one.",
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    inspect = _command(commands, "inspect", _inspect, "show what a reader sees in some results")
    inspect.add_argument("source", metavar="SOURCE", help="file, folder or storage URL")
    inspect.add_argument("--json", action="store_true", help="write JSON")
    _telling_options(inspect)
    importance = _importance_command(commands)
    convert = _command(
        commands, "convert", _convert, "make JSON of a pickle of Optuna, hyperopt or Orion"
    )
    convert.add_argument("source", metavar="SOURCE", type=Path, help="the pickle")
    convert.add_argument("out", metavar="OUT", type=Path, help="JSON file to write")
    convert.add_argument(
        "--i-trust-this-file", action="store_true", help="needed: see the warning it prints"
    )
    export = _command(commands, "export", _export, "write results in another form")
    export.add_argument("source", metavar="SOURCE", help="file, folder or storage URL")
    export.add_argument("out", metavar="OUT", type=Path, help="the file to write")
    export.add_argument(
        "--format", default="json", choices=("json", "csv", "parquet", "optuna"), help="of OUT"
    )
    export.add_argument("--study", metavar="NAME", help="the one to write, where there are several")
    run = _command(commands, "run", _run, "run a study here and wait for it")
    run.add_argument("job", metavar="JOB", type=Path, help="job file (TOML or JSON)")
    run.add_argument("--export", metavar="FILE", type=Path, help="write the study there at the end")
    run.add_argument("--json", action="store_true", help="write JSON at the end")
    submit = _command(commands, "submit", _submit, "put a job into the queue of the worker")
    submit.add_argument("job", metavar="JOB", type=Path, help="job file (TOML or JSON)")
    submit.add_argument("--key", help="submitting twice with one key makes one job")
    submit.add_argument("--json", action="store_true", help="write JSON")
    jobs = _command(commands, "jobs", _jobs, "list the jobs")
    jobs.add_argument("--json", action="store_true", help="write JSON")
    cancel = _command(commands, "cancel", _cancel, "stop a job")
    cancel.add_argument("id", metavar="ID", help="as `jobs` shows it")
    cancel.add_argument("--json", action="store_true", help="write JSON")
    steering = _steering_commands(commands)
    worker = _command(commands, "worker", _worker, "run jobs until stopped")
    worker.add_argument(
        "--only-if-none", action="store_true", help="end at once where another worker is active"
    )
    for command in (inspect, importance, export, run, submit, jobs, cancel, *steering, worker):
        command.add_argument("--data", metavar="DIR", help=f"data folder (or {DATA_VARIABLE})")
    for command in (run, submit, worker):
        command.add_argument(
            "--objectives", metavar="FILE", help=f"registry (or {OBJECTIVES_VARIABLE})"
        )
    for command in (run, worker):
        _place_options(command)
    return parser


def _telling_options(inspect: argparse.ArgumentParser) -> None:
    """Add what says better than the results what they mean; it is remembered."""
    inspect.add_argument(
        "--objective", metavar="NAME", action="append", default=[], help="the column that counts"
    )
    inspect.add_argument(
        "--direction",
        action="append",
        default=[],
        choices=("minimize", "maximize"),
        help="of the objective",
    )
    inspect.add_argument(
        "--column",
        metavar="NAME=KIND",
        action="append",
        default=[],
        help="what a column is: param, param:log, param:linear, objective:minimize, "
        "objective:maximize, metric, number, state or ignore",
    )


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


def _importance_command(commands: Any) -> argparse.ArgumentParser:
    importance = _command(
        commands, "importance", _importance, "tell which hyperparameters explain the results"
    )
    importance.add_argument("source", metavar="SOURCE", help="file, folder or storage URL")
    importance.add_argument(
        "--metric", metavar="NAME", help="objective or metric; or failure, gain"
    )
    part = importance.add_mutually_exclusive_group()
    part.add_argument(
        "--top",
        metavar="SHARE",
        type=float,
        help="only where results are as good as the best share",
    )
    part.add_argument(
        "--threshold", metavar="VALUE", type=float, help="only where results are at least so good"
    )
    importance.add_argument(
        "--study",
        metavar="NAME",
        action="append",
        default=[],
        help="where the source holds several; given again, all of them with the study as a parameter",
    )
    importance.add_argument("--json", action="store_true", help="write JSON")
    return importance


def _steering_commands(commands: Any) -> tuple[argparse.ArgumentParser, ...]:
    pause = _command(commands, "pause", _pause, "let a job rest; what is under way ends first")
    resume = _command(commands, "resume", _resume, "let a paused job go on")
    change = _command(commands, "change", _change, "change the budget of a job, also while it runs")
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


def _command(
    commands: Any, name: str, function: Callable[[argparse.Namespace], int], text: str
) -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = commands.add_parser(name, help=text, description=text)
    parser.set_defaults(command=function)
    return parser


def _inspect(options: argparse.Namespace) -> int:
    from hypertendril.readers import Source, inspect_json  # noqa: PLC0415
    from hypertendril.readers.telling import kind_of, roles_said  # noqa: PLC0415
    from hypertendril.readers.told import UntoldTableError  # noqa: PLC0415

    answers, source = _answers(options), Source.parse(options.source)
    if options.objective or options.direction or options.column:
        columns = answers.columns(source)
        said = roles_said(columns, options.objective, options.direction, options.column)
        answers.tell(source, said)
    try:
        studies = [inspect_json(study) for study in answers.read(source)]
    except UntoldTableError as error:
        guessed = ", ".join(f"{c.name} ({kind_of(c)})" for c in answers.columns(source))
        raise HyperTendrilError(f"{error.args[0]} {TELL} It looks like: {guessed}.") from None
    if options.json:
        _write_json({"studies": studies})
        return 0
    for study in studies:
        _write(_study_line(study))
        for skipped in study["skipped"]:
            _write(f"  {'guessed' if skipped['is_guess'] else 'left out'}: {skipped['reason']}")
    if any(skipped["is_guess"] for study in studies for skipped in study["skipped"]):
        _write(TELL)
    return 0


def _answers(options: argparse.Namespace) -> Any:
    """Return what was said about results, on this command line or on the page."""
    from hypertendril.store.answers import Answers  # noqa: PLC0415

    return Answers(_settings(options).data)


def _read(options: argparse.Namespace) -> Any:
    """Return the studies of a source as they were told."""
    from hypertendril.readers import Source  # noqa: PLC0415

    return _answers(options).read(Source.parse(options.source))


def _importance(options: argparse.Namespace) -> int:
    from hypertendril.analysis.importance_report import Part, importance_json  # noqa: PLC0415

    part = Part(options.top, options.threshold)
    found = importance_json(_named_studies(options), options.metric, part)
    if options.json:
        _write_json(found)
        return 0
    r2 = "unknown" if found["r2"] is None else f"{found['r2']:.2f}"
    _write(
        f"{found['study']}: {found['metric']}, {found['n_trials']} trials, "
        f"{found['surrogate']}, R2 {r2}"
    )
    effects = found["singles"] | found["pairs"] | {"(higher order)": found["higher_order"]}
    for name, share in sorted(effects.items(), key=lambda item: -item[1]):
        if share >= 0.001 or name in found["singles"]:
            sd = f" +- {found['band'][name]:.3f}" if name in found["band"] else ""
            _write(f"  {share:.3f}{sd:<9}  {name.replace('|', ' x ')}")
    for warning in found["warnings"]:
        _write(f"  {warning}")
    return 0


def _named_studies(options: argparse.Namespace) -> list[Any]:
    """Return the studies of a source that were named, in that order; without names its only one."""
    studies = [found.as_study() for found in _read(options)]
    if not options.study and len(studies) != 1:
        names = ", ".join(study.name for study in studies)
        raise HyperTendrilError(
            f"{options.source} holds {len(studies)} studies: name one with --study ({names})."
        )
    for name in options.study:
        if all(study.name != name for study in studies):
            raise HyperTendrilError(f"{options.source}: there is no study {name!r}.")
    wanted = dict.fromkeys(options.study) or [studies[0].name]
    return [study for name in wanted for study in studies if study.name == name]


def _convert(options: argparse.Namespace) -> int:
    from hypertendril.readers.convert import WARNING, convert  # noqa: PLC0415

    print(f"hypertendril: {WARNING}", file=sys.stderr)  # noqa: T201 - it is the face
    if not options.i_trust_this_file:
        raise HyperTendrilError("Nothing was done. Add --i-trust-this-file to go on.")
    framework = convert(options.source, options.out)
    _write(f"{options.out}: {framework}")
    return 0


def _export(options: argparse.Namespace) -> int:
    from hypertendril.exports import write_studies  # noqa: PLC0415

    studies = _read(options)
    if options.study is not None:
        names = [study.header.name for study in studies]
        studies = tuple(study for study in studies if study.header.name == options.study)
        if not studies:
            known = ", ".join(map(repr, names[:10])) or "none"
            raise HyperTendrilError(f"There is no study {options.study!r}; there are: {known}.")
    if not studies:
        raise HyperTendrilError(f"{options.source}: there is no study in it.")
    for lost in write_studies(studies, options.out, options.format):
        print(f"hypertendril: {lost}", file=sys.stderr)  # noqa: T201 - it is the face
    _write(str(options.out))
    return 0


def _study_line(study: dict[str, Any]) -> str:
    counts = ", ".join(f"{n} {state}" for state, n in study["counts"].items() if n)
    goals = ", ".join(f"{o['name']} ({o['direction']})" for o in study["objectives"])
    best = study["best"]
    best_text = f"; best {best['value']:.6g} in trial {best['number']}" if best else ""
    return (
        f"{study['name']}: {study['framework']}, {study['method']['name']}, {goals}; "
        f"{len(study['space'])} parameters; {counts or 'no trials'}{best_text}"
    )


def _run(options: argparse.Namespace) -> int:
    from hypertendril.jobs.foreground import run_here  # noqa: PLC0415

    settings = _settings(options)
    spec = _read_job(options, settings)
    if options.export is not None and not options.export.absolute().parent.is_dir():
        raise HyperTendrilError(f"{options.export}: there is no such folder to export to.")
    # Ray tells of lost processes on stdout, which is for results alone.
    with _quiet_log(), redirect_stdout(sys.stderr):
        job, study = run_here(spec, settings)
    if options.export is not None:
        from hypertendril.readers import write_generic  # noqa: PLC0415

        write_generic(study, options.export)
    if options.json:
        _write_json(_job_json(job))
    else:
        _write(job.id)
    if job.message:
        print(f"hypertendril: {job.message}", file=sys.stderr)  # noqa: T201 - it is the face
    return 0 if job.state == "done" else NOT_DONE


def _submit(options: argparse.Namespace) -> int:
    settings = _settings(options)
    spec = _read_job(options, settings)
    with _queue(settings) as queue:
        job_id = queue.submit(spec, options.key)
        if options.json:
            _write_json(_job_json(queue.job(job_id)))
        else:
            _write(job_id)
    return 0


def _jobs(options: argparse.Namespace) -> int:
    with _queue(_settings(options)) as queue:
        jobs = queue.jobs()
    if options.json:
        _write_json({"jobs": [_job_json(job) for job in jobs]})
        return 0
    for job in jobs:
        best = "" if job.progress.best is None else f"  best {job.progress.best:.6g}"
        message = f"  {_one_line(job.message)}" if job.message else ""
        done = f"{job.progress.done}/{job.spec.budget.trials}"
        _write(f"{job.id}  {_state_word(job):<11}  {done:>9}  {job.spec.name}{best}{message}")
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
    with _queue(_settings(options)) as queue:
        change(queue)
        job = queue.job(options.id)
    if options.json:
        _write_json(_job_json(job))
    else:
        _write(f"{job.id}  {_state_word(job)}")
    return 0


def _worker(options: argparse.Namespace) -> int:
    from hypertendril.jobs.worker import work  # noqa: PLC0415

    work(_settings(options), only_if_none=options.only_if_none)
    return 0


def _settings(options: argparse.Namespace) -> Settings:
    return Settings.find(
        options.data,
        getattr(options, "objectives", None),
        executor=getattr(options, "executor", None),
        address=getattr(options, "address", None),
        checkpoints=getattr(options, "checkpoints", None),
        beside=getattr(options, "job", None),
    )


def _read_job(options: argparse.Namespace, settings: Settings) -> Any:
    from hypertendril.jobs.earlier import StudyFinder  # noqa: PLC0415
    from hypertendril.jobs.objectives import load_registry  # noqa: PLC0415
    from hypertendril.jobs.spec import JobSpec  # noqa: PLC0415

    find = StudyFinder(settings.store, options.job.absolute().parent)
    return JobSpec.from_file(options.job, load_registry(settings.objectives), find)


@contextmanager
def _queue(settings: Settings) -> Iterator[Any]:
    from hypertendril.jobs.queue import JobQueue  # noqa: PLC0415

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


def _one_line(error: object) -> str:
    return " ".join(str(error).split("\n", 1)[0].split())


def _write(line: str) -> None:
    sys.stdout.write(line + "\n")


def _write_json(data: Any) -> None:
    sys.stdout.write(json.dumps(data, indent=2, allow_nan=False) + "\n")
