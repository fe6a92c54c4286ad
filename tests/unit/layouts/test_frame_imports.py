from __future__ import annotations

import subprocess
import sys

from tests.waiting import PATIENCE_SECONDS


def test_pandas_is_complete_before_the_first_figure() -> None:
    """Plotly breaks on a pandas that another thread has half imported."""
    program = (
        "import sys, hypertendril.layouts.frame; print(hasattr(sys.modules['pandas'], 'Series'))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        check=True,
        timeout=PATIENCE_SECONDS,
    )

    assert done.stdout.strip() == "True"
