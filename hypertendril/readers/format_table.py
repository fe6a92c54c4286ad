"""The table of all formats in Markdown, made from what the readers say of themselves."""

from __future__ import annotations

from collections.abc import Iterable

from hypertendril.readers.result import Reader

BEGIN = "<!-- Made from the readers by `python -m docs.make_formats`; change them instead. -->"
END = "<!-- End of what is made. -->"
HEAD = ("Format", "Name it as", "What is kept", "What is lost, told or guessed", "Held against")


def format_table(readers: Iterable[Reader]) -> str:
    """Return one row a reader, in the order in which they are asked."""
    lines = [_row(HEAD), "|---" * len(HEAD) + "|"]
    for reader in readers:
        about = reader.about
        tested = ": ".join(filter(None, (about.tested.value, about.logs)))
        cells = (f"**{about.title}**", about.source, about.kept, about.lost or "nothing", tested)
        lines.append(_row(cells))
    return "\n".join(lines)


def with_table(page: str, readers: Iterable[Reader]) -> str:
    """Return a page with the table between its two marks made anew.

    Raises:
        ValueError: The page lacks a mark.
    """
    before, begin, rest = page.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"The page lacks {BEGIN!r} or {END!r}.")
    return f"{before}{BEGIN}\n{format_table(readers)}\n{END}{after}"


def _row(cells: Iterable[str]) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"
