"""Commands over results: inspect, importance, diagnose, convert, export."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from hypertendril.cli.options import add_command, add_data, settings_of
from hypertendril.cli.output import require_out, tell, write, write_json
from hypertendril.errors import HyperTendrilError

# What a command needs is imported by it: `jobs` shall not wait for a reader to load.

ONE_STUDY = "the one to look at, where the source holds several"
MOST_GUESSED = 20  # columns whose guessed meaning is written
TELL = (
    "Say it with --objective NAME, --direction minimize|maximize and --column NAME=KIND; "
    "it is remembered."
)


def add_commands(commands: Any) -> None:
    """Add the commands of this module."""
    inspect = add_command(commands, "inspect", _inspect, "show what a reader sees in some results")
    inspect.add_argument("source", metavar="SOURCE", help="file, folder or storage URL")
    inspect.add_argument("--json", action="store_true", help="write JSON")
    _telling_options(inspect)
    importance = _importance_command(commands)
    diagnose = add_command(commands, "diagnose", _diagnose, "tell whether a search behaved")
    diagnose.add_argument("source", metavar="SOURCE", help="file, folder or storage URL")
    diagnose.add_argument("--study", metavar="NAME", action="append", default=[], help=ONE_STUDY)
    diagnose.add_argument("--json", action="store_true", help="write JSON")
    convert = add_command(commands, "convert", _convert, "make JSON or CSV of a pickle")
    convert.add_argument(
        "source",
        metavar="SOURCE",
        type=Path,
        help="the pickle: a study of Optuna, hyperopt or Orion, or a DataFrame",
    )
    convert.add_argument(
        "out", metavar="OUT", type=Path, help="JSON file to write; of a DataFrame CSV"
    )
    convert.add_argument(
        "--i-trust-this-file", action="store_true", help="needed: see the warning it prints"
    )
    export = add_command(commands, "export", _export, "write results in another form")
    export.add_argument("source", metavar="SOURCE", help="file, folder or storage URL")
    export.add_argument("out", metavar="OUT", type=Path, help="the file to write")
    export.add_argument(
        "--format",
        choices=("json", "csv", "parquet", "optuna"),
        help="of OUT (default: as its name ends, else json)",
    )
    export.add_argument("--study", metavar="NAME", help="the one to write, where there are several")
    add_data(inspect, importance, diagnose, export)


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
        "objective:maximize, metric, number, state, started, ended, id, step, resource or ignore",
    )


def _importance_command(commands: Any) -> argparse.ArgumentParser:
    importance = add_command(
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


def _inspect(options: argparse.Namespace) -> int:
    from hypertendril.cli.reading import reading_shown  # noqa: PLC0415
    from hypertendril.readers import Source, inspect_json  # noqa: PLC0415
    from hypertendril.readers.tables.telling import kind_of, roles_said  # noqa: PLC0415
    from hypertendril.readers.tables.told import UntoldTableError  # noqa: PLC0415

    answers, source = _answers(options), Source.parse(options.source)
    if options.objective or options.direction or options.column:
        columns = answers.columns(source)
        said = roles_said(columns, options.objective, options.direction, options.column)
        answers.tell(source, said)
    try:
        with reading_shown():
            studies = [inspect_json(study) for study in answers.read(source)]
    except UntoldTableError as error:
        columns = answers.columns(source)
        guessed = ", ".join(f"{c.name} ({kind_of(c)})" for c in columns[:MOST_GUESSED])
        if len(columns) > MOST_GUESSED:
            guessed += f", and {len(columns) - MOST_GUESSED} more"
        raise HyperTendrilError(f"{error.args[0]} {TELL} It looks like: {guessed}.") from None
    if options.json:
        write_json({"studies": studies})
        return 0
    for study in studies:
        write(_study_line(study))
        for skipped in study["skipped"]:
            write(f"  {'guessed' if skipped['is_guess'] else 'left out'}: {skipped['reason']}")
    if any(skipped["is_guess"] for study in studies for skipped in study["skipped"]):
        write(TELL)
    return 0


def _answers(options: argparse.Namespace) -> Any:
    """Return what was said about results, on this command line or on the page."""
    from hypertendril.store.answers import Answers  # noqa: PLC0415

    return Answers(settings_of(options).data)


def _read(options: argparse.Namespace) -> Any:
    """Return the studies of a source as they were told."""
    from hypertendril.cli.reading import reading_shown  # noqa: PLC0415
    from hypertendril.readers import Source  # noqa: PLC0415

    with reading_shown():
        return _answers(options).read(Source.parse(options.source))


def _importance(options: argparse.Namespace) -> int:
    from hypertendril.analysis.importance.report import Part, importance_json  # noqa: PLC0415

    part = Part(options.top, options.threshold)
    found = importance_json(_named_studies(options), options.metric, part)
    if options.json:
        write_json(found)
        return 0
    r2 = "unknown" if found["r2"] is None else f"{found['r2']:.2f}"
    write(
        f"{found['study']}: {found['metric']}, {found['n_trials']} trials, "
        f"{found['surrogate']}, R2 {r2}"
    )
    effects = found["singles"] | found["pairs"] | {"(higher order)": found["higher_order"]}
    for name, share in sorted(effects.items(), key=lambda item: -item[1]):
        if share >= 0.001 or name in found["singles"]:
            sd = f" +- {found['band'][name]:.3f}" if name in found["band"] else ""
            write(f"  {share:.3f}{sd:<9}  {name.replace('|', ' x ')}")
    for warning in found["warnings"]:
        write(f"  {warning}")
    return 0


def _diagnose(options: argparse.Namespace) -> int:
    from hypertendril.guidance.diagnosis import Verdict, diagnose  # noqa: PLC0415

    if len(options.study) > 1:
        raise HyperTendrilError("One search is diagnosed at a time: give --study once.")
    (study,) = _named_studies(options)
    findings = diagnose(study)
    if options.json:
        found = [finding.to_json() for finding in findings]
        write_json({"study": study.name, "findings": found})
        return 0
    write(f"{study.name}: {len(study)} trials, {study.header.method.name}")
    width = max(map(len, Verdict))
    for finding in findings:
        write(f"  {finding.verdict.upper():<{width}}  {finding.said}")
        if finding.advice:
            write(f"  {'':<{width}}  -> {finding.advice}")
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
    from hypertendril.readers.pickles.convert import WARNING, convert  # noqa: PLC0415

    tell(WARNING)
    if not options.i_trust_this_file:
        raise HyperTendrilError("Nothing was done. Add --i-trust-this-file to go on.")
    require_out(options.out, options.source)
    framework = convert(options.source, options.out)
    write(f"{options.out}: {framework}")
    return 0


def _export(options: argparse.Namespace) -> int:
    from hypertendril.exports import FORMATS, write_studies  # noqa: PLC0415
    from hypertendril.readers import Source  # noqa: PLC0415

    require_out(options.out, Source.parse(options.source).path)
    as_named = (name for name, form in FORMATS.items() if form.suffix == options.out.suffix)
    studies = _read(options)
    if options.study is not None:
        names = [study.header.name for study in studies]
        studies = tuple(study for study in studies if study.header.name == options.study)
        if not studies:
            known = ", ".join(map(repr, names[:10])) or "none"
            raise HyperTendrilError(f"There is no study {options.study!r}; there are: {known}.")
    if not studies:
        raise HyperTendrilError(f"{options.source}: there is no study in it.")
    for lost in write_studies(studies, options.out, options.format or next(as_named, "json")):
        tell(lost)
    write(str(options.out))
    return 0


def _study_line(study: dict[str, Any]) -> str:
    counts = ", ".join(f"{n} {state}" for state, n in study["counts"].items() if n)
    goals = ", ".join(f"{o['name']} ({o['direction']})" for o in study["objectives"])
    best = study["best"]
    size = len(study["space"])
    best_text = f"; best {best['value']:.6g} in trial {best['number']}" if best else ""
    return (
        f"{study['name']}: {study['framework']}, {study['method']['name']}, {goals}; "
        f"{size} parameter{'' if size == 1 else 's'}; {counts or 'no trials'}{best_text}"
    )
