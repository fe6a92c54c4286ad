"""Damage done to a source of every format, as often as it is told, and what came of it.

    python -m benchmarks.mutations --per-reader 100000 [--jobs 2] [--only READER ...]

The sources are small (`small_sources`), so that the damage comes everywhere. Half of the mutations
cut one file of the source: at every byte, or as many places, evenly spread, as the number allows.
The other half flip bits or put a piece of something else in place of a piece. Each damaged source
is read and used; any error but the one that says what is wrong counts as unhandled. A cut that
loses records and reports nothing counts as silent, unless it ends between two lines, or between
two records of an event file: then nothing shows that there was more.

All readers advance together, and their cuts come in random order, so that a run that is ended
early (Ctrl-C prints what came of it) has done as much to each. `TMPDIR=/dev/shm` spares the disk.
"""

from __future__ import annotations

import argparse
import random
import signal
import sys
import tempfile
import traceback
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass, field
from itertools import islice
from multiprocessing import get_context
from pathlib import Path

from tqdm import tqdm

from benchmarks.small_sources import small_source
from hypertendril.readers import ReadStudy, Source
from hypertendril.readers.trackers.event_files import HEADER_BYTES, is_event_file
from tests.contract.formats import FORMATS
from tests.contract.run_formats import Format
from tests.faults.damaged_runs import Tally, damaged, use

MOST_SHOWN = 3  # unhandled errors printed in full, of each reader
PART = 1000  # mutations done in one go by a process


@dataclass
class Report:
    """What came of the mutations of one source."""

    tally: Tally = field(default_factory=Tally)
    cuts: int = 0
    changes: int = 0
    silent: list[str] = field(default_factory=list)
    unhandled: list[str] = field(default_factory=list)

    def add(self, other: Report) -> None:
        """Count what came of other mutations of the source."""
        self.tally.read += other.tally.read
        self.tally.refused += other.tally.refused
        self.cuts += other.cuts
        self.changes += other.changes
        self.silent += other.silent
        self.unhandled += other.unhandled

    def __str__(self) -> str:
        """Tell it in one line, with the first of what should not be."""
        line = (
            f"{self.cuts} cuts, {self.changes} changes; "
            f"{self.tally.read} read, {self.tally.refused} refused; "
            f"{len(self.unhandled)} unhandled, {len(self.silent)} cuts silent"
        )
        return "\n  ".join([line, *self.silent[:MOST_SHOWN], *self.unhandled[:MOST_SHOWN]])


@dataclass(frozen=True)
class Part:
    """Some of the mutations of one source: `count` of `total`, from number `first` on.

    The first half of them are cuts, as long as there are places to cut at.

    Attributes:
        form: Position of the format in `FORMATS`.
    """

    form: int
    first: int
    count: int
    total: int
    seed: int


def attack(part: Part) -> Report:
    """Damage a source again and again."""
    with tempfile.TemporaryDirectory() as folder:
        return _Attack(FORMATS[part.form], Path(folder)).run(part)


