"""What the owner of a running study tells it, and how its run can end."""

from __future__ import annotations

from enum import StrEnum


class Order(StrEnum):
    """What the owner of a running study tells it."""

    GO_ON = "go on"
    CANCEL = "cancel"  # stop for good
    TIME_IS_UP = "time is up"  # likewise, and all is well
    RELEASE = "release"  # stop; somebody will go on from here
    ABANDON = "abandon"  # stop and write nothing: the study is somebody else's now


class Ending(StrEnum):
    """How a run of a study came to its end."""

    DONE = "done"
    OUT_OF_STEPS = "out of steps"
    OUT_OF_TIME = "out of time"
    CANCELLED = "cancelled"
    RELEASED = "released"
    ABANDONED = "abandoned"
    REFUSED = "refused"  # by the store
    FAILED = "failed"


ENDING_OF = {
    Order.CANCEL: Ending.CANCELLED,
    Order.TIME_IS_UP: Ending.OUT_OF_TIME,
    Order.RELEASE: Ending.RELEASED,
    Order.ABANDON: Ending.ABANDONED,
}
