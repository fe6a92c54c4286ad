"""How much a job may spend: trials, steps, time, processes."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from hypertendril.jobs.spec import fields

MAX_TRIALS = 1_000_000
MAX_PARALLEL = 256
MAX_STEPS = 10**9
MAX_TOTAL_STEPS = 10**15
MAX_RETRIES = 100
_WHOLE = {
    "trials": (1, MAX_TRIALS),
    "parallel": (1, MAX_PARALLEL),
    "steps": (1, MAX_STEPS),
    "total_steps": (1, MAX_TOTAL_STEPS),
    "retries": (0, MAX_RETRIES),
    "keep_checkpoints": (0, MAX_TRIALS),
}
_KEYS = (
    "trials",
    "parallel",
    "timeout_seconds",
    "steps",
    "total_steps",
    "wall_seconds",
    "retries",
    "keep_checkpoints",
)


@dataclass(frozen=True, slots=True)
class Budget:
    """How much a job may spend. The limit that is reached first ends the study.

    Attributes:
        trials: How many trials the study will have; fewer than were asked for where the
            settings of the method make fewer.
        parallel: How many of them run at the same time, each in a process of its own.
        timeout_seconds: A trial that takes longer is stopped and counts as failed; None for never.
            One that is trained in several segments has as long for each.
        steps: Steps of a full training; None leaves it to the objective.
        total_steps: Steps of all trials together; nothing is begun that would go beyond. None
            for no limit.
        wall_seconds: How long the study may run, rests not counted; what is under way then is
            stopped. None for no limit.
        keep_checkpoints: How many completed trials keep what they saved, the best; None for all.
        retries: How often a trial that failed is run again before it counts as failed.
    """

    trials: int
    parallel: int = 1
    timeout_seconds: float | None = None
    steps: int | None = None
    total_steps: int | None = None
    wall_seconds: float | None = None
    retries: int = 0
    keep_checkpoints: int | None = None

    @classmethod
    def from_json(cls, data: Any, trials: int | None = None, steps: int | None = None) -> Budget:
        """Return the valid budget `data` describes.

        Args:
            data: The JSON form; what is left out or null has its default.
            trials: Default where the method itself says how many trials there are.
            steps: Default the objective gives.

        Raises:
            JobError: Something is missing or invalid; the message names the field.
        """
        table = fields.mapping({} if data is None and trials is not None else data, "budget")
        fields.known_only(table, _KEYS, "budget.")
        given = {"trials": trials, "steps": steps}
        given |= {key: value for key, value in table.items() if value is not None}
        optional = {key: amount(key, value) for key, value in given.items() if value is not None}
        return cls(**{"trials": amount("trials", given["trials"]), **optional})

    def to_json(self) -> dict[str, Any]:
        """Return the JSON form; `from_json` gives an equal budget back."""
        return asdict(self)


def amount(key: str, value: Any) -> Any:
    """Return `value` as the budget's `key` takes it.

    Raises:
        JobError: It makes no sense; the message names the field.
    """
    field = f"budget.{key}"
    if key in _WHOLE:
        low, high = _WHOLE[key]
        return fields.whole(value, field, low=low, high=high)
    return fields.seconds(value, field)
