from __future__ import annotations

from datetime import datetime

import numpy as np
import pytest

from hypertendril.readers.files.times import posix, posix_column


@pytest.mark.parametrize(
    "zone",
    ["UTC", "Europe/Berlin", "Asia/Kolkata", "America/St_Johns", "Australia/Lord_Howe"],
    indirect=True,
)
def test_a_column_of_times_equals_python_one_by_one(zone: str) -> None:
    texts = [
        f"2026-{month:02}-{day:02} {hour:02}:29:59.123456"
        for month in (1, 3, 4, 10, 12)
        for day in (1, 25, 29)
        for hour in (0, 1, 2, 3, 23)
    ]
    expected = [datetime.fromisoformat(text).timestamp() for text in texts]
    assert posix_column(texts) == pytest.approx(expected, abs=1e-6, rel=0)
    expected = [datetime.fromisoformat(f"{text}Z").timestamp() for text in texts]
    assert posix_column(texts, is_utc=True) == pytest.approx(expected, abs=1e-6, rel=0)
    moments = [datetime.fromisoformat(text) for text in texts]
    assert posix_column(moments, is_utc=True) == pytest.approx(expected, abs=1e-6, rel=0)
    assert zone


def test_missing_times_are_nan() -> None:
    found = posix_column(["2026-01-01 00:00:00", None])
    assert np.isfinite(found[0])
    assert np.isnan(found[1])


@pytest.mark.parametrize(
    "text", ["2026-01-02T03:04:05Z", "2026-01-02T04:04:05+01:00", "2026-01-01T22:04:05-05:00"]
)
def test_an_offset_counts(text: str) -> None:
    assert posix(text) == 1767323045.0
    assert posix_column([text, None])[0] == 1767323045.0


@pytest.mark.parametrize(
    "junk",
    [
        "",
        "yesterday",
        5,
        "2026-13-01 00:00:00",
        "0001-01-01",
        b"x",
        [],
        "9999-99-99",
        "2026-1122 12:09:20-0100",
    ],
)
def test_what_is_no_time_is_nan(junk: object) -> None:
    assert np.isnan(posix_column([junk, "2026-01-01 00:00:00"])[0])
    assert np.isnan(posix(junk))


def test_no_times_make_an_empty_column() -> None:
    assert posix_column([]).shape == (0,)
