"""What `metadata.json` of Syne Tune says of an experiment: goals, space, scheduler."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from hypertendril.model import Direction, Method, Objective
from hypertendril.readers.drafts.directions import direction_of
from hypertendril.readers.drafts.draft import NAN
from hypertendril.readers.files.json_text import as_number, clean
from hypertendril.readers.folders import as_dict, as_list
from hypertendril.readers.losses import Losses
from hypertendril.readers.syne_tune.space import SyneSpace, read_config_space

_METHODS = {
    "FIFOScheduler": "",
    "RandomSearch": "random",
    "GridSearch": "grid",
    "BayesianOptimization": "gp",
    "PopulationBasedTraining": "pbt",
    "BOHB": "bohb",
    "AsyncBOHB": "bohb",
    "ASHA": "asha",
    "HyperbandScheduler": "asha",
    "MOBSTER": "gp + asha",
    "MedianStoppingRule": "median stopping",
    "MOASHA": "asha",
    "SyncHyperband": "hyperband",
    "SyncBOHB": "bohb",
    "SyncMOBSTER": "gp + hyperband",
    "DEHB": "dehb",
}
_HALVING = ("asha", "hyperband", "halving", "bohb", "mobster", "dehb", "hypertune")


@dataclass(frozen=True)
class Setup:
    """What the metadata says of the experiment."""

    objectives: tuple[Objective, ...]
    space: SyneSpace
    scheduler: str
    options: Mapping[str, Any]
    created: float

    @property
    def is_population(self) -> bool:
        """Whether trials are clones of others."""
        return "population_size" in self.options or "PopulationBased" in self.scheduler

    @property
    def is_halving(self) -> bool:
        """Whether trials are compared at rungs."""
        words = self.scheduler.lower()
        named = any(word in words for word in _HALVING)
        return not self.is_population and ("reduction_factor" in self.options or named)

    @property
    def interval(self) -> int | None:
        """Every how many steps the population is compared; None where that is not recorded."""
        number = as_number(self.options.get("perturbation_interval"))
        return int(number) if number is not None and 1 <= number < 2**31 else None


def read_setup(data: Mapping[str, Any], losses: Losses) -> Setup:
    """Return what the metadata says; a direction that is not there is guessed."""
    named = data.get("metric_names") or data.get("metric") or []
    names = [named] if isinstance(named, str) else [n for n in as_list(named) if isinstance(n, str)]
    modes = data.get("metric_mode") or data.get("mode") or []
    modes = [modes] * len(names) if isinstance(modes, str) else as_list(modes)
    options = as_dict(data.get("scheduler_kwargs"))
    objectives = []
    for i, name in enumerate(names or ["value"]):
        mode = modes[i] if i < len(modes) else None
        if mode not in ("min", "max"):
            minimize = options.get("do_minimize")
            if isinstance(minimize, bool):
                mode = "min" if minimize else "max"
            else:
                guess, _ = direction_of(name)
                mode = guess.value[:3]
                losses.guess(f"the direction of {name!r} is not recorded; {guess} is assumed")
        direction = Direction.MINIMIZE if mode == "min" else Direction.MAXIMIZE
        objectives.append(Objective(clean(name), direction))
    created = as_number(data.get("st_tuner_start_timestamp"))
    return Setup(
        tuple(objectives),
        read_config_space(data.get("config_space"), losses),
        str(data.get("scheduler_name") or ""),
        options,
        NAN if created is None else created,
    )


def method_of(setup: Setup, *, has_rungs: bool) -> Method:
    """Return the searcher and the scheduler."""
    name = _METHODS.get(setup.scheduler, setup.scheduler)
    searcher = setup.options.get("searcher")
    parts = [searcher if isinstance(searcher, str) else "", name]
    method = " + ".join(dict.fromkeys(filter(None, parts))) or ("asha" if has_rungs else "unknown")
    kept = {
        key: value
        for key, value in setup.options.items()
        if isinstance(value, (int, float, str)) and not key.startswith("num_")
    }
    return Method(method, {"scheduler": setup.scheduler, **kept})
