"""The one primitive all methods run on: train from here to there, and what comes back.

Methods decide which segment comes next, an executor runs it, the runner writes results.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Protocol, Self

from hypertendril.model import Choice


@dataclass(frozen=True, slots=True)
class Segment:
    """A stretch of training of one trial.

    Attributes:
        number: Number of the trial.
        params: Its active parameters as the user writes them.
        seed: For the code's own random numbers; depends on the study's seed and the number.
        from_step: Steps that are done already.
        to_step: Steps that shall be done at the end; None leaves it to the code.
        checkpoint: Folder to go on from; None to begin.
        checkpoint_dir: Folder to leave a checkpoint in; made when asked for.
    """

    number: int
    params: Mapping[str, Choice]
    seed: int
    checkpoint_dir: Path
    from_step: int = 0
    to_step: int | None = None
    checkpoint: Path | None = None

    def to_json(self) -> dict[str, Any]:
        """Return the JSON form; `from_json` gives an equal segment back."""
        return asdict(self) | {
            "checkpoint": self.checkpoint and str(self.checkpoint),
            "checkpoint_dir": str(self.checkpoint_dir),
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """Return the segment a process of ours described."""
        checkpoint = data["checkpoint"]
        paths = {
            "checkpoint": None if checkpoint is None else Path(checkpoint),
            "checkpoint_dir": Path(data["checkpoint_dir"]),
        }
        return cls(**{**data, **paths})


@dataclass(frozen=True, slots=True)
class Reported:
    """Metrics a trial reported at a step."""

    number: int
    step: float
    metrics: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Ended:
    """A segment that came to its end.

    Attributes:
        metrics: What it returned; a bare number stands under the empty name.
        error: Why it failed; None if it did not.
        is_pruned: Its own code gave it up.
    """

    number: int
    metrics: Mapping[str, float]
    error: str | None = None
    is_pruned: bool = False


Event = Reported | Ended


class Executor(Protocol):
    """Something that runs segments, several at a time."""

    @property
    def free(self) -> int:
        """How many more segments can be started now."""
        ...

    def start(self, segment: Segment) -> None:
        """Begin a segment; there must be room for it."""
        ...

    def resize(self, size: int) -> None:
        """Run up to `size` segments from now on; those that are too many come to their end."""
        ...

    def stop(self, number: int, reason: str) -> None:
        """End the segment of trial `number`, if it is under way: it has failed for `reason`."""
        ...

    def wait(self, timeout_seconds: float) -> list[Event]:
        """Return what happened, as soon as anything did, empty after the time given.

        Raises:
            JobError: The objective cannot be loaded, so that no segment will ever run.
            ClusterError: Where they run was lost with all of them.
        """
        ...

    def close(self, grace_seconds: float = 0.0) -> None:
        """Stop whatever runs: asked to, then killed with all it started."""
        ...
