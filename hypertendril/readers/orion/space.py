"""Search spaces of Orion: priors as texts, `loguniform(1e-5, 0.1)`, `choices(['a', 'b'])`."""

from __future__ import annotations

import ast
import itertools
import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from hypertendril.errors import SpaceError
from hypertendril.model import Parameter, ParameterKind, SearchSpace
from hypertendril.readers.files.json_text import as_choice, as_number, brief, clean
from hypertendril.readers.losses import Losses

SPREAD = 4.0  # standard deviations shown of a normal distribution
MOST_ELEMENTS = 100  # of one vector or matrix
LONGEST = 100_000  # characters of one prior


@dataclass(frozen=True)
class OrionSpace:
    """Parameters, and the name of the fidelity: the resource a trial gets."""

    space: SearchSpace = field(default_factory=SearchSpace)
    fidelity: str | None = None


def read_priors(priors: Mapping[str, Any], losses: Losses) -> OrionSpace:
    """Return the space of an experiment."""
    found: list[Parameter] = []
    fidelity = None
    for key, text in priors.items():
        name = clean(str(key)).lstrip("/")
        try:
            kind, arguments, options = _call(str(text))
            if kind == "fidelity":
                fidelity = name
            else:
                parameter = _parameter(name, kind, arguments, options)
                found += _elements(parameter, options.get("shape"))
        except (
            SpaceError,
            SyntaxError,
            TypeError,
            ValueError,
            OverflowError,
            MemoryError,
        ) as error:
            losses.add(f"space: {name!r}: {brief(text)} can't be understood ({brief(error)})")
        except RecursionError:
            losses.add(f"space: {name!r}: nested too deeply")
    names = {parameter.name: parameter for parameter in found}
    return OrionSpace(SearchSpace(tuple(names.values())), fidelity)


def _elements(parameter: Parameter, shape: Any) -> list[Parameter]:
    """Return a parameter for each element of a vector or matrix, `name[0]`, `name[0][1]`."""
    sizes = shape if isinstance(shape, (list, tuple)) else [shape]
    if not all(isinstance(n, int) and n > 0 for n in sizes) or math.prod(sizes) > MOST_ELEMENTS:
        return [parameter]
    indices = itertools.product(*map(range, sizes))
    return [
        replace(parameter, name=parameter.name + "".join(f"[{i}]" for i in at)) for at in indices
    ]


def _call(text: str) -> tuple[str, list[Any], dict[str, Any]]:
    """Return function, arguments and keywords of a prior; nothing in it is run."""
    if len(text) > LONGEST:
        raise SpaceError("it is too long.")
    node = ast.parse(text.strip().lstrip("~+-> "), mode="eval").body
    if not isinstance(node, ast.Call):
        raise SpaceError("it is no prior.")
    function = node.func
    name = function.id if isinstance(function, ast.Name) else getattr(function, "attr", "")
    options = {k.arg: ast.literal_eval(k.value) for k in node.keywords if k.arg}
    return str(name), [ast.literal_eval(argument) for argument in node.args], options


def _parameter(name: str, kind: str, arguments: list[Any], options: Mapping[str, Any]) -> Parameter:
    if kind in ("choices", "choice"):
        values = arguments[0] if len(arguments) == 1 else arguments
        listed = list(values) if isinstance(values, (list, tuple, dict, set)) else [values]
        choices = {(isinstance(c, bool), c): c for c in map(as_choice, listed)}
        return Parameter(name, ParameterKind.CATEGORICAL, choices=tuple(choices.values()))
    low, high = (as_number(value) for value in arguments[:2])
    if low is None or high is None:
        raise SpaceError("its arguments must be numbers.")
    is_log = kind in ("loguniform", "reciprocal")
    if kind in ("normal", "gaussian", "norm"):
        low, high = low - SPREAD * high, low + SPREAD * high
    is_int = bool(options.get("discrete")) or kind == "randint"
    if is_int:
        low, high = math.floor(low), math.floor(high)
    return Parameter(
        name,
        ParameterKind.INT if is_int else ParameterKind.FLOAT,
        float(low),
        float(high),
        log=is_log and low > 0,
    )
