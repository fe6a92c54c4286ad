"""Pickles of Optuna, hyperopt, Orion, ATM and pandas written again as what the readers know."""

from __future__ import annotations

import bz2
import json
import lzma
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from hypertendril.readers.atm.reader import has_tables
from hypertendril.readers.folders import as_dict, as_list
from hypertendril.readers.generic.export import write_whole
from hypertendril.readers.hyperopt import FORMAT
from hypertendril.readers.pickles.atm import document_of
from hypertendril.readers.pickles.frame import frame_csv, is_frame
from hypertendril.readers.pickles.inert import BadPickleError, Inert, is_pickle, taken_apart
from hypertendril.readers.pickles.optuna_study import database_of, journal_of
from hypertendril.readers.pickles.plain import PlainForm
from hypertendril.readers.source import Source

MOST_BYTES = 1 << 30
WARNING = (
    "A pickle can run any code when a Python program loads it. This command takes the file apart "
    "without running anything in it; all the same, use it only on files you made or trust."
)
_PACKED: dict[bytes, Callable[[], Any]] = {
    b"x": zlib.decompressobj,
    b"\x1f\x8b": lambda: zlib.decompressobj(zlib.MAX_WBITS | 16),
    b"BZh": bz2.BZ2Decompressor,
    b"\xfd7zXZ": lzma.LZMADecompressor,
}


def convert(path: Path, out: Path) -> str:
    """Write the studies of a pickle to `out`; return whose they are.

    A DataFrame of pandas becomes a table in CSV, all others JSON.

    Raises:
        SourceFormatError: It can't be read, is no pickle, or holds neither a study of Optuna nor
            hyperopt's trials nor Orion's storage nor a table, nor is it a database of ATM; or
            `out` is named as the other kind of file.
    """
    source = Source(path=path)
    if has_tables(source):
        write_whole(out, json.dumps(document_of(source), allow_nan=True, ensure_ascii=True))
        return "atm"
    data = unpacked(source)
    if not is_pickle(data):
        raise source.error("is no pickle.", "Other formats are read as they are.")
    framework, found = _converted(source, data)
    is_table = framework == "pandas"
    if is_table != (out.suffix == ".csv"):
        kind, suffix = ("a table", ".csv") if is_table else (f"a study of {framework}", ".json")
        raise source.error(f"is {kind}.", f"Write it to {out.with_suffix(suffix).name}.")
    if is_table:
        write_whole(out, found)
        return framework
    # An Optuna journal has an operation a line; all others are one document.
    lines = found if framework == "optuna" else [found]
    texts = [json.dumps(line, allow_nan=True, ensure_ascii=True) for line in lines]
    write_whole(out, "\n".join((*texts, "")))
    return framework


def unpacked(source: Source) -> bytes:
    """Return the bytes of a pickle; joblib or pandas may have compressed them.

    Raises:
        SourceFormatError: It can't be read, or is too large.
    """
    try:
        if source.file.stat().st_size > MOST_BYTES:
            raise source.error("is a pickle of more than 1 GiB.")
        data = source.file.read_bytes()
        for magic, machine in _PACKED.items():
            if data.startswith(magic):
                data = bytes(machine().decompress(data, MOST_BYTES))
                break
    except OSError as error:
        raise source.error(f"can't be read ({error.strerror}).") from None
    except (zlib.error, lzma.LZMAError, EOFError) as error:
        raise source.error(f"can't be unpacked ({error}).") from None
    return data


def _converted(source: Source, pickled: bytes) -> tuple[str, Any]:
    try:
        found = taken_apart(pickled)
        known = (("hyperopt", _hyperopt), ("orion", _orion), ("optuna", journal_of))
        for framework, recognize in known:
            data = recognize(found)
            if data is not None:
                return framework, data
        if is_frame(found):
            return "pandas", frame_csv(found)
    except BadPickleError as error:
        raise source.error(f"can't be read as a pickle: {error}.") from None
    url = database_of(found)
    if url is not None:
        shown = Source.parse(url).shown
        raise source.error("is a study of Optuna without its trials.", f"Open its storage: {shown}")
    what = f" but a {found.class_name}" if isinstance(found, Inert) and found.class_name else ""
    raise source.error(
        f"is a pickle, but holds no study of Optuna, hyperopt or Orion and no DataFrame{what}.",
        "Export the study as JSON or CSV with the program that wrote it.",
    )


def _hyperopt(found: Any) -> dict[str, Any] | None:
    """Return the documents of a `Trials` object, or of a plain list of them."""
    attributes = found.attributes if isinstance(found, Inert) else {}
    stored = attributes.get("_dynamic_trials") or attributes.get("_trials")
    documents = as_list(found if isinstance(found, list) else stored)
    if not documents and "_dynamic_trials" not in attributes:
        return None
    if not all(isinstance(d, dict) and "misc" in d and "tid" in d for d in documents):
        return None
    plain = PlainForm()
    key = plain.of(attributes.get("_exp_key"))
    return {"format": FORMAT, "exp_key": key, "trials": [plain.of(d) for d in documents]}


def _orion(found: Any) -> dict[str, Any] | None:
    """Return the documents of an `EphemeralDB`."""
    if not isinstance(found, Inert):
        return None
    collections = _members(found.attributes.get("_db"))
    if not {"experiments", "trials"} <= collections.keys():
        return None
    plain = PlainForm()
    return {
        name: [plain.of(document) for document in _documents(collections[name])]
        for name in ("experiments", "trials")
    }


def _members(value: Any) -> dict[str, Any]:
    if isinstance(value, Inert):  # a defaultdict
        return {key: item for key, item in value.items if isinstance(key, str)}
    return as_dict(value)


def _documents(collection: Any) -> Iterator[Any]:
    attributes = collection.attributes if isinstance(collection, Inert) else {}
    for document in as_list(attributes.get("_documents")):
        data = document.attributes.get("_data") if isinstance(document, Inert) else document
        if isinstance(data, dict):
            yield data
