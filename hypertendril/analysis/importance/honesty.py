"""When an importance is not to be believed, in sentences for the screen."""

from __future__ import annotations

from collections.abc import Sequence

from hypertendril.analysis.fanova.response import Response
from hypertendril.analysis.fanova.shares import Shares
from hypertendril.analysis.importance.targets import Target, is_constant

LEAST_TRIALS = 4
# Below these shares of the variance predicted for unseen trials the ranks mean nothing, little,
# and only part of the truth.
HIDDEN_R2, UNRELIABLE_R2, ROUGH_R2 = 0.0, 0.3, 0.6


def lacks_data(target: Target) -> bool:
    """Tell whether there is nothing a model could learn."""
    return len(target.values) < LEAST_TRIALS or is_constant(target.values)


def sentences(
    names: Sequence[str], target: Target, response: Response, shares: Shares
) -> list[str]:
    """Return what a reader of the shares must know, the worst first.

    Args:
        names: Parameters in the order of the response.
        target: What the model was fitted to.
        response: The fitted model.
        shares: Its shares of the variance.
    """
    n, d = len(target.rows), len(names)
    if n < LEAST_TRIALS:
        return [f"{n} finished {_trials(n)} with a value: at least {LEAST_TRIALS} are needed."]
    if is_constant(target.values):
        return [f"All {n} trials have the same value: nothing varies, so nothing is important."]
    said = [_trust(response.surrogate.r2), *_gaps(shares)]
    if n < 2 * d:
        said.append(f"{n} trials are few for {d} parameters: expect the shares to change.")
    said += _conditional(names, response)
    return [text for text in said if text]


def _gaps(shares: Shares) -> list[str]:
    said = []
    if not shares.singles[:-1].any() and not any(shares.pairs.values()):
        said.append("The model finds no parameter that changes the value.")
    if len(shares.pairs) < shares.n_pairs:
        counts = f"{len(shares.pairs)} of {shares.n_pairs} pairs"
        said.append(f"Computed for {counts}; the others are part of the higher order.")
    return said


def _conditional(names: Sequence[str], response: Response) -> list[str]:
    branched = response.conditions.conditional
    absent = {i for i, axis in enumerate(response.axes) if axis.inactive} - branched
    said = []
    if branched:
        listed = ", ".join(names[i] for i in sorted(branched))
        said.append(f"Counted only where active: {listed}.")
    if absent:
        listed = ", ".join(names[i] for i in sorted(absent))
        said.append(f'"Inactive" counts as one more value of: {listed}.')
    return said


def _trust(r2: float) -> str:
    if r2 < HIDDEN_R2:
        what = "worse than their mean would", "ranks would be noise and are hidden"
    elif r2 < UNRELIABLE_R2:
        what = "poorly", "ranks are unreliable"
    elif r2 < ROUGH_R2:
        what = "in part only", "ranks are rough"
    else:
        return ""
    return f"The model predicts unseen trials {what[0]} (R2 {r2:.2f}): {what[1]}."


def _trials(n: int) -> str:
    return "trial" if n == 1 else "trials"
