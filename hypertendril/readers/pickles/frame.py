"""A pickled DataFrame of pandas written again as a table in CSV."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from hypertendril.readers.folders import as_dict, as_list
from hypertendril.readers.pickles.arrays import (
    Cell,
    array_of,
    index_attributes,
    index_cells,
    level_cells,
    lines_of,
)
from hypertendril.readers.pickles.inert import BadPickleError, Inert

_OLD_STATE = "0.14.1"  # since that version of pandas, until 1.2


def is_frame(found: Any) -> bool:
    """Return whether what was taken apart is a DataFrame of pandas."""
    return isinstance(found, Inert) and found.attributes.get("_typ") == "dataframe"


def frame_csv(frame: Inert) -> str:
    """Return the rows of a DataFrame as CSV, an index that says something first.

    Times are ISO 8601, time spans seconds, nested values JSON; what is missing is empty.

    Raises:
        BadPickleError: It is of a kind of pandas or has a kind of column that is not known.
    """
    try:
        return _csv(frame)
    except BadPickleError:
        raise
    except (ValueError, TypeError, AttributeError, IndexError, KeyError, OverflowError) as error:
        raise BadPickleError(f"a damaged DataFrame ({str(error)[:150]})") from None


def _csv(frame: Inert) -> str:
    manager = frame.attributes.get("_mgr") or frame.attributes.get("_data")
    if not isinstance(manager, Inert):
        raise BadPickleError("a DataFrame without its rows")
    (columns, index), blocks = _axes_and_blocks(manager)
    names = [str(name) for name in index_cells(columns)]
    count = len(level_cells(index)[0])
    found: list[list[Cell]] = [[] for _ in names]
    for values, places in blocks:
        lines = lines_of(values)
        for place, line in zip(_positions(places, len(lines)), lines, strict=True):
            if len(line) != count:
                raise BadPickleError(f"{len(line)} values in a table of {count} rows")
            found[place] = line
    labels = _labels(index)
    out = io.StringIO()
    write = csv.writer(out, lineterminator="\n")
    write.writerow([*labels, *names])
    write.writerows(map(_texts, zip(*labels.values(), *found, strict=True)))
    return out.getvalue()


def _axes_and_blocks(manager: Inert) -> tuple[Sequence[Any], Iterator[tuple[Any, Any]]]:
    """Return the two axes, and values and positions of each block."""
    state = manager.state
    if isinstance(state, tuple) and len(state) > 3:
        told = as_dict(as_dict(state[3]).get(_OLD_STATE))
        blocks = (as_dict(block) for block in as_list(told.get("blocks")))
        axes, pairs = told.get("axes"), ((b.get("values"), b.get("mgr_locs")) for b in blocks)
    else:
        made, axes = manager.arguments
        pairs = ((block.arguments[0], block.arguments[1]) for block in made)
    if len(as_list(axes)) != 2:
        raise BadPickleError("a DataFrame of an unknown version of pandas")
    return as_list(axes), pairs


def _positions(places: Any, count: int) -> list[int]:
    array = array_of(places)
    if array is not None:
        found: list[int] = array.tolist()
    else:
        start, stop, step = places.arguments
        found = list(range(start, stop, step or 1))
    return found if len(found) == count else found[:count]


def _labels(index: Any) -> dict[str, list[Cell]]:
    """Return the columns of an index; none where it only counts the rows."""
    told, levels = index_attributes(index), level_cells(index)
    names = as_list(told.get("names")) or [told.get("name")]
    is_count = levels == [list(range(len(levels[0])))]
    if is_count and names == [None]:
        return {}
    names = [*names, *[None] * (len(levels) - len(names))]
    given = ["index" if name is None and len(levels) == 1 else name for name in names]
    return {
        str(f"level_{i}" if name is None else name): level
        for i, (name, level) in enumerate(zip(given, levels, strict=False))
    }


def _texts(row: Sequence[Cell]) -> list[Any]:
    return [
        "" if cell is None else str(cell).lower() if isinstance(cell, (bool, np.bool_)) else cell
        for cell in row
    ]
