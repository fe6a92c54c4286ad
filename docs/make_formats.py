"""Makes the table of formats in docs/formats.md from what the readers say of themselves.

python -m docs.make_formats
"""

from __future__ import annotations

from pathlib import Path

from hypertendril.readers import READERS
from hypertendril.readers.format_table import with_table

PAGE = Path(__file__).with_name("formats.md")


def main() -> None:
    """Write the page with the table as it is now."""
    PAGE.write_text(with_table(PAGE.read_text(), READERS))


if __name__ == "__main__":
    main()
