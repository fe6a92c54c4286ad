"""Trackers that keep a folder a run, several of them in one folder."""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from pathlib import Path

from hypertendril.errors import SourceFormatError
from hypertendril.readers.about import About
from hypertendril.readers.folders import common_name, file_token, shown_as, subfolders
from hypertendril.readers.losses import Losses
from hypertendril.readers.progress import each
from hypertendril.readers.result import ReadStudy, Rereading, Tail
from hypertendril.readers.source import Source
from hypertendril.readers.trackers.tracked import TrackedRun, by_start, study_of


class TrackedFolders:
    """What the readers of such folders have in common: of the folder of all, or of one run."""

    name = ""
    about: About
    tracker = ""
    run_word = "run"  # what the tracker calls one
    watches: tuple[str, ...] = ()  # files of a run that change; the first describes it

    def is_run(self, folder: Path) -> bool:
        """Return whether a folder holds what this tracker writes of a run."""
        raise NotImplementedError

    def read_run(self, folder: Path, losses: Losses) -> tuple[str, TrackedRun]:
        """Return the name of the study a run belongs to, empty for none, and the run.

        Raises:
            SourceFormatError: It can't be read.
        """
        raise NotImplementedError

    def detects(self, source: Source) -> bool:
        """Return whether it is a run, or a folder with one in it."""
        if source.path is None or not source.is_folder:
            return False
        return next(self._runs(source.file), None) is not None

    def read(self, source: Source) -> tuple[ReadStudy, ...]:
        """Return the studies of all runs.

        Raises:
            SourceFormatError: No run can be read.
        """
        losses = Losses(source.shown)
        studies: dict[str, list[TrackedRun]] = {}
        for folder in each(list(self._runs(source.file)), f"{self.run_word}s"):
            try:
                name, run = self.read_run(folder, losses)
            except SourceFormatError as error:
                losses.add(f"{folder.name} was left out: {error}", error.line)
                continue
            studies.setdefault(name or common_name(source.file), []).append(run)
        for place in self._no_runs(source.file):
            losses.add(
                f"{place.parent.name} was left out: {place.name} describes no {self.run_word}."
            )
        if not studies:
            raise source.error(f"holds no {self.run_word} of {self.tracker} that can be read.")
        return tuple(
            shown_as(study_of(by_start(runs), name, self.name, losses.copy()), source)
            for name, runs in studies.items()
        )

    def change_token(self, source: Source) -> Hashable:
        """Return the state of the files of all runs."""
        runs = self._runs(source.file)
        places = [folder / name for folder in runs for name in self.watches]
        return file_token(source.file), tuple(map(file_token, places))

    def follow(self, source: Source) -> Tail:
        """Return a tail that reads everything again."""
        return Rereading(self, source)

    def _runs(self, folder: Path) -> Iterator[Path]:
        """Yield the folders of runs: the folder itself, or those in it."""
        if self.is_run(folder):
            yield folder
            return
        yield from (place for place in subfolders(folder) if self.is_run(place))

    def _no_runs(self, folder: Path) -> Iterator[Path]:
        """Yield what lies where a run's description should, but was cut off or is something else."""
        if not self.is_run(folder):
            places = (place / self.watches[0] for place in subfolders(folder))
            yield from (
                place for place in places if place.is_file() and not self.is_run(place.parent)
            )
