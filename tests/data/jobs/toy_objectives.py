"""Objectives that behave and misbehave, for the tests of the running side."""

from __future__ import annotations

import math
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

FIRST_GATED = 3


def sphere(trial: Any) -> dict[str, float]:
    """Best at x = 0; reports three steps."""
    for step in trial.steps():
        trial.report(step, score=-(trial.params["x"] ** 2) * step)
    return {"size": trial.params["n"]}


def fenced(trial: Any) -> dict[str, float]:
    """Better the higher x, but x may not go beyond 0.5."""
    for step in trial.steps():
        trial.report(step, score=trial.params["x"] * step)
    return {"violation": trial.params["x"] - 0.5}


def gated(trial: Any) -> dict[str, float]:
    """Trials from number 3 on report once and wait until a file appears."""
    trial.report(1, score=trial.params["x"])
    gate = Path(os.environ["TOY_GATE"])
    with (gate.parent / "pids").open("a") as file:
        file.write(f"{os.getpid()}\n")
    while trial.number >= FIRST_GATED and not gate.exists():
        time.sleep(0.01)
    return {"score": trial.params["x"]}


def climbs(trial: Any) -> dict[str, float]:
    """Count in the checkpoint how many steps were trained; take some hundredths of a second for each."""
    trained = int((trial.checkpoint / "steps").read_text()) if trial.checkpoint else 0
    for step in trial.steps():
        trained += 1
        trial.report(step, score=height(trial.params, step))
        time.sleep(0.015)
    (trial.checkpoint_dir / "steps").write_text(str(trained))
    return {"trained": trained}


def height(params: dict[str, Any], step: int) -> float:
    """Return the score of `climbs` after some steps: best at x = 0.3, rate = 0.01, n = 2."""
    off = (params["x"] - 0.3) ** 2 + (math.log10(params["rate"]) + 2) ** 2 / 9
    off += abs(params["n"] - 2) / 10 + (params["kind"] == "b") * 0.1
    return (1.0 - off) * (1.0 - 1.0 / (1.0 + step * params["x"]))


def grows(trial: Any) -> dict[str, float]:
    """Keep the list of steps the model was trained for as its checkpoint."""
    life = (trial.checkpoint / "life").read_text().split() if trial.checkpoint else []
    for step in trial.steps():
        life.append(f"{trial.number}:{step}")
        trial.report(step, score=trial.params["x"] * step)
    (trial.checkpoint_dir / "life").write_text(" ".join(life))
    return {"length": len(life)}


def odd(trial: Any) -> Any:
    """Behave as its parameter says."""
    return BEHAVIOURS[trial.params["how"]](trial)


def kills_worker(trial: Any) -> dict[str, float]:
    """End the process that started this one."""
    os.kill(os.getppid(), signal.SIGKILL)
    time.sleep(60)
    return {"score": trial.params["x"]}


def forks(trial: Any) -> dict[str, float]:
    """Start a process that leaves the group, say its id, and wait."""
    child = subprocess.Popen(
        [sys.executable, "-c", "import time; time.sleep(600)"], start_new_session=True
    )
    trial.report(1, score=float(child.pid))
    time.sleep(600)
    return {}


def _raise(trial: Any) -> None:
    raise ValueError(f"trial {trial.number} is unlucky")


def _hang(trial: Any) -> None:
    del trial
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    time.sleep(600)


def _close_output(trial: Any) -> float:
    del trial
    os.close(1)
    os.close(2)
    time.sleep(0.2)
    return 1.0


def _print_a_lot(trial: Any) -> float:
    del trial
    for _ in range(50):
        sys.stdout.write("x" * 100_000)
    return 1.0


def _babble(trial: Any) -> None:
    """Write something else than a message into every pipe."""
    del trial
    for pipe in range(
        3, 1024
    ):  # pipes keep the numbers they had in the process that started this one
        try:
            os.write(pipe, b"this is not JSON\n")
        except OSError:
            continue
    time.sleep(60)


def _late_thread(trial: Any) -> float:
    """Leave a thread behind that reports in the name of a trial that is over."""

    def report() -> None:
        time.sleep(0.1)
        trial.report(99, score=-1000.0)

    threading.Thread(target=report, daemon=True).start()
    return 1.0


BEHAVIOURS = {
    "well": lambda _: {"score": 1.0, "extra": 2.0},
    "raises": _raise,
    "exits": lambda _: sys.exit("enough"),
    "crashes": lambda _: os.abort(),
    "is killed": lambda _: os.kill(os.getpid(), signal.SIGKILL),
    "hangs": _hang,
    "silent": lambda _: None,
    "nan": lambda _: {"score": float("nan")},
    "inf": lambda _: {"score": float("inf")},
    "number": lambda _: 0.5,
    "text": lambda _: {"score": "good"},
    "closes output": _close_output,
    "prints a lot": _print_a_lot,
    "babbles": _babble,
    "late thread": _late_thread,
}
