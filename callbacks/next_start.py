"""What the next study begins with, as a page chose it: trials to go on from, trials to run first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from hypertendril.errors import JobError
from hypertendril.jobs.spec.earlier import earlier_study
from hypertendril.jobs.spec.starting import start_to_json
from hypertendril.model import Choice, Objective, SearchSpace, Study
from hypertendril.search import StartingSet
from hypertendril.search.starting import lies_inside

MAX_SELECTED = 200  # more is a search of its own


@dataclass(frozen=True, slots=True)
class Beginning:
    """What a page chose.

    Attributes:
        study: Store id of the study the trials are of.
        goes_on: Whether the method is told all its trials.
        rows: Trials whose configurations are run first.
    """

    study: str | None = None
    goes_on: bool = False
    rows: tuple[int, ...] = ()

    @classmethod
    def from_json(cls, data: Any, study: str | None) -> Beginning:
        """Return what a page sent; nothing where it was chosen of another study."""
        if not isinstance(data, Mapping) or data.get("study") != study:
            return cls(study)
        rows = data.get("rows")
        known = rows[:MAX_SELECTED] if isinstance(rows, list) else []
        return cls(
            study,
            data.get("goes_on") is True,
            tuple(row for row in known if type(row) is int and row >= 0),
        )

    def to_json(self) -> dict[str, Any]:
        """Return what the page's store holds."""
        return {"study": self.study, "goes_on": self.goes_on, "rows": list(self.rows)}

    def start(
        self, study: Study | None, space: SearchSpace, objectives: Sequence[Objective]
    ) -> dict[str, Any] | None:
        """Return the starting set of the job.

        Raises:
            JobError: A selected trial lies outside of `space`, or the study has no such trials.
        """
        if study is None:
            return None
        rows = [row for row in self.rows if row < len(study)]
        enqueued = tuple(_configuration(study, row, space) for row in rows)
        if not self.goes_on:
            return start_to_json(StartingSet(enqueued))
        known = earlier_study(study, objectives)
        if not known.trials:
            names = ", ".join(objective.name for objective in objectives)
            raise JobError(f"Go on: the study {study.name!r} has no trial with a value of {names}.")
        return start_to_json(StartingSet(enqueued, (known,)))


def _configuration(study: Study, row: int, space: SearchSpace) -> dict[str, Choice]:
    values = {name: value for name, value in study.params(row).items() if name in space}
    for name, value in values.items():
        if not lies_inside(space[name], value):
            number = study.trials.number[row]
            raise JobError(
                f"Enqueued trial {number}: its {name} is {value!r}, outside the next study's "
                "range; widen that, or enqueue other trials."
            )
    return values