class _Attack:
    """Damages one source, one file at a time."""

    def __init__(self, form: Format, folder: Path) -> None:
        self._form = form
        self._source = small_source(form, folder)
        self._whole = {path: path.read_bytes() for path in _files_of(self._source)}
        before = use(form, self._source, Tally()) or ()
        self._records = _records(before)
        self._said = _said(before)
        self._report = Report()

    def run(self, part: Part) -> Report:
        """Do one part of the mutations."""
        cuts = list(_cuts(self._whole, part.total // 2))
        random.Random(part.seed).shuffle(cuts)
        own = cuts[part.first // 2 : (part.first + part.count) // 2]
        for path, size in own:
            self._cut(path, size)
        chance = random.Random(f"{part.seed}/{part.first}")
        for _ in range(part.count - len(own)):
            self._change(chance)
        return self._report

    def _cut(self, path: Path, size: int) -> None:
        self._report.cuts += 1
        whole = self._whole[path]
        found = self._try(path, whole[:size], f"cut at {size}")
        if size and found and not _is_between(whole, size) and self._loses_silently(found):
            self._report.silent.append(f"{path.name} cut at {size}")

    def _change(self, chance: random.Random) -> None:
        self._report.changes += 1
        path = chance.choice(list(self._whole))
        data = damaged(self._whole[path], chance, cuts=False)
        self._try(path, data, f"changed to {data!r}" if len(data) < 4096 else "changed")

    def _try(self, path: Path, data: bytes, what: str) -> tuple[ReadStudy, ...] | None:
        path.write_bytes(data)
        try:
            return use(self._form, self._source, self._report.tally)
        except Exception:  # noqa: BLE001 (they are what is looked for)
            self._report.unhandled.append(f"{path.name} {what}\n{traceback.format_exc()}")
            return None
        finally:
            path.write_bytes(self._whole[path])

    def _loses_silently(self, found: Sequence[ReadStudy]) -> bool:
        """Return whether fewer records were read than before, and nothing of that is said."""
        return _records(found) < self._records and _said(found) <= self._said


def _files_of(source: Source) -> list[Path]:
    """Return the files of a source that have something in them."""
    place = source.file
    found = sorted(place.rglob("*")) if place.is_dir() else [place]
    return [path for path in found if path.is_file() and path.stat().st_size]


def _cuts(whole: dict[Path, bytes], count: int) -> Iterator[tuple[Path, int]]:
    """Yield places to cut at: all there are, or `count` of them, evenly spread."""
    places = ((path, size) for path, data in whole.items() for size in range(len(data)))
    total = sum(map(len, whole.values()))
    return islice(places, 0, None, max(1, -(-total // max(1, count))))


def _is_between(whole: bytes, size: int) -> bool:
    """Return whether a file that is cut there ends as a whole one might."""
    if is_event_file(whole):
        end = 0
        while end < size:
            end += HEADER_BYTES + int.from_bytes(whole[end : end + 8], "little") + 4
        return end == size
    return whole[size : size + 1] == b"\n" or whole[:size][-1:] == b"\n"


def _records(found: Sequence[ReadStudy]) -> int:
    """Return how many trials, evaluations and points there are."""
    return sum(len(f.trials) + len(f.evaluations) + len(f.curves) for f in found)


def _said(found: Sequence[ReadStudy]) -> set[str]:
    return {skipped.reason for study in found for skipped in study.header.skipped}


def _title(form: int) -> str:
    """Return the name of a reader, with a number where it has several sources."""
    name = FORMATS[form].reader
    same = [i for i, other in enumerate(FORMATS) if other.reader == name]
    return name if len(same) == 1 else f"{name} ({same.index(form) + 1} of {len(same)})"


def _parts(forms: Sequence[int], total: int, seed: int) -> list[Part]:
    return [
        Part(form, first, min(PART, total - first), total, seed)
        for first in range(0, total, PART)
        for form in forms
    ]


def _chosen(names: Sequence[str]) -> list[int]:
    """Return the formats to attack: not a database server, which keeps its own files."""
    wanted = names or [form.reader for form in FORMATS if form.reader != "optuna-url"]
    return [i for i, form in enumerate(FORMATS) if form.reader in wanted]


def _run(parts: Sequence[Part], jobs: int, reports: dict[int, Report]) -> None:
    """Do all parts in processes of their own, until somebody interrupts it."""
    deaf = signal.signal, (signal.SIGINT, signal.SIG_IGN)  # a part that was begun is ended
    with (
        ProcessPoolExecutor(jobs, get_context("spawn"), *deaf) as pool,
        tqdm(total=sum(part.count for part in parts), unit="mutation") as bar,
    ):
        running = {pool.submit(attack, part): part for part in parts}
        try:
            for future in as_completed(running):
                part, found = running[future], future.result()
                reports[part.form].add(found)
                bar.update(part.count)
                if found.silent or found.unhandled:
                    bar.write(f"{_title(part.form)}, number {part.first} on: {found}", sys.stderr)
        except KeyboardInterrupt:
            pool.shutdown(wait=False, cancel_futures=True)


def main() -> int:
    """Print one line a source; 1 where an error was not handled."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.mutations", description=__doc__)
    parser.add_argument("--per-reader", type=int, default=1000, metavar="N")
    parser.add_argument("--only", nargs="+", default=[], metavar="READER")
    parser.add_argument("--jobs", type=int, default=1, metavar="N", help="processes")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    reports = {form: Report() for form in _chosen(options.only)}
    _run(_parts(list(reports), options.per_reader, options.seed), options.jobs, reports)
    for form, report in reports.items():
        print(f"{_title(form)}: {report}")
    return any(report.unhandled for report in reports.values())


if __name__ == "__main__":
    sys.exit(main())
