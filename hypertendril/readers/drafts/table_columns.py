"""Columns that AMLTK and DeepCAVE name alike: `metric:accuracy [0.0, 1.0] (maximize)`."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from hypertendril.model import Direction, Objective
from hypertendril.readers.drafts.directions import direction_of
from hypertendril.readers.files.json_text import clean
from hypertendril.readers.losses import Losses

_METRIC = re.compile(
    r"metric:\s*(?P<name>.*?)\s*(?:\[[^\]]*\])?\s*(?:\((?P<way>maximize|minimize)\))?\s*"
)


@dataclass(frozen=True)
class MetricColumn:
    """A column of a table that holds an objective."""

    column: str
    objective: Objective


def metric_columns(names: Iterable[str], losses: Losses) -> list[MetricColumn]:
    """Return the columns of objectives, in order."""
    found: dict[str, MetricColumn] = {}
    for column in names:
        match = _METRIC.fullmatch(column)
        if match is None or not match["name"]:
            continue
        name = clean(match["name"])
        way = match["way"]
        direction = Direction(way) if way else direction_of(name)[0]
        if way is None:
            losses.guess(f"the direction of {name!r} is not recorded; {direction} is assumed")
        found.setdefault(name, MetricColumn(column, Objective(name, direction)))
    return list(found.values())
