"""YAML from untrusted files: plain values only, no tags, no aliases that grow without end."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

MOST_BYTES = 1 << 24  # PyYAML needs a minute for more
DEEPEST = 64


class BadYamlError(ValueError):
    """A text is not usable YAML.

    Args:
        reason: What is wrong, in words.
        line: Line, counted from 1, where that is known.
    """

    def __init__(self, reason: str, line: int | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.line = line


def documents(text: bytes) -> list[Any]:
    """Return the documents of a YAML stream; dates become texts.

    Raises:
        BadYamlError: It is not YAML, too large, or uses aliases.
    """
    import yaml  # type: ignore[import-untyped]  # noqa: PLC0415 (slow to load)

    if len(text) > MOST_BYTES:
        raise BadYamlError("YAML of more than 16 MiB")
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

    resolvers = {
        first: [(tag, regexp) for tag, regexp in among if not tag.endswith(":timestamp")]
        for first, among in loader.yaml_implicit_resolvers.items()
    }
    plain = type("Plain", (loader,), {"yaml_implicit_resolvers": resolvers})  # dates stay texts
    try:
        _require_modest(yaml.parse(text, loader))
        return list(yaml.load_all(text, plain))
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        reason = getattr(error, "problem", None) or str(error).partition("\n")[0]
        raise BadYamlError(
            f"not valid YAML ({reason})", None if mark is None else mark.line + 1
        ) from None
    except (ValueError, RecursionError, TypeError, OverflowError) as error:
        raise BadYamlError(f"not usable YAML ({str(error)[:80] or type(error).__name__})") from None


def _require_modest(events: Iterable[Any]) -> None:
    """Check that a stream has no aliases (nine lines can stand for a billion values) and is flat.

    Raises:
        ValueError: It isn't.
    """
    depth = 0
    for event in events:
        kind = type(event).__name__
        if kind == "AliasEvent":
            raise ValueError("it uses aliases")
        depth += kind.endswith(("SequenceStartEvent", "MappingStartEvent"))
        depth -= kind.endswith(("SequenceEndEvent", "MappingEndEvent"))
        if depth > DEEPEST:
            raise ValueError("it is nested too deeply")
