"""What a machine of a cluster does for one segment: the same as this program does at home.

The segment runs in a trial process of its own, so it can be killed, timed and overheard. The
driver sends an order; what comes back are texts, whichever engine carries them.
"""

from __future__ import annotations

import json
import secrets
import shutil
import socket
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Self

from hypertendril.errors import JobError
from hypertendril.jobs.executors.local import LocalExecutor
from hypertendril.jobs.segments import Ended, Event, Reported, Segment
from hypertendril.jobs.spec.objectives import load_registry

LOOK_SECONDS = 0.2  # how often a segment learns that nobody wants it any more
GRACE_SECONDS = 0.5  # for code that wants to end in order


@dataclass(frozen=True, slots=True)
class Order:
    """A segment to be run on another machine.

    Attributes:
        registry: The file that says what `objective` is, at the same place on every machine:
            an order names no code either.
    """

    registry: Path
    objective: str
    segment: Segment
    timeout_seconds: float | None = None

    def to_text(self) -> str:
        """Return what `from_text` makes an equal order of."""
        texts = {"registry": str(self.registry), "segment": self.segment.to_json()}
        plain = {"objective": self.objective, "timeout_seconds": self.timeout_seconds}
        return json.dumps(texts | plain)

    @classmethod
    def from_text(cls, text: str) -> Self:
        """Return the order a driver of ours sent."""
        data = json.loads(text)
        paths = {
            "registry": Path(data["registry"]),
            "segment": Segment.from_json(data["segment"]),
        }
        return cls(**data | paths)


@dataclass(frozen=True, slots=True)
class Word:
    """What a machine says about the segment it runs.

    Attributes:
        attempt: A name for this run of the segment; one that is run again gets another.
        is_first: Whether it is the first of this attempt.
        reports: (step, metrics), those that are new.
        end: How it ended, once it is over.
        is_saved: Whether it left a checkpoint, in the folder of this attempt.
        broken: Why no segment can be run there.
    """

    attempt: str
    is_first: bool = False
    reports: tuple[tuple[float, dict[str, float]], ...] = ()
    end: Ended | None = None
    is_saved: bool = False
    broken: str | None = None

    def to_text(self) -> str:
        """Return what `from_text` makes an equal word of."""
        return json.dumps(asdict(self))

    @classmethod
    def from_text(cls, text: str) -> Self:
        """Return what a machine said."""
        data: dict[str, Any] = json.loads(text)
        reports = tuple((step, metrics) for step, metrics in data["reports"])
        end = None if data["end"] is None else Ended(**data["end"])
        return cls(**data | {"reports": reports, "end": end})


def attempt_folder(checkpoint_dir: Path, attempt: str) -> Path:
    """Return where one attempt saves: two may be under way, when a lost machine was only cut off."""
    return checkpoint_dir.with_name(f"{checkpoint_dir.name}.{attempt}")


def follow(order: str, is_wanted: Callable[[], bool]) -> Iterator[str]:
    """Run the segment of an order on this machine, and give what there is to say about it.

    Args:
        order: The text of an `Order`.
        is_wanted: Asked a few times a second; the segment ends, with all it started, when it
            says no.

    Yields:
        The texts of words: the first at once, reports as they are made, the end last.
    """
    attempt = secrets.token_hex(4)
    yield Word(attempt, is_first=True).to_text()
    last, told = Word(attempt), Order.from_text(order)
    try:
        with closing(_Attempt(told, attempt)) as run:
            run.begin()
            while last.end is None and is_wanted():
                last = run.look()
                if last.reports and last.end is None:
                    yield last.to_text()
    except JobError as error:
        last = Word(attempt, broken=f"On {socket.gethostname()}: {error}")
    except OSError as error:
        reason = f"{socket.gethostname()} could not run it: {error}"
        last = Word(attempt, end=Ended(told.segment.number, {}, reason))
    # Only now: whoever hears it may end this process, and the trial's has ended.
    if last.end is not None or last.broken is not None:
        yield last.to_text()


class _Attempt:
    """A segment under way on this machine."""

    def __init__(self, order: Order, attempt: str) -> None:
        self._attempt = attempt
        self._folder = attempt_folder(order.segment.checkpoint_dir, attempt)
        self._segment = replace(order.segment, checkpoint_dir=self._folder)
        self._is_kept = False
        objective = load_registry(order.registry)[order.objective]
        self._executor = LocalExecutor(objective, 1, order.timeout_seconds)

    def begin(self) -> None:
        """Start to train.

        Raises:
            JobError: What it should go on from is not there.
        """
        found = self._segment.checkpoint
        if found is not None and not found.is_dir():
            raise JobError(
                f"{found}: this folder is not there; checkpoints must lie in a folder that all "
                "machines share (--checkpoints)."
            )
        self._executor.start(self._segment)

    def look(self) -> Word:
        """Return what happened, as soon as anything did, or after a moment."""
        events: list[Event] = self._executor.wait(LOOK_SECONDS)
        reports = [(e.step, dict(e.metrics)) for e in events if isinstance(e, Reported)]
        word = Word(self._attempt, reports=tuple(reports))
        for event in events:
            if isinstance(event, Ended):
                self._is_kept = event.error is None and self._folder.is_dir()
                word = replace(word, end=event, is_saved=self._is_kept)
        return word

    def close(self) -> None:
        """End what runs, and remove what it saved unless it came to a good end."""
        self._executor.close(GRACE_SECONDS)
        if not self._is_kept:
            shutil.rmtree(self._folder, ignore_errors=True)
