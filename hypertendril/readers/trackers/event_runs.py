"""TensorBoard's runs without hyperparameters: folders of scalars, perhaps with telling names."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Sequence
from pathlib import Path

from hypertendril.readers.drafts.typed_text import typed
from hypertendril.readers.losses import Losses
from hypertendril.readers.trackers.tracked import TrackedRun

# Keras, and others after it, write a run into two folders and nothing beside them.
SPLITS = frozenset({"train", "training", "validation", "val", "valid", "test", "eval"})
# `lr=0.1,batch_size=32` or `lr=0.1_batch_size=32`: a value ends where the next name begins.
_PAIR = re.compile(r"([A-Za-z][\w.]*)=(.+?)(?=[,;&_\s-]+[A-Za-z][\w.]*=|[,;&/\s]|$)")


def folders_of_runs(places: Collection[Path], root: Path) -> dict[Path, list[Path]]:
    """Return the folder of each run with all folders that hold its scalars.

    A run is the highest folder with event files; what lies below it belongs to it.
    """
    found: dict[Path, list[Path]] = {}
    split = {p.parent for p in places if p.name.lower() in SPLITS and p != root}
    for place in sorted(places):
        above = [p for p in place.parents if p.is_relative_to(root)][::-1]
        owner = next((p for p in (*above, place) if p in places or p in split), place)
        found.setdefault(owner, []).append(place)
    return found


def tell_parameters(runs: Sequence[TrackedRun], losses: Losses) -> None:
    """Give runs the parameters that stand in their names as `name=value`."""
    told = [_PAIR.findall(run.key) for run in runs]
    counts = Counter(n for pairs in told for n in {e for name, _ in pairs for e in _ends(name)})
    # What stands before a name may look like a part of it; a parameter has one name in all runs.
    shared = {name for name, count in counts.items() if 2 * count >= len(runs)}
    for run, pairs in zip(runs, told, strict=True):
        for name, value in pairs:
            own = next((end for end in _ends(name) if end in shared), None)
            if own is not None:
                run.params[own] = typed(value)
    if shared:
        losses.add("parameters are not recorded; they are told from the names of the runs")
    else:
        losses.add("no parameters are recorded: log them with add_hparams to see their effect")


def _ends(name: str) -> list[str]:
    """Return a name, and what is left of it without its first words: `run1_lr`, `lr`."""
    words = name.split("_")
    ends = ["_".join(words[i:]) for i in range(len(words))]
    return [end for end in ends if end[:1].isalpha()]
