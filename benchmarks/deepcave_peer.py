"""What DeepCAVE needs to load folders: to be run by the Python that has it, not by ours.

    PYTHON benchmarks/deepcave_peer.py FOLDER ...

Prints a JSON list, for each folder the milliseconds of CPU of every load (a list each): `alone` of
the converter that knows the folder, `handler` of all of them, as its run handler asks them, and
`encoded` of the table its views draw from.
"""

from __future__ import annotations

import importlib
import json
import logging
import sys
import time
import warnings
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

LOADS = 6  # the first of them imports what is imported late; whoever reads this leaves it out


def _timed(action: Callable[[], Any]) -> tuple[float, Any]:
    begun = time.process_time()
    found = action()
    return (time.process_time() - begun) * 1000, found


def _tried(converter: Any, folder: Path) -> Any:
    try:
        return converter.from_path(folder)
    except Exception:  # noqa: BLE001 (as in its RunHandler.update_run)
        return None


def _loads(converters: list[Any], folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = {"alone": [], "handler": [], "encoded": []}
    for _ in range(LOADS):
        tried = [_timed(partial(_tried, c, folder)) for c in converters]
        cost, run = next((cost, run) for cost, run in tried if run is not None)
        found["alone"].append(cost)
        found["handler"].append(sum(cost for cost, _ in tried))
        table = partial(run.get_encoded_data, run.get_objectives()[0])
        found["encoded"].append(_timed(table)[0])
        found["trials"] = len(run.history)
    return found


def main() -> None:
    """Print what each folder cost."""
    warnings.simplefilter("ignore")
    logging.disable()
    converters = importlib.import_module("deepcave.config").Config().CONVERTERS
    print(json.dumps([_loads(converters, Path(folder)) for folder in sys.argv[1:]]))


if __name__ == "__main__":
    main()
