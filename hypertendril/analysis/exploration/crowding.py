"""Points of one column with the same value stand in each other's way: who gets which place.

The page turns places into pixels, since only it knows how much room a lane has: place 0 is the
middle, later ones lie around it.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from hypertendril.analysis.exploration.picture import Exploration
from hypertendril.model import Parameter, Study

# Up to so many different values a number is read as lanes: points lie exactly on one another.
MAX_LANES = 12


def lane_values(parameter: Parameter, values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the values that are lanes of their own, ascending; empty where values hardly repeat.

    Args:
        parameter: Gives the choices.
        values: (n,) its column; NaN is no lane here.
    """
    if parameter.is_discrete_choice:
        return np.arange(len(parameter.choices), dtype=np.float64)
    present = np.unique(values[np.isfinite(values)])
    return present if len(present) <= MAX_LANES else present[:0]


def crowd_places(study: Study, layout: Exploration) -> dict[str, NDArray[np.int16]]:
    """Return by column key (e,) the place of each mark among those of its column and lane.

    The best mark of a lane gets the middle. Keys without any crowd are left out; marks outside
    all lanes have place 0. O(e log e) for each parameter.
    """
    sign = study.objectives[0].direction.sign
    quality = np.nan_to_num(sign * layout.value, nan=-np.inf)
    by_quality = np.lexsort((-quality, layout.column))
    places: dict[str, NDArray[np.int16]] = {}
    for parameter in study.space:
        values = study.column(f"param:{parameter.name}")
        place = _places(_lanes(parameter, values)[layout.trial], layout.column, by_quality)
        if place.any():
            places[f"param:{parameter.name}"] = place
    return places


def _lanes(parameter: Parameter, values: NDArray[np.float64]) -> NDArray[np.int64]:
    """Return (n,) the lane of each trial: 0 for no value, 1 ... for the lanes, -1 for none."""
    lanes = lane_values(parameter, values)
    is_missing = np.isnan(values)
    if not len(lanes):
        return np.where(is_missing, 0, -1)
    return np.where(is_missing, 0, np.searchsorted(lanes, values) + 1)


def _places(
    lane: NDArray[np.int64], column: NDArray[np.int32], order: NDArray[np.int64]
) -> NDArray[np.int16]:
    """Return places from 0 along `order` (column by column) within each (column, lane)."""
    width = int(lane.max(initial=0)) + 2
    key = column[order].astype(np.int64) * width + lane[order] + 1
    grouped = np.argsort(key, kind="stable")
    ranks = np.arange(len(key))
    starts = np.append(True, np.diff(key[grouped]) > 0)[: len(key)]
    place = np.zeros(len(key), dtype=np.int64)
    place[order[grouped]] = ranks - np.maximum.accumulate(np.where(starts, ranks, 0))
    place[lane < 0] = 0
    return np.minimum(place, np.iinfo(np.int16).max).astype(np.int16)
