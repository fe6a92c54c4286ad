"""The ranked effects of Hyperparameter importance, and all that must be said beside them.

As JSON that assets/45-importance-list.js draws: dozens of components would each pass Dash's renderer.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from hypertendril.analysis.importance.effects import Effect, EffectsData
from hypertendril.analysis.importance.honesty import HIDDEN_R2, ROUGH_R2, UNRELIABLE_R2
from hypertendril.layouts.labels import plain, shortened, telling_ends
from hypertendril.layouts.promising import promising_words

# As much of a name as the narrowest list shows, alone and beside another one.
SINGLE_CHARS, PAIR_CHARS = 14, 7
TITLE_CHARS = 24


def subtitle(data: EffectsData) -> str:
    """Return the words behind the panel's title: the parameters in focus."""
    ends = effect_ends(data)
    return " × ".join(shortened(name, TITLE_CHARS, ends) for name in data.focus)


def effect_ends(data: EffectsData) -> dict[str, str]:
    """Return what tells the names of the parameters apart."""
    return telling_ends({name for effect in data.effects for name in effect.names})


def ranking_json(data: EffectsData) -> dict[str, Any]:
    """Return the ranked effects and the words around them, as the page's script takes them."""
    if not data.effects:
        return messages_json(data.warnings or ("This study has no parameters.",))
    most = max((effect.share for effect in data.effects), default=0.0) or 1.0
    ends = effect_ends(data)
    is_known = data.surrogate != "none"
    return messages_json([]) | {
        "summary": None if math.isnan(data.r2) else _summary(data),
        "warnings": [{"text": plain(w, 240), "title": plain(w, 400)} for w in data.warnings],
        "effects": [
            _effect(effect, most, data.focus, ends, is_known=is_known) for effect in data.effects
        ],
        "isSure": data.has_ranks,
        "shadow": _shadow(data, most),
        "promising": [promising_words(view) for view in data.promising],
    }


def messages_json(
    sentences: Sequence[str], *, awaited: str = "", restart: str = ""
) -> dict[str, Any]:
    """Return sentences in the place of the ranking.

    Args:
        sentences: Shown one below the other.
        awaited: Ticket of the work that is waited for, with a bar and a button to stop it.
        restart: Ticket of work that was stopped, with a button to begin again.
    """
    return {
        "messages": [plain(sentence, 300) for sentence in sentences],
        "awaited": awaited,
        "restart": restart,
        "summary": None,
        "warnings": [],
        "effects": [],
        "isSure": True,
        "shadow": None,
        "promising": [],
    }


def _shadow(data: EffectsData, most: float) -> dict[str, Any] | None:
    if not data.shadow:
        return None
    title = (
        "A parameter of random numbers that no trial used was fitted with the others: "
        f"{data.shadow:.4f} of the variance seems to be its own. What is not longer cannot be told "
        "from chance."
    )
    return {"at": round(min(1.0, data.shadow / most), 4), "title": title}


def _trust(r2: float) -> str:
    if r2 < HIDDEN_R2:
        return "no ranks"
    if r2 < UNRELIABLE_R2:
        return "unreliable"
    return "rough" if r2 < ROUGH_R2 else "good"


def _summary(data: EffectsData) -> dict[str, str]:
    title = (
        f"Of the variance over the space, by single and pair effects in a {data.surrogate} of "
        f"{data.n_trials:,} trials. R² says how well it predicts trials it has not seen: near 1 "
        "trust the ranking, near 0 do not."
    )
    return {
        "explained": f"{100 * data.explained:.0f} %",
        "r2": f"{data.r2:.2f}",
        "trust": _trust(data.r2),
        "surrogate": data.surrogate,
        "scope": plain(data.scope, 60),
        "title": title,
    }


def _effect(
    effect: Effect,
    most: float,
    focus: tuple[str, ...],
    ends: Mapping[str, str],
    *,
    is_known: bool = True,
) -> dict[str, Any]:
    def part(share: float) -> float:
        return round(min(1.0, max(0.0, share / most)), 4)

    has_band = effect.sd > 0
    return {
        "names": list(effect.names),
        "labels": _effect_labels(effect.names, ends),
        "isOn": effect.names in (focus, focus[::-1]) or effect.names == focus[:1],
        "length": part(effect.share),
        "band": [part(effect.share - effect.sd), part(effect.share + effect.sd)]
        if has_band
        else None,
        "share": f"{effect.share:.3f}" if is_known else "–",
        "title": _effect_words(effect) if is_known else "",
    }


def _effect_labels(names: tuple[str, ...], ends: Mapping[str, str]) -> list[str]:
    if len(names) == 1:
        return [shortened(names[0], SINGLE_CHARS, ends)]
    # A short name leaves its room to the other.
    rooms = [max(PAIR_CHARS, 2 * PAIR_CHARS - len(other)) for other in reversed(names)]
    return [shortened(name, room, ends) for name, room in zip(names, rooms, strict=True)]


def _effect_words(effect: Effect) -> str:
    share = f"{100 * effect.share:.1f} % of the variance"
    if effect.sd > 0:
        share += f", ± {100 * effect.sd:.1f}"
    names = [plain(name, 80) for name in effect.names]
    if len(names) > 1:
        return f"{names[0]} and {names[1]} together, beyond each alone: {share}"
    return f"{names[0]} alone: {share}"
