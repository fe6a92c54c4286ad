"""One file that is compressed: by gzip, bzip2 or xz, or alone in a zip archive."""

from __future__ import annotations

import bz2
import gzip
import lzma
import zipfile
import zlib
from contextlib import closing
from typing import IO

from hypertendril.readers.source import Source

MOST_BYTES = 1 << 29  # of what was packed; a small file can hold any number of zeros
HEAD_BYTES = 1 << 22  # the names of many thousand columns
_ZIP = b"PK\x03\x04"
_STARTS = (b"\x1f\x8b", b"BZh", b"\xfd7zXZ\0")


def is_packed(source: Source) -> bool:
    """Return whether a file holds one other file, compressed."""
    head = source.head()
    return head.startswith(_STARTS) or (head.startswith(_ZIP) and _only_member(source) is not None)


def unpacked(source: Source) -> bytes:
    """Return the content of the file that is packed in another one.

    Raises:
        SourceFormatError: It is damaged or too large.
    """
    content = unpacked_head(source, MOST_BYTES + 1)
    if len(content) > MOST_BYTES:
        raise source.error("holds more than 512 MiB.", "Unpack it first.")
    return content


def unpacked_head(source: Source, size: int = HEAD_BYTES) -> bytes:
    """Return the first bytes of the file that is packed in another one.

    Raises:
        SourceFormatError: It is damaged.
    """
    try:
        with closing(_opened(source)) as file:
            return file.read(size)
    except (OSError, EOFError, lzma.LZMAError, zlib.error, zipfile.BadZipFile) as error:
        raise source.error(f"can't be unpacked ({error}).") from None
    except (NotImplementedError, RuntimeError) as error:  # a method nobody knows, a password
        raise source.error(f"can't be unpacked ({error}).", "Unpack it first.") from None


def _opened(source: Source) -> IO[bytes] | gzip.GzipFile:
    head, path = source.head(), source.file
    if head.startswith(_STARTS[0]):
        return gzip.open(path)
    if head.startswith(_STARTS[1]):
        return bz2.open(path)
    if head.startswith(_STARTS[2]):
        return lzma.open(path)
    member = _only_member(source)
    if member is None:
        raise zipfile.BadZipFile("not one file in it")
    with zipfile.ZipFile(path) as archive:
        return archive.open(member)


def _only_member(source: Source) -> zipfile.ZipInfo | None:
    """Return the one file in a zip archive; None for several, or where it is damaged."""
    try:
        with zipfile.ZipFile(source.file) as archive:
            members = [
                member
                for member in archive.infolist()
                if not member.is_dir() and not member.filename.startswith("__MACOSX/")
            ]
    except (OSError, zipfile.BadZipFile, NotImplementedError, ValueError):
        return None
    return members[0] if len(members) == 1 else None
