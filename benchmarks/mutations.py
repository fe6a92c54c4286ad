"""Damage done to a source of every format, as often as it is told, and what came of it.

    python -m benchmarks.mutations --per-reader 100000 [--only READER ...]

Half of the mutations cut one file of the source: at every byte, or as many places, evenly spread,
as the number allows. The other half flip bits or put a piece of something else in place of a
piece. Each damaged source is read and used; any error but the one that says what is wrong counts
as unhandled, and so does a cut that loses records and reports nothing.
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
import traceback
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from hypertendril.errors import SourceFormatError
from hypertendril.readers import Source
from tests.contract.formats import FORMATS
from tests.contract.run_formats import Format
from tests.faults.damaged_runs import Tally, damaged, reader_of, use

MOST_SHOWN = 3  # unhandled errors printed in full, of each reader


@dataclass
class Report:
    """What came of the mutations of one reader."""

    tally: Tally = field(default_factory=Tally)
    cuts: int = 0
    changes: int = 0
    silent: list[str] = field(default_factory=list)
    unhandled: list[str] = field(default_factory=list)


def files_of(source: Source) -> list[Path]:
    """Return the files of a source that have something in them."""
    place = source.file
    found = sorted(place.rglob("*")) if place.is_dir() else [place]
    return [path for path in found if path.is_file() and path.stat().st_size]


def cuts(files: list[Path], count: int) -> Iterator[tuple[Path, int]]:
    """Yield places to cut at: all there are, or `count` of them, evenly spread."""
    total = sum(path.stat().st_size for path in files)
    chosen = iter(range(0, total, max(1, -(-total // count))))
    at, start = next(chosen, None), 0
    for path in files:
        size = path.stat().st_size
        while at is not None and at < start + size:
            yield path, at - start
            at = next(chosen, None)
        start += size


def attack(form: Format, folder: Path, count: int, seed: int) -> Report:
    """Damage a source of a format `count` times; about half of it are cuts."""
    report = Report()
    source = form.make(folder)
    files = files_of(source)
    whole = {path: path.read_bytes() for path in files}
    before = records(form, source)
    for path, size in cuts(files, count // 2):
        report.cuts += 1
        path.write_bytes(whole[path][:size])
        _try(form, source, report, f"{path.name} cut at {size}")
        is_between_lines = whole[path][size : size + 1] == b"\n" or whole[path][:size][-1:] == b"\n"
        if size and not is_between_lines and loses_silently(form, source, before):
            report.silent.append(f"{path.name} cut at {size}")
        path.write_bytes(whole[path])
    chance = random.Random(seed)
    while report.cuts + report.changes < count:
        report.changes += 1
        path = chance.choice(files)
        path.write_bytes(damaged(whole[path], chance, cuts=False))
        _try(form, source, report, f"{path.name}, change {report.changes}")
        path.write_bytes(whole[path])
    return report


def records(form: Format, source: Source) -> int:
    """Return how many trials, evaluations and points are read from a source."""
    found = reader_of(form).read(source)
    return sum(len(f.trials) + len(f.evaluations) + len(f.curves) for f in found)


def loses_silently(form: Format, source: Source, before: int) -> bool:
    """Return whether fewer records are read than before, and nothing of that is said."""
    try:
        found = reader_of(form).read(source)
    except SourceFormatError:
        return False
    is_told = any(study.header.skipped for study in found)
    return bool(found) and not is_told and records(form, source) < before


def _try(form: Format, source: Source, report: Report, what: str) -> None:
    try:
        use(form, source, report.tally)
    except Exception:  # noqa: BLE001 (they are what is looked for)
        report.unhandled.append(f"{what}\n{traceback.format_exc()}")


def main() -> int:
    """Print one line a reader; 1 where an error was not handled."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.mutations", description=__doc__)
    parser.add_argument("--per-reader", type=int, default=1000, metavar="N")
    parser.add_argument("--only", nargs="+", default=[], metavar="READER")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    failed = 0
    for form in FORMATS:
        if form.reader == "optuna-url" or (options.only and form.reader not in options.only):
            continue  # a database server keeps its own files
        with tempfile.TemporaryDirectory() as folder:
            report = attack(form, Path(folder), options.per_reader, options.seed)
        failed += bool(report.unhandled)
        print(
            f"{form.reader}: {report.cuts} cuts, {report.changes} changes; "
            f"{report.tally.read} read, {report.tally.refused} refused; "
            f"{len(report.unhandled)} unhandled, {len(report.silent)} cuts silent",
            *report.silent[:MOST_SHOWN],
            *report.unhandled[:MOST_SHOWN],
            sep="\n  ",
            flush=True,
        )
    return bool(failed)


if __name__ == "__main__":
    sys.exit(main())
