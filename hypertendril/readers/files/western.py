"""Text that is no UTF-8: what spreadsheets in Western Europe write when they save CSV."""

from __future__ import annotations

from collections.abc import Sequence

ENCODING = "cp1252"  # Windows-1252; Latin-1 is the same but for signs nobody writes
NOT_UTF8 = (
    "not UTF-8, so read as Windows-1252, as spreadsheets of Western Europe write it; "
    "where letters look wrong, save it as UTF-8"
)


def text_of(lines: Sequence[bytes]) -> tuple[str, int | None]:
    """Return lines as one text, and the position of the first that is not UTF-8.

    Line by line, as plain ASCII is the same in both: what was read of a file that grows stays true.
    """
    try:
        return b"\n".join(lines).decode(), None
    except UnicodeDecodeError:
        told = [_line(line) for line in lines]
    first = next(i for i, (_, is_utf8) in enumerate(told) if not is_utf8)
    return "\n".join(text for text, _ in told), first


def whole_letters(rest: bytes) -> bytes:
    """Return the beginning of a line that is being written, without half a letter at its end."""
    try:
        rest.decode()
    except UnicodeDecodeError as error:
        return rest[: error.start] if error.reason == "unexpected end of data" else rest
    return rest


def _line(line: bytes) -> tuple[str, bool]:
    try:
        return line.decode(), True
    except UnicodeDecodeError:
        return line.decode(ENCODING, "replace"), False
