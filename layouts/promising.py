"""Promising ranges in words, for the two views in which one of them is chosen."""

from __future__ import annotations

import math

from hypertendril.analysis.importance.promising_view import (
    JOINT,
    MARGINAL,
    QUANTILES,
    PromisingView,
)
from hypertendril.analysis.ticks import choice_texts, number_text
from hypertendril.layouts.labels import plain
from hypertendril.model import Parameter

_NAMES = {QUANTILES: "best trials", MARGINAL: "marginals", JOINT: "joint box"}
_HOW = {
    QUANTILES: "5 to 95 % of the best fifth of the trials",
    MARGINAL: "Where the marginal, less its uncertainty, is better than its mean",
    JOINT: "5 to 95 % of the best twentieth of points all over the space, by the model less its "
    "uncertainty",
}


def promising_words(view: PromisingView) -> dict[str, str]:
    """Return what a promising range keeps, holds and promises; the ranges themselves in `title`."""
    found = view.ranges
    ranges = "; ".join(_range_words(parameter) for parameter in found.space)
    gain = _gain_words(view)
    expected = (
        f" A random trial inside is expected {gain} better than one of all the space, by the model."
        if gain
        else ""
    )
    title = (
        f"{_HOW[view.kind]}; {found.n_best} trials bear witness. Keeps {_share(found.kept_volume)} "
        f"of the space and {found.n_inside} of the {found.n_shown} best trials.{expected} {ranges}."
    )
    return {
        "kind": view.kind,
        "name": _NAMES[view.kind],
        "keeps": _share(found.kept_volume),
        "inside": f"{found.n_inside}/{found.n_shown}",
        "gain": gain,
        "title": plain(title, 900),
    }


def _share(share: float) -> str:
    percent = 100 * share
    if percent < 0.1:
        return "< 0.1 %"
    return f"{percent:.1f} %" if percent < 9.95 else f"{percent:.0f} %"


def _gain_words(view: PromisingView) -> str:
    if not math.isfinite(view.gain):
        return ""
    sign = "+" if view.gain >= 0 else "−"
    return f"{sign}{number_text(abs(view.gain), 2)} ± {number_text(view.gain_sd, 2)}"


def _range_words(parameter: Parameter) -> str:
    if parameter.is_discrete_choice:
        return f"{parameter.name} {', '.join(choice_texts(parameter))}"
    assert parameter.low is not None and parameter.high is not None
    return f"{parameter.name} {number_text(parameter.low, 3)} to {number_text(parameter.high, 3)}"
