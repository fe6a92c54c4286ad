"""Logs of trackers, cut short or with flipped bits: read as far as they go, or one clear error."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from hypertendril.errors import SourceFormatError
from hypertendril.readers import READERS, Reader, read, to_generic
from tests.contract.formats import FORMATS
from tests.contract.run_formats import Format
from tests.contract.service_formats import SERVICE_FORMATS
from tests.contract.tracker_formats import TRACKER_FORMATS

CHANGES = 25  # of each kind, spread over all files of a source


@pytest.fixture(params=[*TRACKER_FORMATS, *SERVICE_FORMATS], ids=lambda form: form.reader)
def form(request: pytest.FixtureRequest) -> Format:
    found: Format = request.param
    return found


def _files(place: Path) -> list[Path]:
    return sorted(p for p in place.rglob("*") if p.is_file()) if place.is_dir() else [place]


def _read(form: Format, place: Path) -> int:
    """Read what the format makes of a damaged source; return how many trials are left."""
    from hypertendril.readers import Source

    reader: Reader = next(r for r in READERS if r.name == form.reader)
    source = Source.parse(place)
    try:
        reader.detects(source)
        studies = reader.read(source)
    except SourceFormatError:
        return 0
    for study in studies:
        to_generic(study)
    return sum(len(study.trials) for study in studies)


def test_a_log_cut_anywhere_is_read_as_far_as_it_goes(form: Format, tmp_path: Path) -> None:
    place = form.make(tmp_path).file
    files, draw = _files(place), random.Random(1)
    for _ in range(CHANGES):
        path = draw.choice(files)
        whole = path.read_bytes()
        path.write_bytes(whole[: draw.randrange(len(whole) + 1)])
        _read(form, place)
        path.write_bytes(whole)


def test_a_log_with_flipped_bits_never_raises_anything_else(form: Format, tmp_path: Path) -> None:
    place = form.make(tmp_path).file
    files, draw = [p for p in _files(place) if p.stat().st_size], random.Random(2)
    for _ in range(CHANGES):
        path = draw.choice(files)
        whole = path.read_bytes()
        damaged = bytearray(whole)
        for _ in range(draw.choice((1, 1, 8))):
            damaged[draw.randrange(len(damaged))] ^= 1 << draw.randrange(8)
        path.write_bytes(bytes(damaged))
        _read(form, place)
        path.write_bytes(whole)


def test_garbage_in_place_of_a_file_never_raises_anything_else(
    form: Format, tmp_path: Path
) -> None:
    place = form.make(tmp_path).file
    for path in _files(place)[:12]:
        whole = path.read_bytes()
        for text in (b"", b"\0" * 99, b"[]", b"{}", b'{"a": [1, {"b": null}]}', b"\xff\xfe,\n1,2"):
            path.write_bytes(text)
            _read(form, place)
        path.write_bytes(whole)


@pytest.mark.parametrize(
    ("reader", "pattern", "end", "lost"),
    [
        ("hiplot", "source", -3, "the last line has no end"),
        ("tracker-table", "source", -3, "the last line has no end"),
        ("katib", "source", -1, "the last line has no end"),
        ("mlflow", "source/*/*/meta.yaml", -1, "the last line has no end"),
        ("mlflow", "source/*/*/metrics/*", -1, "the last line has no end"),
        ("tensorboard", "source/*/*tfevents*", -3, "the last record is not complete"),
        ("folder", "source/b", 300, "JSON that was cut short"),
    ],
)
def test_what_is_cut_within_its_last_line_says_so(
    reader: str, pattern: str, end: int, lost: str, tmp_path: Path
) -> None:
    # Found by `python -m benchmarks.mutations`: what is left looks like a whole file.
    forms = [form for form in FORMATS if form.reader == reader]
    place = forms[reader == "hiplot"].make(tmp_path).file
    path = max(path for path in tmp_path.glob(pattern) if path.is_file())
    whole = path.read_bytes()
    path.write_bytes(whole[:end])
    reasons = [s.reason for study in read(place) for s in study.header.skipped]
    assert any(lost in reason for reason in reasons)
    path.write_bytes(whole)
    assert not any(lost in s.reason for study in read(place) for s in study.header.skipped)
