"""Ray Tune: the folder of an experiment, one folder a trial in it."""

from __future__ import annotations

import re
from collections.abc import Hashable
from pathlib import Path

from hypertendril.errors import SourceFormatError
from hypertendril.readers.about import About, Tested
from hypertendril.readers.folders import file_token, head_of, shown_as, subfolders
from hypertendril.readers.losses import Losses
from hypertendril.readers.progress import each
from hypertendril.readers.ray_tune.pbt import GLOBAL, exploits_of
from hypertendril.readers.ray_tune.run import Run
from hypertendril.readers.ray_tune.state import (
    STATE,
    is_state,
    read_state,
    state_files,
    state_token,
)
from hypertendril.readers.ray_tune.study import build_study
from hypertendril.readers.ray_tune.trials import (
    ERROR,
    RESULTS,
    STEP,
    TABLE,
    TrialLog,
    trial_folders,
)
from hypertendril.readers.result import ReadStudy, Tail
from hypertendril.readers.source import Source

LOOKED_AT = 64  # subfolders looked into where there is no state file
_WORD = f'"{STEP}"'.encode()
_FOLDER = re.compile(r"(?:.*_)?(?P<id>[0-9a-f]{5}_\d{5}|[0-9a-f]{8})_(?P<index>\d{1,9})(?:_.*)?")


class RayTune:
    """Reads experiment folders; population-based training is cut into one trial a mutation."""

    name = "ray-tune"
    about = About(
        title="Ray Tune",
        source=(
            "experiment folder with `experiment_state-*.json` and a folder a trial, or one "
            "trial's folder"
        ),
        kept=(
            "each row of `result.json` (or `progress.csv`) as curve points, nested metrics and "
            "configurations as `a/b`; states, times, the end of `error.txt`; rungs of ASHA and "
            "Hyperband; population-based training, see below"
        ),
        lost=(
            "the declared space (it is in pickles): ranges and scales are told from what was "
            "drawn. A value outside is kept and listed. Settings of scheduler and searcher, "
            "except for their names. Brackets: told by the rule that fills them"
        ),
        tested=Tested.REAL,
        logs=(
            "1.13, 2.9.3 and 2.60: PBT (also nested and synchronous), PB2, ASHA, Hyperband, BOHB, median "
            "stopping, random, grid, Optuna and hyperopt search (conditions, two objectives), "
            "function API, restored runs, failed trials"
        ),
    )

    def detects(self, source: Source) -> bool:
        """Return whether it is the folder of an experiment or of one trial, or a file of it."""
        return _experiment(source) is not None

    def read(self, source: Source) -> tuple[ReadStudy, ...]:
        """Return the one study of an experiment."""
        return self.follow(source).advance()

    def change_token(self, source: Source) -> Hashable:
        """Return what the file system says of the state, the exploits and all results."""
        folder = source.file if source.is_folder else source.file.parent
        own = tuple(file_token(folder / name) for name in (RESULTS, TABLE, ERROR))
        # The folder itself changes when a file appears in it: the table, or an error.
        trials = tuple(
            (place, file_token(place), file_token(f"{place}/{RESULTS}"))
            for place in map(str, subfolders(folder))
        )
        return state_token(folder), own, trials

    def follow(self, source: Source) -> Tail:
        """Return a tail that reads new rows only and waits for half-written ones."""
        return _RayTail(source)


def _experiment(source: Source) -> Path | None:
    """Return the folder of the experiment, None where the source is none."""
    if source.path is None:
        return None
    place = source.file
    if not source.is_folder:
        is_state_file = bool(STATE.fullmatch(place.name)) and is_state(place)
        is_results = place.name == RESULTS and _WORD in head_of(place)
        is_exploits = place.name == GLOBAL and bool(state_files(place.parent))
        return place.parent if is_state_file or is_results or is_exploits else None
    if any(is_state(path) for path in state_files(place)) or _WORD in head_of(place / RESULTS):
        return place
    some = subfolders(place)[:LOOKED_AT]
    return place if any(_WORD in head_of(folder / RESULTS) for folder in some) else None


class _RayTail:
    def __init__(self, source: Source) -> None:
        self._source = source
        self._logs: dict[Path, TrialLog] = {}

    def advance(self) -> tuple[ReadStudy, ...]:
        """Read the new rows of all trials and return the study as it stands.

        Raises:
            SourceFormatError: The experiment can't be read (any more).
        """
        folder = _experiment(self._source)
        if folder is None:
            raise self._source.error("is no Ray Tune experiment any more.")
        try:
            study = self._study(folder)
        except OSError as error:
            raise self._source.error(f"can't be read ({error.strerror or error}).") from None
        return (shown_as(study, self._source),)

    def _study(self, folder: Path) -> ReadStudy:
        losses = Losses(str(folder))
        state = read_state(folder, losses)
        is_trial = (folder / RESULTS).is_file()
        places = [folder] if is_trial else list(trial_folders(folder, subfolders))
        self._logs = {
            place: self._logs.get(place) or TrialLog(place, state.metric) for place in places
        }
        for log in each(list(self._logs.values()), "trials"):
            try:
                log.read_on()
            except (OSError, SourceFormatError) as error:
                losses.add(f"{log.folder.name} can't be read: {error}")
            log.finish()
            log.report(losses)
        run = Run(folder, state, exploits_of(folder, losses), losses)
        by_name = {place.name: log for place, log in self._logs.items()}
        for trial in state.trials.values():
            run.add(trial.index, trial, by_name.pop(trial.folder, None))
        for name, log in by_name.items():
            match = _FOLDER.fullmatch(name)
            trial_id = log.trial_id or (match["id"] if match else name)
            known = state.trials.get(trial_id)
            index = known.index if known else int(match["index"]) if match else -1
            if trial_id in state.superseded:
                losses.add(f"{name} was left out: it was started anew when the run was restored")
                continue
            run.add(index, known, log, trial_id)
        return build_study(run)
