"""A study as one binary message for the page: the columns its scripts filter and draw.

Layout: a little-endian u32 with the length of the header, the header (UTF-8 JSON), then the
arrays, each at a multiple of eight bytes from the start of the message.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hypertendril.analysis.colour_range import colour_range, is_log_coloured
from hypertendril.analysis.ticks import choice_texts
from hypertendril.model import Direction, Parameter, Study

ALIGNMENT = 8
MAX_CHOICE_CHARS = 80


def encode_study(study: Study, extra: Mapping[str, NDArray[Any]] | None = None) -> bytes:
    """Return the message that carries `study` to the page.

    Args:
        study: Its parameters, objectives and metrics travel as float64, so that a mask made in
            the page equals one made by numpy, bit for bit; NaN stands for missing.
        extra: Further arrays by key, `ev:x` say, sent as they are (C order).
    """
    columns: list[dict[str, Any]] = []
    arrays: list[NDArray[Any]] = []
    for description, values in _columns(study):
        columns.append(description)
        arrays.append(values)
    for key, values in (extra or {}).items():
        columns.append({"key": key, "label": key, "kind": "extra"})
        arrays.append(values)
    _place(columns, arrays)
    header = {
        "study": study.id,
        "version": study.version,
        "n": len(study),
        "name": study.name,
        "colour": _colour(study),
        "columns": columns,
    }
    return _assemble(header, arrays)


def encode_arrays(header: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]) -> bytes:
    """Return a message that carries `arrays` alone; `header` is JSON and gets their places."""
    columns: list[dict[str, Any]] = [{"key": key, "label": key, "kind": "extra"} for key in arrays]
    _place(columns, list(arrays.values()))
    return _assemble({**header, "columns": columns}, list(arrays.values()))


def _place(columns: list[dict[str, Any]], arrays: list[NDArray[Any]]) -> None:
    """Tell each description where its array stands."""
    offset = 0
    for description, values in zip(columns, arrays, strict=True):
        description |= {"dtype": values.dtype.name, "offset": offset, "length": values.size}
        offset += _padded(values.nbytes)


def _assemble(header: Mapping[str, Any], arrays: list[NDArray[Any]]) -> bytes:
    text = json.dumps(header, ensure_ascii=False, allow_nan=False).encode()
    text = text.ljust(_padded(len(text) + 4) - 4)
    parts = [struct.pack("<I", len(text)), text]
    for values in arrays:
        raw = np.ascontiguousarray(values, dtype=values.dtype.newbyteorder("<")).tobytes()
        parts.append(raw.ljust(_padded(len(raw)), b"\0"))
    return b"".join(parts)


def _columns(study: Study) -> Iterator[tuple[dict[str, Any], NDArray[Any]]]:
    trials = study.trials
    yield {"key": "number", "label": "trial", "kind": "int"}, trials.number.astype(np.float64)
    yield {"key": "state", "label": "state", "kind": "state"}, trials.state
    yield {"key": "parent", "label": "parent", "kind": "extra"}, trials.parent.astype(np.int32)
    for i, parameter in enumerate(study.space):
        yield _parameter(parameter), trials.values[:, i]
    for i, objective in enumerate(study.objectives):
        description = {
            "key": f"objective:{objective.name}",
            "label": objective.name,
            "kind": "objective",
            "direction": objective.direction.value,
        }
        yield description, trials.objectives[:, i]
    for i, name in enumerate(study.header.metric_names):
        yield {"key": f"metric:{name}", "label": name, "kind": "metric"}, trials.metrics[:, i]


def _colour(study: Study) -> dict[str, Any]:
    """Return the column that colours show, its values at their ends, and whether they are logarithmic."""
    low, high = colour_range(study)
    leading = study.objectives[0]
    is_more_better = leading.direction is Direction.MAXIMIZE
    worst, best = (low, high) if is_more_better else (high, low)
    return {
        "key": f"objective:{leading.name}",
        "worst": worst,
        "best": best,
        "log": is_log_coloured(study),
    }


def _parameter(parameter: Parameter) -> dict[str, Any]:
    return {
        "key": f"param:{parameter.name}",
        "label": parameter.name,
        "kind": parameter.kind.value,
        "low": parameter.low,
        "high": parameter.high,
        "log": parameter.log,
        "choices": [text[:MAX_CHOICE_CHARS] for text in choice_texts(parameter)],
    }


def _padded(size: int) -> int:
    return -(-size // ALIGNMENT) * ALIGNMENT
