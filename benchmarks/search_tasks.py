"""What searches are compared on: losses that come from training step by step.

Each has a learning curve, so that methods which stop, continue and copy have something to look
at, and curves cross: who is ahead early need not win. Less is better everywhere.
"""

from __future__ import annotations

import math
import tempfile
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from examples import digits_mlp
from hypertendril.jobs.segments import Segment
from hypertendril.jobs.spec.objectives import load_registry
from hypertendril.jobs.training import TrialContext
from hypertendril.model import Choice, Condition, Parameter, ParameterKind, SearchSpace

Values = Mapping[str, Choice]
NAMES = ("branin", "hartmann", "mixed", "currin", "quadratic", "digits")
STEPS = 27  # of a full training: eta 3 makes four rungs
FULL_TRAININGS = 40  # what a search may spend
DIGITS_STEPS, DIGITS_TRAININGS = 9, 20
DIGITS_SEED = 0
SLOWEST, FASTEST = 0.08, 0.35  # share of the way left that one step covers


@dataclass(frozen=True)
class State:
    """A trial after some steps of training: what a checkpoint holds.

    Attributes:
        loss: How good it is.
        inside: Whatever else training needs; None before the first step.
    """

    loss: float
    inside: Any = None


# Values, state before, steps that are done already and that shall be done; the state after.
Train = Callable[[Values, State, int, int], State]


@dataclass(frozen=True)
class Task:
    """Something to be tuned.

    Attributes:
        steps: Of a full training.
        full_trainings: What a search may spend.
        train: Returns a new state; the one it is given stays as it is.
        start: Loss before the first step.
        optimum: The least loss there is; None where nobody knows.
        structural: Parameters that a copied model cannot change.
    """

    space: SearchSpace
    train: Train
    start: float = 1.0
    optimum: float | None = None
    steps: int = STEPS
    full_trainings: int = FULL_TRAININGS
    structural: frozenset[str] = frozenset()


def make_task(name: str, folder: Path) -> Task:
    """Return one of `NAMES`.

    Args:
        folder: Where training may leave checkpoints.
    """
    if name == "branin":
        plane = SearchSpace((_float("x", -5.0, 10.0), _float("y", 0.0, 15.0)))
        return Task(plane, _relaxing(_branin, "y", 15.0), 300.0, 0.397887)
    if name == "hartmann":
        cube = SearchSpace(tuple(_float(name, 0.0, 1.0) for name in "abcdef"))
        return Task(cube, _relaxing(_hartmann, "a", 1.0), 0.0, -3.32237)
    if name == "mixed":
        train, shape = _relaxing(_mixed, "dropout", 0.8), frozenset({"units", "layers"})
        return Task(_MIXED, train, 1.0, 0.05, structural=shape)
    if name == "currin":
        square = SearchSpace((_float("x", 0.0, 1.0), _float("y", 0.0, 1.0)))
        return Task(square, _blended, optimum=-13.7987)
    if name == "quadratic":
        rates = [f"rate_{k}" for k in range(len(_CURVATURE))]
        return Task(SearchSpace(tuple(_float(r, 1e-3, 1.5, log=True) for r in rates)), _descend)
    registry = load_registry(Path(digits_mlp.__file__).with_name("objectives.toml"))
    digits = registry["digits_mlp"]
    shape = frozenset(digits.structural)
    return Task(
        digits.space,
        _digits(folder),
        steps=DIGITS_STEPS,
        full_trainings=DIGITS_TRAININGS,
        structural=shape,
    )


def _float(name: str, low: float, high: float, *, log: bool = False) -> Parameter:
    return Parameter(name, ParameterKind.FLOAT, low, high, log=log)


def _numbers(values: Values, names: Iterable[str]) -> list[float]:
    return [float(values[name]) for name in names]  # type: ignore[arg-type]


def _relaxing(value: Callable[[Values], float], fast: str, most: float) -> Train:
    """Return a training whose loss approaches `value`, the faster the higher `fast` is, up to `most`."""

    def train(values: Values, state: State, done: int, wanted: int) -> State:
        share = SLOWEST + (FASTEST - SLOWEST) * _numbers(values, (fast,))[0] / most
        end = value(values)
        return State(end + (state.loss - end) * (1.0 - share) ** (wanted - done))

    return train


def _branin(values: Values) -> float:
    """Three equal minima. Source: Dixon and Szego 1978."""
    x, y = _numbers(values, "xy")
    bent = y - 5.1 * x**2 / (4 * math.pi**2) + 5 * x / math.pi - 6
    return bent**2 + 10 * (1 - 1 / (8 * math.pi)) * math.cos(x) + 10


