"""The columns of numpy, pandas and Arrow in a pickle that was taken apart, as plain cells."""

from __future__ import annotations

import itertools
import json
import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hypertendril.readers.folders import as_list
from hypertendril.readers.pickles.inert import BadPickleError, Inert, Named
from hypertendril.readers.pickles.plain import PlainForm, bytes_of

Cell = str | int | float | bool | None
Lines = list[list[Cell]]
Parts = dict[str, Any]
Array = NDArray[Any]

_KINDS = "biufMmSU"
_MISSING = ("NA", "NaT", "NAType", "NaTType", "__nat_unpickle", "_nat_unpickle")
_ARROW_NUMBERS = {"halffloat": "e", "float": "f", "double": "d"} | {
    f"{sign}int{8 * size}": f"{sign or 'i'}{size}" for sign in ("", "u") for size in (1, 2, 4, 8)
}
_ARROW_TEXTS = {"string": "i4", "large_string": "i8"}  # and the type of their offsets


def array_of(value: Any) -> Array | None:
    """Return the numpy array that something stands for, None if it stands for something else.

    Raises:
        BadPickleError: It is of a type that is not plain, or has not the bytes it needs.
    """
    if not isinstance(value, Inert):
        return None
    state, arguments = value.state, value.arguments
    if value.class_name == "_reconstruct" and isinstance(state, tuple) and len(state) >= 5:
        shape, dtype, is_fortran, data = state[1:5]
    elif value.class_name == "_frombuffer" and len(arguments) == 4:
        data, dtype, shape, order = arguments
        is_fortran = order == "F"
    else:
        return None
    flat = _flat(dtype, data)
    return flat.reshape(shape, order="F" if is_fortran else "C")


def _flat(dtype: Any, data: Any) -> Array:
    code = str(dtype.arguments[0]) if isinstance(dtype, Inert) and dtype.arguments else ""
    if code[:1] == "O":
        objects = as_list(data)
        found = np.empty(len(objects), dtype=object)
        for i, item in enumerate(objects):
            found[i] = item
        return found
    if code[:1] not in _KINDS or not code:
        raise BadPickleError(f"an array of the type {code!r}")
    state = dtype.state if isinstance(dtype.state, tuple) else ()
    unit = ""
    if code[0] in "Mm":
        unit = f"[{bytes_of(state[-1][1][0]).decode()}]"
    order = ">" if ">" in state[1:2] else "<"
    return np.frombuffer(bytes_of(data), dtype=np.dtype(f"{order}{code}{unit}"))


def lines_of(values: Any) -> Lines:
    """Return what a block of pandas holds, one list of cells for each of its columns.

    Raises:
        BadPickleError: It is of a kind that is not known.
    """
    array = array_of(values)
    if array is not None:
        return [_plain_cells(line) for line in np.atleast_2d(array)]
    if not isinstance(values, Inert):
        raise BadPickleError("a column of an unknown kind")
    parts = _parts(values)
    for name, read in _READ.items():
        if name in parts:
            return read(parts)
    raise BadPickleError(f"a column of the kind {values.class_name or 'unknown'}")


def cells_of(values: Any) -> list[Cell]:
    """Return the cells of what holds one column."""
    lines = lines_of(values)
    if len(lines) != 1:
        raise BadPickleError("a column with several values a row")
    return lines[0]


def cell_of(value: Any) -> Cell:
    """Return one object as a cell: numbers, texts and dates as they are, others as JSON."""
    if isinstance(value, Named) and value.name in _MISSING:
        return None
    if isinstance(value, Inert) and value.class_name in _MISSING:
        return None
    plain = PlainForm().of(value)
    if isinstance(plain, float) and math.isnan(plain):
        return None
    return json.dumps(plain) if isinstance(plain, (list, dict)) else plain


def _parts(values: Inert) -> Parts:
    """Return the parts of an array of pandas by name; newer ones are stored without names."""
    if not isinstance(values.state, tuple):
        return values.attributes
    found: Parts = dict(values.attributes)
    for part in values.state:
        if array_of(part) is not None:
            found["_codes" if _is_categorical(values) else "_ndarray"] = part
        elif isinstance(part, Inert):
            found["_dtype"] = part
    return found


def _is_categorical(values: Inert) -> bool:
    first = values.arguments[0] if isinstance(values.arguments, tuple) and values.arguments else 0
    return isinstance(first, Named) and first.name == "Categorical"


def _masked(parts: Parts) -> Lines:
    cells, mask = cells_of(parts["_data"]), cells_of(parts["_mask"])
    return [[None if hidden else cell for cell, hidden in zip(cells, mask, strict=True)]]


def _chosen(parts: Parts) -> Lines:
    dtype = parts.get("_dtype")
    told = dtype.attributes.get("categories") if isinstance(dtype, Inert) else None
    choices = index_cells(told)
    codes = cells_of(parts["_codes"])
    return [[choices[c] if isinstance(c, int) and c >= 0 else None for c in codes]]


