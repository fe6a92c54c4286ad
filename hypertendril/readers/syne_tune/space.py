"""Search spaces of Syne Tune: JSON in a string in `metadata.json`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from hypertendril.errors import SpaceError
from hypertendril.model import Choice, Parameter, ParameterKind, SearchSpace
from hypertendril.readers.files.json_text import (
    BadJsonError,
    as_choice,
    as_number,
    brief,
    clean,
    parse,
)
from hypertendril.readers.folders import as_dict, as_list
from hypertendril.readers.losses import Losses

_ORDERED = ("Ordinal", "OrdinalNearestNeighbor", "FiniteRange")


@dataclass(frozen=True)
class SyneSpace:
    """Declared parameters, and what was fixed to one value."""

    space: SearchSpace = field(default_factory=SearchSpace)
    fixed: Mapping[str, Any] = field(default_factory=dict)
    known: bool = False


def read_config_space(stored: Any, losses: Losses) -> SyneSpace:
    """Return the space that `config_space` of the metadata holds, as a text or as an object."""
    try:
        data = as_dict(parse(stored) if isinstance(stored, str) else stored)
    except BadJsonError as error:
        losses.add(f"metadata.json: config_space is {error.reason}; it is told from the values")
        return SyneSpace()
    parameters: list[Parameter] = []
    fixed: dict[str, Any] = {}
    for key, item in data.items():
        name = clean(key)
        if not isinstance(item, dict) or "domain_cls" not in item:
            fixed[name] = item
            continue
        try:
            parameters.append(_parameter(name, item))
        except (SpaceError, TypeError, ValueError, OverflowError) as error:
            losses.add(f"metadata.json: config_space: {name!r}: {brief(error, 200)}")
    return SyneSpace(SearchSpace(tuple(parameters)), fixed, known=bool(data))


def _parameter(name: str, item: Mapping[str, Any]) -> Parameter:
    domain, options = str(item["domain_cls"]), as_dict(item.get("domain_kwargs"))
    sampler, extra = str(item.get("sampler_cls", "")), as_dict(item.get("sampler_kwargs"))
    if "categories" in options:
        choices: tuple[Choice, ...] = tuple(map(as_choice, as_list(options["categories"])))
        kind = ParameterKind.ORDINAL if domain in _ORDERED else ParameterKind.CATEGORICAL
        return Parameter(name, kind, choices=tuple(dict.fromkeys(choices)))
    low, high = as_number(options.get("lower")), as_number(options.get("upper"))
    if low is None or high is None:
        raise SpaceError(f"a {domain} without lower and upper.")
    is_log = "Log" in sampler or bool(options.get("log_scale"))
    is_int = domain == "Integer" or bool(options.get("cast_int"))
    size = as_number(options.get("size"))
    step = as_number(extra.get("q"))
    if size is not None and size > 1 and not is_log:
        step = (high - low) / (size - 1)
    return Parameter(
        name,
        ParameterKind.INT if is_int else ParameterKind.FLOAT,
        low,
        high,
        log=is_log and low > 0,
        step=step if step is not None and step > 0 else None,
    )
