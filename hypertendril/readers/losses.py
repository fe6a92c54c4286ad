"""What a reader had to leave out, collected so that a bad file makes a short list."""

from __future__ import annotations

from collections import Counter

from hypertendril.model import Skipped

MOST = 100  # single entries per study; the rest is counted in one


class Losses:
    """Collects what is left out of one study."""

    def __init__(self, file: str) -> None:
        self._file = file
        self._single: list[Skipped] = []
        self._counted: Counter[str] = Counter()
        self._more = 0
        self._guesses: list[Skipped] = []

    def add(self, reason: str, line: int | None = None) -> None:
        """Record one loss."""
        if len(self._single) < MOST:
            self._single.append(Skipped(self._file, reason, line))
        else:
            self._more += 1

    def guess(self, reason: str) -> None:
        """Record what was assumed of the goal of the study; somebody may know better."""
        self._guesses.append(Skipped(self._file, reason, is_guess=True))

    def count(self, reason: str, times: int = 1) -> None:
        """Record a loss of a kind that may come in thousands; it is listed once, with its count."""
        if times:
            self._counted[reason] += times

    def extend(self, other: Losses) -> None:
        """Take over what was left out of another file."""
        for skipped in other.listed():
            if skipped.is_guess:
                self._guesses.append(skipped)
            elif len(self._single) < MOST:
                self._single.append(skipped)
            else:
                self._more += 1

    def copy(self) -> Losses:
        """Return these losses; to be added to without a trace in these."""
        found = Losses(self._file)
        found._single, found._guesses = self._single[:], self._guesses[:]
        found._counted, found._more = self._counted.copy(), self._more
        return found

    def listed(self) -> tuple[Skipped, ...]:
        """Return the guesses, then the losses: single ones in order, then the counted kinds."""
        counted = [
            Skipped(self._file, reason if times == 1 else f"{reason} ({times} times)")
            for reason, times in self._counted.items()
        ]
        more = [Skipped(self._file, f"{self._more} more of this kind")] if self._more else []
        return (*self._guesses, *self._single, *more, *counted)
