"""What training code sees of a trial.

The code is a function of one argument:

    def train(trial):
        model = build(**trial.params)
        for epoch in trial.steps():
            ...
            trial.report(epoch, val_accuracy=accuracy, train_loss=loss)
        return {"model_size": size}
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, SupportsFloat

from hypertendril.jobs.segments import Segment

MAX_METRICS = 256
MAX_NAME_LENGTH = 200


class TrialPruned(Exception):  # noqa: N818 - Optuna's word for it
    """The code gave its trial up, which is no failure.

    Args:
        metrics: What is known of the trial all the same.
    """

    def __init__(self, metrics: Mapping[str, float] | None = None) -> None:
        super().__init__("The trial was given up by its own code.")
        self.metrics = dict(metrics or {})


class TrialContext:
    """One trial as the code that trains it sees it.

    Args:
        segment: What to train.
        send: Takes (step, metrics) on their way to the study.
        asked_to_stop: Whether somebody wants the trial to end.
    """

    def __init__(
        self,
        segment: Segment,
        send: Callable[[float, dict[str, float]], None],
        asked_to_stop: Callable[[], bool],
    ) -> None:
        self._segment = segment
        self._send = send
        self._asked_to_stop = asked_to_stop

    @property
    def number(self) -> int:
        """Number of the trial in its study, from 0."""
        return self._segment.number

    @property
    def params(self) -> dict[str, Any]:
        """The active parameters by name."""
        return dict(self._segment.params)

    @property
    def seed(self) -> int:
        """A seed below 2**32 for random numbers of your own: the same when the trial is run again."""
        return self._segment.seed

    @property
    def checkpoint(self) -> Path | None:
        """Folder to load the model from before training on; None for a fresh start."""
        return self._segment.checkpoint

    @property
    def checkpoint_dir(self) -> Path:
        """Folder to save the model in; it exists."""
        self._segment.checkpoint_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        return self._segment.checkpoint_dir

    @property
    def from_step(self) -> int:
        """Steps that are done already: those of the checkpoint, 0 for a fresh start."""
        return self._segment.from_step

    @property
    def to_step(self) -> int | None:
        """Steps that shall be done at the end of this segment; None leaves it to the code."""
        return self._segment.to_step

    @property
    def report_file(self) -> Path:
        """File that code in another language may report into; whoever uses it removes it."""
        folder = self._segment.checkpoint_dir
        return folder.with_name(f"{folder.name}.report.jsonl")

    @property
    def should_stop(self) -> bool:
        """Whether to end soon. `steps` looks at it; code without steps may, between its parts."""
        return self._asked_to_stop()

    def steps(self) -> Iterator[int]:
        """Give the steps to train, counted from 1 over the whole life of the trial.

        Ends where the method wants to look at the trial, or earlier when it has to stop.
        Endless where neither job nor registry says how many steps there are.
        """
        step = self._segment.from_step
        while self._segment.to_step is None or step < self._segment.to_step:
            if self.should_stop:
                return
            step += 1
            yield step

    def report(self, step: SupportsFloat, /, **metrics: Any) -> None:
        """Add a point to the curve of each metric; it is on the screen within a second.

        Args:
            step: Where on the x axis; reporting a step again replaces its point.
            metrics: Numbers by name; NaN and infinite ones are kept.

        Raises:
            TypeError: A metric is not a number.
            ValueError: The step is not finite.
        """
        if not math.isfinite(float(step)):
            raise ValueError(f"The step {step!r} must be a finite number.")
        self._send(float(step), as_numbers(metrics))


def as_numbers(metrics: Mapping[str, Any]) -> dict[str, float]:
    """Return the metrics as plain floats.

    Raises:
        TypeError: A name is no short text, a value is no number, or there are too many.
    """
    if len(metrics) > MAX_METRICS:
        raise TypeError(f"There are {len(metrics)} metrics; at most {MAX_METRICS} are kept.")
    found = {}
    for name, value in metrics.items():
        if not isinstance(name, str) or not name or len(name) > MAX_NAME_LENGTH:
            raise TypeError(f"The metric {name!r} must have a short text as its name.")
        try:
            found[name] = float(value)
        except (TypeError, ValueError):
            raise TypeError(f"The metric {name!r} is {value!r}; it must be a number.") from None
    return found
