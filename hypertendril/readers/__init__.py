"""Files and storage URLs of other programs, read directly into columns.

A framework is a module, or a package whose `reader` it is where it takes several; experiment
trackers are in `trackers`, tables in `tables`, this program's own form in `generic`. What they are
made of: `files` (what lies on a disk, whole, damaged or growing), `drafts` (from rows to a study)
and `pickles` (for the converter alone).
"""

from hypertendril.readers.follow import Follower
from hypertendril.readers.generic.export import to_generic, write_generic
from hypertendril.readers.registry import READERS, detect, read
from hypertendril.readers.report import inspect_json
from hypertendril.readers.result import Reader, ReadStudy, outside_id
from hypertendril.readers.source import Source
from hypertendril.readers.tables.reader import read_table
from hypertendril.readers.tables.writing import write_table

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