def _stored(name: str) -> Callable[[Parts], Lines]:
    def read(parts: Parts) -> Lines:
        stored, dtype = parts[name], parts.get("_dtype")
        if isinstance(stored, Inert) and stored.class_name in _OF_ARROW:
            return [_arrow_cells(stored)]
        lines = lines_of(stored)
        if isinstance(dtype, Inert) and dtype.class_name == "DatetimeTZDtype":
            return [[None if cell is None else f"{cell}Z" for cell in cells] for cells in lines]
        return lines

    return read


_OF_ARROW = ("_restore_array", "chunked_array")
# By what a kind of array alone has, the narrower first.
_READ: dict[str, Callable[[Parts], Lines]] = {
    "_mask": _masked,
    "_codes": _chosen,
    **{name: _stored(name) for name in ("_pa_array", "_ndarray", "_data")},
}


def _plain_cells(array: Array) -> list[Cell]:
    kind = array.dtype.kind
    if kind == "M":
        texts = np.datetime_as_string(array).tolist()
        return [None if text == "NaT" else text for text in texts]
    if kind == "m":
        seconds = array / np.timedelta64(1, "s")
        return [None if math.isnan(cell) else cell for cell in seconds.tolist()]
    if kind == "O":
        return [cell_of(item) for item in array.tolist()]
    if kind == "S":
        return [item.decode("utf-8", "replace") for item in array.tolist()]
    if kind == "f":
        return [None if math.isnan(x) else float(str(x)) for x in array]  # as it is printed
    cells: list[Cell] = array.tolist()
    return cells


def _arrow_cells(stored: Any) -> list[Cell]:
    if isinstance(stored, Inert) and stored.class_name == "chunked_array":
        return [cell for chunk in as_list(stored.arguments[0]) for cell in _arrow_cells(chunk)]
    if not isinstance(stored, Inert) or stored.class_name not in _OF_ARROW:
        raise BadPickleError("a column of Arrow of an unknown kind")
    kind, length, _, offset, buffers, *_ = stored.arguments[0]
    name = kind.arguments[0] if isinstance(kind, Inert) and kind.arguments else ""
    valid, *rest = [None if b is None else bytes(bytes_of(b)) for b in buffers]
    end = offset + length
    if name in _ARROW_TEXTS:
        cells = _arrow_texts(rest, _ARROW_TEXTS[name], offset, end)
    elif name in _ARROW_NUMBERS:
        numbers = np.frombuffer(rest[0] or b"", dtype=f"<{_ARROW_NUMBERS[name]}")
        cells = _plain_cells(numbers[offset:end])
    elif name == "bool":
        cells = _bits(rest[0] or b"")[offset:end].astype(bool).tolist()
    else:
        raise BadPickleError(f"a column of Arrow's type {name or 'unknown'}")
    if len(cells) != length:
        raise BadPickleError("a column of Arrow that is cut short")
    if valid is None:
        return cells
    there = _bits(valid)[offset:end].tolist()
    return [cell if is_there else None for cell, is_there in zip(cells, there, strict=True)]


def _arrow_texts(buffers: Sequence[bytes | None], offsets: str, start: int, end: int) -> list[Cell]:
    at = np.frombuffer(buffers[0] or b"", dtype=f"<{offsets}")[start : end + 1].tolist()
    text = buffers[1] or b""
    return [text[a:b].decode("utf-8", "replace") for a, b in itertools.pairwise(at)]


def _bits(data: bytes) -> Array:
    return np.unpackbits(np.frombuffer(data, dtype=np.uint8), bitorder="little")


def index_cells(index: Any) -> list[Cell]:
    """Return the labels of an index of pandas; those of several levels joined by an underscore.

    Raises:
        BadPickleError: It is of a kind that is not known.
    """
    levels = level_cells(index)
    if len(levels) == 1:
        return levels[0]
    rows = zip(*levels, strict=True)
    return ["_".join(str(cell) for cell in row if cell not in (None, "")) for row in rows]


def level_cells(index: Any) -> Lines:
    """Return the labels of an index of pandas, a list a level."""
    told = index_attributes(index)
    if "levels" in told:
        codes = as_list(told.get("codes", told.get("labels")))
        levels = [index_cells(level) for level in as_list(told["levels"])]
        return [_taken(level, code) for level, code in zip(levels, codes, strict=True)]
    if "start" in told:
        return [list(range(told["start"], told["stop"], told["step"]))]
    return [cells_of(told.get("data"))]


def _taken(level: Sequence[Cell], codes: Any) -> list[Cell]:
    at = array_of(codes)
    if at is None:  # a FrozenNDArray of old
        raise BadPickleError("an index of several levels of an unknown kind")
    return [level[code] if code >= 0 else None for code in at.tolist()]


def index_attributes(index: Any) -> dict[str, Any]:
    """Return what an index of pandas would have been made of."""
    is_index = isinstance(index, Inert) and index.class_name in ("_new_Index", "_new_DatetimeIndex")
    told = index.arguments[1] if is_index and len(index.arguments) > 1 else None
    if not isinstance(told, dict):
        raise BadPickleError("an index of an unknown kind")
    return told