_HARTMANN_A = np.array(
    [
        [10, 3, 17, 3.5, 1.7, 8],
        [0.05, 10, 17, 0.1, 8, 14],
        [3, 3.5, 1.7, 10, 17, 8],
        [17, 8, 0.05, 10, 0.1, 14],
    ]
)
_HARTMANN_P = 1e-4 * np.array(
    [
        [1312, 1696, 5569, 124, 8283, 5886],
        [2329, 4135, 8307, 3736, 1004, 9991],
        [2348, 1451, 3522, 2883, 3047, 6650],
        [4047, 8828, 8732, 5743, 1091, 381],
    ]
)
_HARTMANN_HEIGHTS = np.array([1.0, 1.2, 3.0, 3.2])


def _hartmann(values: Values) -> float:
    """Six dimensions, few of the valleys deep. Source: Dixon and Szego 1978."""
    x = np.array(_numbers(values, "abcdef"))
    inner = (_HARTMANN_A * (x - _HARTMANN_P) ** 2).sum(axis=1)
    return -float((_HARTMANN_HEIGHTS * np.exp(-inner)).sum())


_MIXED = SearchSpace(
    (
        _float("rate", 1e-5, 1.0, log=True),
        Parameter("units", ParameterKind.INT, 8, 512, log=True),
        Parameter("layers", ParameterKind.INT, 1, 6),
        Parameter("batch", ParameterKind.ORDINAL, choices=(16, 32, 64, 128)),
        Parameter("optimizer", ParameterKind.CATEGORICAL, choices=("sgd", "adam", "rmsprop")),
        Parameter(
            "momentum", ParameterKind.FLOAT, 0.0, 0.99, condition=Condition("optimizer", ("sgd",))
        ),
        _float("dropout", 0.0, 0.8),
    )
)
_BEST_RATE = {"sgd": -0.5, "adam": -3.0, "rmsprop": -3.2}
_HANDICAP = {"sgd": 0.0, "adam": 0.01, "rmsprop": 0.04}


def _mixed(values: Values) -> float:
    """Error of an imagined network: best with sgd and momentum, which are hard to find; adam is near."""
    names = ("rate", "units", "layers", "batch", "dropout")
    rate, units, layers, batch, dropout = _numbers(values, names)
    optimizer = str(values["optimizer"])
    if optimizer == "sgd":  # what counts is the length of a step in the long run
        rate /= 1.0 - _numbers(values, ("momentum",))[0]
    off = math.log10(rate) - _BEST_RATE[optimizer] - 0.3 * math.log2(batch / 64)
    size = math.log2(units / 128) / 3 + (layers - 3) / 3
    error = 0.05 + 0.10 * min(off**2, 4.0) + 0.08 * size**2 + 0.02 * abs(layers - 3)
    return error + _HANDICAP[optimizer] + 0.3 * (dropout - 0.3) ** 2


def _currin(x: float, y: float) -> float:
    """Largest at x = 13/60, y = 0. Source: Currin et al. 1991."""
    bend = 1.0 - math.exp(-1.0 / (2.0 * y)) if y > 0 else 1.0
    above = 2300 * x**3 + 1900 * x**2 + 2092 * x + 60
    return bend * above / (100 * x**3 + 500 * x**2 + 4 * x + 20)


def _blended(values: Values, state: State, done: int, wanted: int) -> State:
    """The more steps, the less there is of the cheap version. Source: Xiong, Qian and Wu 2013."""
    del state, done
    (x, y), share = _numbers(values, "xy"), wanted / STEPS
    below = max(0.0, y - 0.05)
    rough = sum(_currin(x + dx, near) for dx in (0.05, -0.05) for near in (y + 0.05, below)) / 4
    return State(-(share * _currin(x, y) + (1.0 - share) * rough))


_CURVATURE = np.array([1.0, 0.3, 0.05])
_NOISE = np.array([1.0, 0.5, 0.2])
_UPDATES = 4  # in a step


def _descend(values: Values, state: State, done: int, wanted: int) -> State:
    """Mean squares of three groups of weights in the noisy quadratic model.

    Large rates are fast and end in noise, small ones never arrive: the best ones fall with time.
    Source: Zhang et al., Which algorithmic choices matter at which batch sizes? (2019).
    """
    rates = np.array([values[f"rate_{k}"] for k in range(len(_CURVATURE))], dtype=np.float64)
    squares = np.ones(len(_CURVATURE)) if state.inside is None else state.inside
    for _ in range(_UPDATES * (wanted - done)):
        squares = (1.0 - rates * _CURVATURE) ** 2 * squares + rates**2 * _CURVATURE * _NOISE
    return State(float((_CURVATURE * squares).sum()) / 2, squares)


def _digits(folder: Path) -> Train:
    """Return the training of the bundled objective, its checkpoints in `folder`."""
    digits_mlp.TIMED_RUNS = 1  # nobody asks how fast the networks are

    def train(values: Values, state: State, done: int, wanted: int) -> State:
        found: dict[str, float] = {}
        into = Path(tempfile.mkdtemp(dir=folder))
        segment = Segment(0, values, DIGITS_SEED, into, done, wanted, state.inside)
        context = TrialContext(segment, lambda _, metrics: found.update(metrics), lambda: False)
        digits_mlp.train(context)
        return State(1.0 - found["val_accuracy"], into)

    return train
