"""The command of an objective that is not Python: an argument list with places to be filled.

No shell ever sees it: what is put into a place stays within its argument.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from string import Formatter
from typing import Any

from hypertendril.errors import JobError, did_you_mean
from hypertendril.jobs.spec import fields
from hypertendril.model import Choice, SearchSpace

PLACES = ("report", "checkpoint", "checkpoint_dir", "from", "to", "seed")
MAX_ARGUMENTS = 1000


@dataclass(frozen=True, slots=True)
class Command:
    """What is run, before the values of a trial are put in.

    Attributes:
        parts: The program and its arguments. Arguments in a tuple of their own are left out
            together where a place in them has no value.
    """

    parts: tuple[str | tuple[str, ...], ...]

    @classmethod
    def from_json(cls, data: Any, field: str, space: SearchSpace, *, has_steps: bool) -> Command:
        """Return the valid command the registry describes.

        Args:
            data: A list of texts, and of lists of texts.
            field: Where it stands, for the messages.
            space: Its parameters are places too.
            has_steps: Whether a full training has a known number of steps.

        Raises:
            JobError: It can never be run; the message says why.
        """
        found = cls(_parts(data, field))
        known = [*space.names, *PLACES]
        taken = [name for name in space.names if name in PLACES]
        if taken:
            raise fields.wrong(field, f"{{{taken[0]}}} would be both a parameter and a place.")
        for name in sorted(found.places):
            if name not in known:
                listed = ", ".join(f"{{{place}}}" for place in known)
                hint = did_you_mean(name, known)
                raise fields.wrong(
                    field, f"there is nothing to put into {{{name}}}; known are {listed}.{hint}"
                )
        if "report" not in found.places:
            raise fields.wrong(field, "{report}, the file to report into, must be one argument.")
        unsure = {p.name for p in space if p.condition is not None} | {"checkpoint"}
        unsure |= set() if has_steps else {"to"}
        for name in sorted(found.needed & unsure):
            raise fields.wrong(
                field,
                f"{{{name}}} does not always have a value: put what belongs to it into a list of "
                f'its own, such as ["--{name}", "{{{name}}}"].',
            )
        return found

    def to_json(self) -> list[str | list[str]]:
        """Return the registry's form."""
        return [part if isinstance(part, str) else list(part) for part in self.parts]

    @property
    def program(self) -> str:
        """What is started."""
        return str(self.parts[0])

    @property
    def places(self) -> frozenset[str]:
        """Names of all places."""
        return frozenset(name for part in self.parts for name in _places(part))

    @property
    def needed(self) -> frozenset[str]:
        """Names of the places without which it cannot be run."""
        return frozenset(
            name for part in self.parts if isinstance(part, str) for name in _places(part)
        )

    def filled(self, values: Mapping[str, Choice]) -> list[str]:
        """Return the argument list with the values put in.

        Raises:
            JobError: A place that is needed has no value.
        """
        texts = {name: _text(value) for name, value in values.items()}
        for name in sorted(self.needed - texts.keys()):
            raise JobError(f"The command needs {{{name}}}, which this trial does not have.")
        return [
            "".join(literal + (texts[name] if name else "") for literal, name in _split(argument))
            for part in self.parts
            if _places(part) <= texts.keys()
            for argument in ([part] if isinstance(part, str) else part)
        ]


def _parts(data: Any, field: str) -> tuple[str | tuple[str, ...], ...]:
    if not isinstance(data, list) or not data or not isinstance(data[0], str):
        raise fields.wrong(field, "it must be a list: the program, then its arguments.")
    if len(data) > MAX_ARGUMENTS:
        raise fields.wrong(field, f"it has more than {MAX_ARGUMENTS} arguments.")
    parts = tuple(tuple(part) if isinstance(part, list) else part for part in data)
    for argument in (a for part in parts for a in (part if isinstance(part, tuple) else [part])):
        if not isinstance(argument, str) or "\0" in argument:
            raise fields.wrong(field, f"the argument {argument!r} must be a text.")
        try:
            list(_split(argument))
        except ValueError:
            raise fields.wrong(
                field,
                f"{argument!r} is no text with places such as {{report}}; braces that stand for "
                "themselves are written {{ and }}.",
            ) from None
    if not parts[0] or _places(parts[0]):
        raise fields.wrong(field, "the program, its first argument, is a plain text.")
    return parts


def _split(argument: str) -> Iterator[tuple[str, str]]:
    """Give (text, name of the place after it); the last text may have none.

    Raises:
        ValueError: Braces do not match, or a place asks for a format.
    """
    for literal, name, layout, conversion in Formatter().parse(argument):
        if layout or conversion or name == "":
            raise ValueError(argument)
        yield literal, name or ""


def _places(part: str | Collection[str]) -> frozenset[str]:
    arguments = [part] if isinstance(part, str) else part
    return frozenset(name for argument in arguments for _, name in _split(argument) if name)


def _text(value: Choice) -> str:
    """Return a value as JSON writes it, texts as they are."""
    if value is None:
        return "null"
    return str(value).lower() if isinstance(value, bool) else str(value)
