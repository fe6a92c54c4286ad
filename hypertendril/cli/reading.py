"""How far a command is with reading its source, on a terminal."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from tqdm import tqdm

from hypertendril.readers.progress import Progress, watched

SHOWN_AFTER_SECONDS = 1.0  # what is read faster needs no bar
SHOWN_EVERY_SECONDS = 0.2


@contextmanager
def reading_shown() -> Iterator[None]:
    """Show how far whatever is read in this block is; nothing where stderr is no terminal."""
    with (
        tqdm(
            delay=SHOWN_AFTER_SECONDS,
            mininterval=SHOWN_EVERY_SECONDS,
            disable=None,
            leave=False,
            unit_scale=True,
        ) as bar,
        watched(_Shown(bar)),
    ):
        yield


class _Shown(Progress):
    def __init__(self, bar: tqdm[Any]) -> None:
        super().__init__()
        self._bar = bar

    def check(self) -> None:
        super().check()
        if self._bar.total != self.total:
            self._bar.unit = f" {self.unit}".replace(" bytes", "B")
            self._bar.total = self.total
        self._bar.update(self.done - self._bar.n)
