"""What a study can be written as, for the command line and the page alike."""

from __future__ import annotations

import tempfile
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from hypertendril.errors import HyperTendrilError
from hypertendril.exports.optuna_storage import write_optuna
from hypertendril.exports.parquet import write_parquet
from hypertendril.model import Study
from hypertendril.readers.generic.export import write_generic
from hypertendril.readers.result import ReadStudy
from hypertendril.readers.tables.writing import write_table

AnyStudy = Study | ReadStudy


@dataclass(frozen=True, slots=True)
class OutFormat:
    """One way to write studies.

    Attributes:
        title: What the screen calls it.
        suffix: Of its files.
        write: Writes studies to a path; returns a sentence for each thing that is lost.
        is_many: Whether one file holds several studies.
    """

    name: str
    title: str
    suffix: str
    write: Callable[[Sequence[AnyStudy], Path], list[str]]
    is_many: bool = False

    def packed(self, study: Study, folder: Path, stem: str) -> Path:
        """Write a study into `folder` as one file; several files become a ZIP archive."""
        path = folder / f"{stem}{self.suffix}"
        self.write([study], path)
        written = sorted(folder.iterdir())
        if len(written) == 1:
            return path
        archive = folder / f"{stem}.zip"
        with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as pack:
            for entry in written:
                pack.write(entry, entry.name)
        return archive


def _generic(studies: Sequence[AnyStudy], path: Path) -> list[str]:
    write_generic(studies[0], path)
    return []


def _table(studies: Sequence[AnyStudy], path: Path) -> list[str]:
    write_table(studies[0], path)
    return []


def _parquet(studies: Sequence[AnyStudy], path: Path) -> list[str]:
    write_parquet(studies[0], path)
    return []


FORMATS: dict[str, OutFormat] = {
    item.name: item
    for item in (
        OutFormat("json", "JSON", ".json", _generic),
        OutFormat("csv", "CSV", ".csv", _table),
        OutFormat("parquet", "Parquet", ".parquet", _parquet),
        OutFormat("optuna", "Optuna storage", ".db", write_optuna, is_many=True),
    )
}


def write_studies(studies: Sequence[AnyStudy], path: Path, name: str) -> list[str]:
    """Write studies to `path`; return a sentence for each thing that is lost.

    Raises:
        HyperTendrilError: No such format, too many studies for it, or the file can't be written.
    """
    if name not in FORMATS:
        raise HyperTendrilError(f"{name!r} is no format; there are {', '.join(FORMATS)}.")
    if len(studies) != 1 and not FORMATS[name].is_many:
        names = ", ".join(repr(study.header.name) for study in studies[:10]) or "none"
        raise HyperTendrilError(
            f"A {name} file holds one study and there are {len(studies)} ({names}); "
            "choose one with --study."
        )
    try:
        return FORMATS[name].write(studies, path)
    except OSError as error:
        reason = error.strerror or str(error)
        raise HyperTendrilError(f"{path}: can't be written ({reason}).") from None


def packed_in_memory(study: Study, name: str, stem: str) -> tuple[bytes, str]:
    """Return a study as the content of one file, and the name of the file.

    Raises:
        HyperTendrilError: As `write_studies`.
    """
    if name not in FORMATS:
        raise HyperTendrilError(f"{name!r} is no format; there are {', '.join(FORMATS)}.")
    with tempfile.TemporaryDirectory() as folder:
        path = FORMATS[name].packed(study, Path(folder), stem)
        return path.read_bytes(), path.name
