"""All readers, and the choice between them by content."""

from __future__ import annotations

from itertools import islice
from pathlib import Path

from hypertendril.readers.amltk import Amltk
from hypertendril.readers.atm.reader import Atm
from hypertendril.readers.auptimizer import Auptimizer
from hypertendril.readers.ax.reader import Ax
from hypertendril.readers.chopt import Chopt
from hypertendril.readers.dataframe import DataFrameRun
from hypertendril.readers.deepcave import DeepCave
from hypertendril.readers.dehb import Dehb
from hypertendril.readers.folders import RunFolder, head_of
from hypertendril.readers.generic.export import FORMAT
from hypertendril.readers.generic.reader import GenericJson
from hypertendril.readers.hiplot import HiPlot
from hypertendril.readers.hpbandster import HpBandSter
from hypertendril.readers.hyperopt import Hyperopt
from hypertendril.readers.katib import Katib
from hypertendril.readers.keras_tuner import KerasTuner
from hypertendril.readers.nested import NestedFolder
from hypertendril.readers.nni.reader import Nni
from hypertendril.readers.optuna.journal import OptunaJournal
from hypertendril.readers.optuna.sqlite import OptunaSqlite
from hypertendril.readers.optuna.url import OptunaUrl
from hypertendril.readers.orion.reader import Orion
from hypertendril.readers.ray_tune.reader import RayTune
from hypertendril.readers.result import Reader, ReadStudy, named_apart
from hypertendril.readers.smac.reader import Smac
from hypertendril.readers.source import Glance, Source
from hypertendril.readers.syne_tune.reader import SyneTune
from hypertendril.readers.tables.reader import TableCsv
from hypertendril.readers.tables.told import refusal
from hypertendril.readers.trackers.clearml import ClearMl
from hypertendril.readers.trackers.comet import Comet
from hypertendril.readers.trackers.mlflow import Mlflow
from hypertendril.readers.trackers.sacred import Sacred
from hypertendril.readers.trackers.tensorboard import TensorBoard
from hypertendril.readers.trackers.tracker_table import TrackerTable
from hypertendril.readers.trackers.wandb import Wandb
from hypertendril.readers.uncollected import uncollected
from hypertendril.readers.vizier import Vizier

MOST_LOOKED_AT = 1000  # files of a folder no reader knows, to say why
_UNPACK = "Unpack it and name what was in it."
_AS_CSV = "Save its sheet as CSV (UTF-8) and open that."
# What people have that is one step away from being read: how it starts, a word in it, what it is,
# the step.
NEARLY = (
    (b"PK\x03\x04", b"xl/", "is an Excel workbook.", _AS_CSV),
    (b"PK\x03\x04", b"opendocument.spreadsheet", "is a spreadsheet of LibreOffice.", _AS_CSV),
    (b"\xd0\xcf\x11\xe0", b"", "is an Excel workbook of an old kind.", _AS_CSV),
    (b"PK\x03\x04", b"", "is a zip archive.", _UNPACK),
    (b"\x1f\x8b", b"", "is compressed with gzip.", _UNPACK),
    (b"BZh", b"", "is compressed with bzip2.", _UNPACK),
    (b"\xfd7zXZ\0", b"", "is compressed with xz.", _UNPACK),
    (b"\x28\xb5\x2f\xfd", b"", "is compressed with zstandard.", _UNPACK),
    (b"ARROW1", b"", "is an Arrow file (Feather).", "Save it as Parquet or CSV."),
    (b"\x89HDF", b"", "is an HDF5 file.", "Save its table as Parquet or CSV."),
    (b"<", b"<table", "is a page with a table.", "Save the table as CSV."),
    (b"\xff\xfe", b"", "is UTF-16 text.", "Save it as UTF-8."),
    (b"\xfe\xff", b"", "is UTF-16 text.", "Save it as UTF-8."),
)
PICKLES = tuple(bytes([0x80, protocol]) for protocol in range(2, 6))


def _stands_alone(reader: Reader, source: Source) -> bool:
    """Return whether a file in a folder of runs is a study, not just any file of its format."""
    if isinstance(reader, GenericJson):
        head = source.head()
        return FORMAT.encode() in head or (b'"trials"' in head and b'"objectives"' in head)
    return isinstance(reader, (Amltk, Dehb)) or not isinstance(reader, (RayTune, RunFolder))


# The first that detects a source reads it; the widest formats stand last.
READERS: tuple[Reader, ...] = (
    RayTune(),
    DeepCave(),
    HpBandSter(),
    Smac(),
    SyneTune(),
    Nni(),
    Orion(),
    Dehb(),
    Amltk(),
    DataFrameRun(),
    Ax(),
    Hyperopt(),
    HiPlot(),
    KerasTuner(),
    Wandb(),
    Sacred(),
    ClearMl(),
    Comet(),
    Katib(),
    Vizier(),
    Auptimizer(),
    Atm(),
    Chopt(),
    Mlflow(),
    OptunaSqlite(),
    OptunaJournal(),
    OptunaUrl(),
    TrackerTable(),  # reads all lines of JSON to know the columns
    TableCsv(),
    GenericJson(),
    NestedFolder(lambda: READERS[:-2], lambda: READERS[-1:], _stands_alone),
    TensorBoard(),  # event files lie in the runs of many other programs too
)


def detect(source: str | Path | Source) -> Reader:
    """Return the reader for a source, chosen by its content.

    Raises:
        UntoldTableError: It is a table whose columns somebody has to explain first.
        SourceFormatError: It can't be opened, or no reader knows it.
    """
    place = source if isinstance(source, Source) else Source.parse(source)
    if place.path is not None:
        place.require_there()
    try:
        return _knowing(Glance(place.path, place.url))
    except OSError as error:
        reason = f"{error.filename}: {error.strerror or error}"
        raise place.error(f"can't be looked into ({reason}).") from None


def _knowing(place: Source) -> Reader:
    for reader in READERS:
        if reader.detects(place):
            return reader
    refused = refusal(place)
    if refused is not None:
        raise refused
    pickle = _pickle_of(place)
    if pickle is not None:
        raise pickle.error(
            "is a pickle, which can run any code when it is loaded; it is never opened here.",
            "`hypertendril convert` makes JSON of those of Optuna, hyperopt and Orion and CSV of those of "
            "pandas; export others as JSON or CSV with the program that wrote them.",
        )
    for start, word, what, hint in NEARLY:
        if place.head().startswith(start) and word in place.head():
            raise place.error(what, hint)
    raise place.error(
        "is of no format this program reads.",
        "It reads the storages and result folders of many frameworks, its own JSON form and CSV "
        "tables; docs/formats.md lists them.",
    )


def _pickle_of(place: Source) -> Source | None:
    """Return the source itself, or a file in or below the folder it is, where that is a pickle."""
    if not place.is_folder:
        return place if place.head().startswith(PICKLES) else None
    below = islice(place.file.rglob("*"), MOST_LOOKED_AT)
    pickles = (path for path in below if path.is_file() and head_of(path, 2) in PICKLES)
    return next((Source(path=path) for path in pickles), None)


def read(source: str | Path) -> tuple[ReadStudy, ...]:
    """Return all studies of a file, folder or storage URL, read directly into columns.

    Raises:
        SourceFormatError: It can't be read; what could only be read in part is in `header.skipped`.
    """
    place = Source.parse(source)
    reader = detect(place)
    with uncollected():
        return named_apart(reader.read(place))
