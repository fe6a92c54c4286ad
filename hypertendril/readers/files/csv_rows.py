"""CSV tables with a header, as frameworks and trackers write them: rows that are whole."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator

from hypertendril.readers.files.json_text import clean
from hypertendril.readers.losses import Losses

NO_END = "the last line has no end; it may be cut short"


def csv_rows(
    data: bytes, losses: Losses, where: str = ""
) -> tuple[list[str], Iterator[dict[str, str]]]:
    """Return the names of the columns, and an iterator over the rows to come, by name.

    Args:
        data: UTF-8, perhaps.
        losses: Gets rows of another length, what can't be told apart and a last line cut short.
        where: Put before what is lost: the name of the file, a colon and a space.
    """
    text = data.decode("utf-8-sig", "replace").replace("\0", "")
    reader = csv.reader(io.StringIO(text))
    try:
        names = [clean(name.strip()) for name in next(reader, [])]
    except csv.Error as error:
        losses.add(f"{where}{error}", reader.line_num)
        return [], iter(())

    def rows() -> Iterator[dict[str, str]]:
        try:
            for cells in reader:
                if len(cells) == len(names):
                    yield dict(zip(names, cells, strict=True))
                elif cells:
                    losses.add(f"{where}a row that is not complete", reader.line_num)
        except csv.Error as error:
            losses.add(f"{where}the rest was left out: {error}", reader.line_num)
        if text and not text.endswith(("\n", "\r")):
            losses.add(f"{where}{NO_END}", reader.line_num)

    return names, rows()
