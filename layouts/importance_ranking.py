"""The ranked effects of Hyperparameter importance, and all that must be said beside them."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from typing import Any

from dash import html
from dash.development.base_component import Component

from hypertendril.analysis.effects import Effect, EffectsData
from hypertendril.analysis.honesty import HIDDEN_R2, ROUGH_R2, UNRELIABLE_R2
from hypertendril.analysis.promising_view import PromisingView
from hypertendril.analysis.ticks import number_text
from hypertendril.layouts.labels import plain
from hypertendril.model import Parameter


def subtitle(data: EffectsData) -> str:
    """Return the words behind the panel's title: the parameters in focus."""
    return " × ".join(plain(name, 24) for name in data.focus)


def draw_ranking(data: EffectsData) -> list[Component]:
    """Return the ranked effects, each a button that puts its parameters in focus."""
    if not data.effects:
        return _warnings(data.warnings or ("This study has no parameters.",))
    most = max((effect.share for effect in data.effects), default=0.0) or 1.0
    rows = [_effect(effect, most, data.focus) for effect in data.effects]
    summary = [] if math.isnan(data.r2) else [_summary(data)]
    list_class = "importance-effects" if data.has_ranks else "importance-effects unsure"
    # The first warning is the gravest and may not be overlooked; the others may wait below.
    first, others = _warnings(data.warnings[:1]), _warnings(data.warnings[1:])
    shadow = {"--shadow": f"{100 * min(1.0, data.shadow / most):.1f}%"}
    effects = html.Div(rows, className=list_class, style=shadow)
    return [*summary, *first, effects, *_shadow(data), *_promising(data.promising), *others]


def _shadow(data: EffectsData) -> list[Component]:
    if not data.shadow:
        return []
    title = (
        f"A parameter of random numbers that no trial used was fitted with the others: {data.shadow:.4f} "
        "of the variance seems to be its own. What is not longer cannot be told from chance."
    )
    return [html.P([html.I(), "no effect"], className="importance-shadow", title=title)]


def _promising(view: PromisingView | None) -> list[Component]:
    """Return what the promising ranges keep, hold and promise; the ranges themselves on hover."""
    if view is None:
        return []
    found = view.ranges
    kept = f"{100 * found.kept_volume:.2g} % of the space"
    inside = f"{found.n_inside} of the {found.n_shown} best inside"
    words: list[Any] = [html.B("Promising: "), f"{kept}, {inside}"]
    if math.isfinite(view.gain):
        sign = "+" if view.gain >= 0 else "−"
        sd = number_text(view.gain_sd, 2)
        words.append(f", expected {sign}{number_text(abs(view.gain), 2)} ± {sd} better")
    ranges = "; ".join(_range_words(parameter) for parameter in found.space)
    title = (
        f"5 to 95 % of the {found.n_best} best trials: {ranges}. Expected: a random trial inside, "
        "compared with one of all the space, by the model."
    )
    return [
        html.P(words, className="importance-note importance-promising", title=plain(title, 900))
    ]


def _range_words(parameter: Parameter) -> str:
    if parameter.is_discrete_choice:
        return f"{parameter.name} {', '.join(str(choice) for choice in parameter.choices)}"
    assert parameter.low is not None and parameter.high is not None
    return f"{parameter.name} {number_text(parameter.low, 3)} to {number_text(parameter.high, 3)}"


def _trust(r2: float) -> str:
    if r2 < HIDDEN_R2:
        return "no ranks"
    if r2 < UNRELIABLE_R2:
        return "unreliable"
    return "rough" if r2 < ROUGH_R2 else "good"


def _summary(data: EffectsData) -> html.P:
    title = (
        f"Of the variance over the space, by single and pair effects in a {data.surrogate} of "
        f"{data.n_trials:,} trials. R² says how well it predicts trials it has not seen: near 1 "
        "trust the ranking, near 0 do not."
    )
    explained, r2 = html.B(f"{100 * data.explained:.0f} %"), html.B(f"{data.r2:.2f}")
    words: list[Any] = [
        explained,
        " explained · R² ",
        r2,
        f" ({_trust(data.r2)}) · {data.surrogate}",
    ]
    scope = [html.Span(f" · {plain(data.scope, 60)}", className="importance-scope")]
    return html.P(
        [*words, *(scope if data.scope else [])], className="importance-note", title=title
    )


def _warnings(sentences: Sequence[str]) -> list[Component]:
    return [
        html.P(plain(words, 240), className="importance-warning", title=plain(words, 400))
        for words in sentences
    ]


def _effect(effect: Effect, most: float, focus: tuple[str, ...]) -> html.Button:
    is_on = effect.names in (focus, focus[::-1]) or effect.names == focus[:1]
    kind = "pair" if len(effect.names) > 1 else "single"
    names: list[Component] = []
    for name in effect.names:
        # Two long names share the room: each is cut by itself.
        names += [*([html.I("×")] if names else []), html.Span(plain(name))]
    share = html.Span(f"{effect.share:.3f}", className="effect-share")
    attributes: dict[str, Any] = {
        "data-names": json.dumps(effect.names),
        "aria-pressed": str(is_on).lower(),
    }
    return html.Button(
        [html.Span(names, className="effect-name"), _bar(effect, most), share],
        type="button",
        className=f"effect {kind}{' on' if is_on else ''}",
        title=_effect_words(effect),
        **attributes,
    )


def _bar(effect: Effect, most: float) -> html.Span:
    def percent(share: float) -> str:
        return f"{100 * min(1.0, max(0.0, share / most)):.1f}%"

    parts: list[Component] = [html.I(style={"width": percent(effect.share)})]
    if effect.sd > 0:
        low, high = effect.share - effect.sd, effect.share + effect.sd
        left, right = percent(low), 100 - float(percent(high).rstrip("%"))
        parts.append(html.Em(style={"left": left, "right": f"{right:.1f}%"}))
    parts.append(html.S())  # where "no effect" ends
    return html.Span(parts, className="effect-bar")


def _effect_words(effect: Effect) -> str:
    share = f"{100 * effect.share:.1f} % of the variance"
    if effect.sd > 0:
        share += f", ± {100 * effect.sd:.1f}"
    names = [plain(name, 80) for name in effect.names]
    if len(names) > 1:
        return f"{names[0]} and {names[1]} together, beyond each alone: {share}"
    return f"{names[0]} alone: {share}"


def messages(sentences: Sequence[str]) -> list[Component]:
    """Return sentences in the place of the ranking."""
    return [html.P(plain(sentence, 300), className="importance-note") for sentence in sentences]
