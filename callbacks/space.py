"""Search space overview: the frame, and what is known of importance."""

from __future__ import annotations

from typing import Any

from dash import ClientsideFunction, Dash, Input, Output, State, no_update

from hypertendril.analysis.importance.estimate import Importance
from hypertendril.analysis.importance.intervals import gain_name
from hypertendril.analysis.importance.metrics import GAIN, leading_key
from hypertendril.analysis.space import prepare_space
from hypertendril.analysis.space_numbers import space_numbers
from hypertendril.callbacks.services import Services
from hypertendril.callbacks.shown import shown_study
from hypertendril.layouts import ids
from hypertendril.layouts.space import draw_space, numbers_json, subtitle
from hypertendril.layouts.theme import theme_named
from hypertendril.model import Study
from hypertendril.store import Failure


def register(app: Dash, services: Services) -> None:
    """Wire the panel of view C."""

    @app.callback(
        Output(ids.SPACE_FRAME, "figure"),
        Input(ids.SHOWN, "data"),
        Input(ids.THEME, "data"),
        State(ids.SPACE_FRAME, "figure"),
    )
    def draw(shown: Any, theme: str, current: Any) -> Any:
        study = shown_study(services, shown)
        if study is None:
            return no_update
        figure = draw_space(prepare_space(study), theme_named(theme))
        return no_update if is_same_frame(figure.layout.meta, current) else figure

    @app.callback(
        Output(ids.SPACE_NUMBERS, "data"),
        Output(ids.SPACE_TITLE, "children"),
        Input(ids.SHOWN, "data"),
        Input(ids.DERIVED, "data"),
        State(ids.SPACE_NUMBERS, "data"),
    )
    def tell(shown: Any, _derived: Any, current: Any) -> tuple[Any, Any]:
        study = shown_study(services, shown)
        if study is None:
            return no_update, no_update
        return numbers_update(study, services.importance(study), current)

    app.clientside_callback(
        ClientsideFunction("htSpace", "numbers"), Input(ids.SPACE_NUMBERS, "data")
    )


def numbers_update(
    study: Study, found: Importance | Failure | None, current: Any
) -> tuple[Any, Any]:
    """Return what the page is told of importance and the words of the head.

    Args:
        study: Shown.
        found: Its newest importance; None while the first is being computed.
        current: What the page was told last: equal means nothing to do.
    """
    axes = prepare_space(study)
    importance = found if isinstance(found, Importance) else None
    is_of_gain = importance is not None and leading_key(study) == GAIN
    gain = gain_name(study) if is_of_gain else ""
    words = subtitle(axes, is_known=found is not None, gain=gain)
    told = current if isinstance(current, dict) else {}
    is_told = told.get("isFinal") and told.get("study") == study.id
    if is_told and importance is not None and told.get("version") == importance.version:
        return no_update, words
    numbers = numbers_json(space_numbers(study, importance))
    return numbers | {"isFinal": found is not None}, words


def is_same_frame(meta: Any, current: Any) -> bool:
    """Return whether the page already shows this frame, so that nothing need be drawn again.

    The colours of the axes come from the page: its theme makes no difference.
    """
    shown = ((current or {}).get("layout") or {}).get("meta") or {}
    same = all(shown.get(key) == meta.get(key) for key in ("study", "axes", "lanes"))
    return same and bool(shown.get("axes"))
