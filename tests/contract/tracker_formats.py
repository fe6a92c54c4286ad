"""Sources of the formats of trackers and services, and how each of them grows by one trial."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

from hypertendril.readers import Source
from tests.contract.run_formats import Format

LOGS = Path(__file__).parents[1] / "data" / "trackers"


def log_of(name: str) -> Callable[[Path], Source]:
    def make(folder: Path) -> Source:
        place = folder / "source"
        (shutil.copytree if (LOGS / name).is_dir() else shutil.copyfile)(LOGS / name, place)
        return Source.parse(place)

    return make


def _grow_ax(source: Source) -> None:
    data = json.loads(source.file.read_text())
    trials = data["experiment"]["trials"]
    key = 1000 + len(trials)
    trials[str(key)] = trials["0"] | {"index": key}
    source.file.write_text(json.dumps(data))


TRACKER_FORMATS = [
    Format("ax", log_of("ax.json"), _grow_ax),
]
