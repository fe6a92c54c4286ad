"""Files and storage URLs of other programs, read directly into columns."""

from hypertendril.readers.export import to_generic, write_generic
from hypertendril.readers.follow import Follower
from hypertendril.readers.registry import READERS, detect, read
from hypertendril.readers.report import inspect_json
from hypertendril.readers.result import Reader, ReadStudy, outside_id
from hypertendril.readers.source import Source
from hypertendril.readers.table import read_table
from hypertendril.readers.table_writing import write_table

__all__ = [
    "READERS",
    "Follower",
    "ReadStudy",
    "Reader",
    "Source",
    "detect",
    "inspect_json",
    "outside_id",
    "read",
    "read_table",
    "to_generic",
    "write_generic",
    "write_table",
]
