from __future__ import annotations

import subprocess
import sys


def test_pandas_is_complete_before_the_first_figure() -> None:
    """Plotly breaks on a pandas that another thread has half imported."""
    program = (
        "import sys, hypertendril.layouts.frame; print(hasattr(sys.modules['pandas'], 'Series'))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60
    )

    assert done.stdout.strip() == "True"
