"""Values taken out of a mapping a person wrote, with errors that name the field."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Mapping
from types import NoneType
from typing import Any, TypeVar

from hypertendril.errors import JobError, SpaceError, did_you_mean
from hypertendril.model import Direction, Objective, Parameter, ParameterKind, SearchSpace

MAX_NAME_LENGTH = 200
MAX_NAMES = 256
T = TypeVar("T")


def wrong(field: str, message: str) -> JobError:
    """Return the error that says what is wrong with `field`."""
    return JobError(f"Field {field!r}: {message}")


def _given(value: Any) -> str:
    """Return how a message begins about a value that is not what it must be."""
    return "it is missing; it" if value is None else repr(value)


def known_only(data: Mapping[str, Any], known: Collection[str], field: str = "") -> None:
    """Refuse keys nobody would read: most are typing errors.

    Raises:
        JobError: A key of `data` is not in `known`.
    """
    for key in data:
        if key not in known:
            hint = did_you_mean(key, known)
            raise wrong(
                f"{field}{key}", f"there is no such field; known are {', '.join(known)}.{hint}"
            )


def text(value: Any, field: str) -> str:
    """Return a name: a text of one line that is neither empty nor endless.

    Raises:
        JobError: It is none.
    """
    if not isinstance(value, str) or not value.strip():
        raise wrong(field, f"{_given(value)} must be a text that is not empty.")
    if len(value) > MAX_NAME_LENGTH or not value.isprintable():
        raise wrong(field, f"it must be one line of at most {MAX_NAME_LENGTH} characters.")
    return value


def whole(value: Any, field: str, *, low: int, high: int) -> int:
    """Return a whole number within [low, high].

    Raises:
        JobError: It is none.
    """
    number = int(value) if isinstance(value, float) and value.is_integer() else value
    if isinstance(number, bool) or not isinstance(number, int) or not low <= number <= high:
        raise wrong(field, f"{_given(value)} must be a whole number from {low} to {high}.")
    return number


def seconds(value: Any, field: str) -> float:
    """Return a positive, finite number of seconds.

    Raises:
        JobError: It is none.
    """
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise wrong(field, f"{_given(value)} must be a number of seconds.")
    if not (math.isfinite(value) and value > 0):
        raise wrong(field, f"{value!r} must be above 0.")
    return float(value)


def amounts(value: Any, field: str) -> dict[str, float]:
    """Return positive, finite amounts by name.

    Raises:
        JobError: A name is no word, or an amount no such number.
    """
    found = {}
    for name, amount in mapping(value, field).items():
        if not name.isidentifier() or len(name) > MAX_NAME_LENGTH:
            raise wrong(field, f"{name!r} must be a word such as CPU or GPU.")
        is_number = isinstance(amount, (int, float)) and not isinstance(amount, bool)
        if not (is_number and math.isfinite(amount) and amount > 0):
            raise wrong(f"{field}.{name}", f"{amount!r} must be a number above 0.")
        found[name] = float(amount)
    return found


def mapping(value: Any, field: str) -> Mapping[str, Any]:
    """Return a table with text keys.

    Raises:
        JobError: It is none.
    """
    if not isinstance(value, Mapping) or not all(isinstance(key, str) for key in value):
        raise wrong(field, f"{_given(value)} must be a table.")
    return value


def names(value: Any, field: str) -> tuple[str, ...]:
    """Return a list of different names.

    Raises:
        JobError: It is none.
    """
    if not isinstance(value, (list, tuple)) or len(value) > MAX_NAMES:
        raise wrong(field, f"it must be a list of at most {MAX_NAMES} texts.")
    found = tuple(text(item, field) for item in value)
    twice = [name for i, name in enumerate(found) if name in found[:i]]
    if twice:
        raise wrong(field, f"{twice[0]!r} stands there twice.")
    return found


def objective(name: Any, direction: Any, field: str) -> Objective:
    """Return an objective from its name and direction.

    Raises:
        JobError: The name is no text or the direction is not known.
    """
    known = [item.value for item in Direction]
    if direction not in known:
        hint = did_you_mean(direction, known)
        raise wrong(field, f"the direction {direction!r} must be one of {', '.join(known)}.{hint}")
    return Objective(text(name, field), Direction(direction))


def space(value: Any, field: str) -> SearchSpace:
    """Return a search space of at least one parameter from its generic form.

    Raises:
        JobError: It is none, with the reason.
    """
    found = _as_space_error(lambda: SearchSpace.from_json(value), field)
    if not len(found):
        raise wrong(field, "it needs at least one parameter.")
    if len(found) > MAX_NAMES:
        raise wrong(field, f"it may have at most {MAX_NAMES} parameters.")
    for parameter, given in zip(found, value, strict=True):
        text(parameter.name, field)
        _check_parameter(parameter, given.get("choices"), field)
    return found


def _check_parameter(parameter: Parameter, given: Any, field: str) -> None:
    if not isinstance(given, (list, tuple, NoneType)) or len(parameter.choices) > MAX_NAMES:
        raise wrong(field, f"the choices of {parameter.name!r} must be a list, not too long.")
    for choice in parameter.choices:
        is_number = isinstance(choice, (int, float)) and math.isfinite(choice)
        if not is_number and not isinstance(choice, (str, NoneType)):
            raise wrong(
                field, f"{parameter.name!r} has the choice {choice!r}; use texts or numbers."
            )
    if parameter.low is not None and parameter.high is not None:
        bounds = (parameter.low, parameter.high, parameter.step or 1.0)
        if parameter.kind is ParameterKind.INT and not all(b.is_integer() for b in bounds):
            raise wrong(field, f"{parameter.name!r} is an int; its bounds must be whole numbers.")
        if not math.isfinite(parameter.high - parameter.low):
            raise wrong(field, f"{parameter.name!r} spans more than numbers can tell apart.")


def _as_space_error(read: Callable[[], T], field: str) -> T:
    try:
        return read()
    except SpaceError as error:
        raise wrong(field, str(error)) from None
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        # The generic form is read leniently; whatever is too odd for it ends here.
        raise wrong(field, f"a parameter is malformed ({error}).") from None
