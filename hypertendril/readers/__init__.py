"""Files and storage URLs of other programs, read directly into columns."""

from hypertendril.readers.export import to_generic, write_generic
from hypertendril.readers.registry import READERS, detect, read
from hypertendril.readers.result import Reader, ReadStudy, outside_id
from hypertendril.readers.source import Source

__all__ = [
    "READERS",
    "ReadStudy",
    "Reader",
    "Source",
    "detect",
    "outside_id",
    "read",
    "to_generic",
    "write_generic",
]
