"""Writes the pickles beside it: `python make_frames.py`, once with each release of pandas."""

from pathlib import Path

import numpy as np
import pandas as pd


def frame() -> pd.DataFrame:
    """Return a table with a column of every kind."""
    return pd.DataFrame(
        {
            "lr": [0.1, np.nan, 1e-5],
            "score": [5.0, 4.0, float("inf")],
            "layers": [1, 2, 3],
            "opt": ["adam", None, "naïve, 日本"],
            "flag": [True, False, True],
            "kind": pd.Categorical(["a", None, "b"]),
            "size": pd.Categorical([4, 1, 4], categories=[1, 2, 4], ordered=True),
            "begun": pd.to_datetime(["2026-01-02 03:04:05.5", "2026-01-02 00:00:00.0", "NaT"]),
            "zoned": pd.to_datetime(["2026-01-02"] * 3).tz_localize("Europe/Berlin"),
            "took": pd.to_timedelta([1.5, None, 60], unit="s"),
            "whole": pd.array([1, None, 3], dtype="Int64"),
            "maybe": pd.array([True, None, False], dtype="boolean"),
            "text": pd.array(["p", None, "q"], dtype="string"),
            "small": np.array([0.1, 0.2, 0.3], dtype=np.float32),
            "mixed": [1, "x", (1, [2.5, None])],
        }
    )


if __name__ == "__main__":
    frame().to_pickle(Path(__file__).with_name(f"pandas_{pd.__version__}.pkl"), protocol=4)
