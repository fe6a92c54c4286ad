"""Wiring of the bar: where the page stands, and the key figures of what is selected."""

from __future__ import annotations

import math
from typing import Any

from dash import Dash, Input, Output, html
from dash.development.base_component import Component

from hypertendril.analysis.summaries import summarise
from hypertendril.analysis.ticks import number_text
from hypertendril.callbacks.services import Services
from hypertendril.callbacks.shown import selected_mask, shown_study
from hypertendril.errors import StoreError
from hypertendril.layouts import ids
from hypertendril.layouts.aligned import aligned_text
from hypertendril.layouts.labels import plain
from hypertendril.layouts.page import kpis
from hypertendril.layouts.selected import NO_VALUE, duration_text
from hypertendril.model import Study
from hypertendril.store import ExperimentStore

MAX_ANCESTORS = 2


def register(app: Dash, services: Services) -> None:
    """Connect the components of the bar."""

    @app.callback(
        Output(ids.KPIS, "children"), Input(ids.SHOWN, "data"), Input(ids.SELECTION, "data")
    )
    def show_key_figures(shown: Any, selection: Any) -> Any:
        return kpis(key_figures(shown_study(services, shown), selection))

    @app.callback(Output(ids.CRUMB, "children"), Input(ids.SHOWN, "data"))
    def show_crumb(shown: Any) -> Any:
        return crumb(shown_study(services, shown), services.store)


def key_figures(study: Study | None, selection: Any) -> list[tuple[str, str]]:
    """Return the (value, words) pairs of the bar for the selected trials."""
    if study is None:
        return []
    figures = summarise(study, selected_mask(study, selection)).selected
    name = plain(study.objectives[0].name, 24)
    return [
        (f"{figures.n:,}", "trial" if figures.n == 1 else "trials"),
        (_best_text(figures.best_value), f"best {name}"),
        (_mean_text(figures.mean, figures.sd), "mean ± sd"),
        (
            duration_text(figures.compute_seconds) if figures.compute_seconds else NO_VALUE,
            "compute",
        ),
    ]


def _best_text(value: float) -> str:
    return NO_VALUE if math.isnan(value) else aligned_text(value)


def _mean_text(mean: float, sd: float) -> str:
    if math.isnan(mean):
        return NO_VALUE
    return (
        number_text(mean, 3) if math.isnan(sd) else f"{number_text(mean, 3)} ± {number_text(sd, 2)}"
    )


def crumb(study: Study | None, store: ExperimentStore) -> list[Component | str]:
    """Return the studies this one was refined from, oldest first, and its own name."""
    if study is None:
        return ["no study yet"]
    names: list[str] = []
    parent = study.header.refined_from
    while parent is not None and len(names) < MAX_ANCESTORS:
        try:
            header = store.snapshot(parent).header
        except StoreError:
            break
        names.append(header.name)
        parent = header.refined_from
    before = [part for name in reversed(names) for part in (plain(name), " / ")]
    return [*before, html.B(plain(study.name))]
