from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from dash import html

from hypertendril.callbacks.page import crumb, key_figures
from hypertendril.callbacks.shown import selected_mask, shown_study
from hypertendril.layouts import ids
from hypertendril.layouts.page import COLUMNS, kpis, page, stores
from hypertendril.layouts.panel import panel
from hypertendril.layouts.theme import DARK, LIGHT, MODEL_COLOURS, Theme
from tests.app.conftest import StudyOf, put

TOKENS = (Path(__file__).parents[2] / "assets" / "tokens.css").read_text(encoding="utf-8")


def tokens_of(selector: str) -> dict[str, str]:
    block = TOKENS[TOKENS.index(selector) :]
    return dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6});", block[: block.index("}")]))


@pytest.mark.parametrize(
    ("theme", "selector"), [(LIGHT, 'data-bs-theme="light"'), (DARK, '[data-bs-theme="dark"]')]
)
def test_the_figures_and_the_page_use_the_same_colours(theme: Theme, selector: str) -> None:
    tokens = tokens_of(selector)
    names = ("page", "card", "ink", "muted", "line", "soft", "accent", "hot")
    assert {name: tokens[name] for name in names} == {n: getattr(theme, n) for n in names}
    assert tuple(tokens[f"performance-{k}"] for k in range(6)) == theme.performance


def test_models_have_the_same_colours_in_figures_and_page() -> None:
    tokens = tokens_of(":root {")
    assert tuple(tokens[f"model-{k}"] for k in range(8)) == MODEL_COLOURS


def test_the_dark_page_names_every_colour_the_light_one_does() -> None:
    assert set(tokens_of('data-bs-theme="light"')) == set(tokens_of('[data-bs-theme="dark"]'))


def test_the_page_holds_every_panel_and_every_store_once() -> None:
    letters = [letter for column in COLUMNS.values() for letter in column]
    panels = {letter: panel(letter, letter, None, [], html.Div()) for letter in letters}
    layout = page(panels).to_plotly_json()
    found = re.findall(r"'id': '([\w-]+)'", str(layout)) + re.findall(
        r"id='([\w-]+)'", str(stores())
    )
    assert {ids.SHOWN, ids.SELECTION, ids.FOCUS, ids.THEME, ids.PULSE, ids.HIGHLIGHTED} <= set(
        found
    )
    text = str(page(panels))
    assert all(text.count(repr(ids.panel_title(letter))) == 2 for letter in letters)


def test_key_figures_follow_the_selection(study_of: StudyOf) -> None:
    study = study_of(5)
    brush = {"view": "x", "kind": "trials", "trials": [0, 1]}
    figures = key_figures(study, {"v": 1, "study": "s", "brushes": [brush]})
    assert figures[0] == ("2", "trials")
    assert figures[1] == ("0.6000", "best accuracy")
    assert figures[2] == ("0.55 ± 0.071", "mean ± sd")


def test_key_figures_of_a_study_without_results_are_dashes(study_of: StudyOf) -> None:
    assert [value for value, _ in key_figures(study_of(0), None)] == ["0", "–", "–", "–"]
    assert key_figures(None, None) == []
    assert kpis([]) == []


def test_the_crumb_names_the_studies_a_study_was_refined_from(
    services: Any, study_of: StudyOf
) -> None:
    put(services, study_of(study_id="a", name="first"))
    child = put(services, study_of(study_id="b", name="second", refined_from="a"))
    parts = crumb(child, services.store)
    assert parts[:2] == ["first", " / "]
    assert "second" in str(parts[2])
    assert crumb(None, services.store) == ["no study yet"]


def test_a_crumb_ends_where_an_ancestor_is_gone(services: Any, study_of: StudyOf) -> None:
    child = put(services, study_of(study_id="b", name="second", refined_from="gone"))
    assert len(crumb(child, services.store)) == 1


@pytest.mark.parametrize("shown", [None, 7, [], {}, {"study": 3}, {"study": ""}, {"study": "gone"}])
def test_what_a_page_cannot_show_is_no_study(services: Any, shown: Any) -> None:
    assert shown_study(services, shown) is None


@pytest.mark.parametrize(
    "selection",
    [
        None,
        "x",
        {"v": 99},
        {"v": 1, "study": "other", "brushes": [{"view": "x", "kind": "trials", "trials": [0]}]},
        {
            "v": 1,
            "study": "s",
            "brushes": [{"view": "x", "kind": "ranges", "dims": ["param:no"], "ranges": [[0, 1]]}],
        },
    ],
)
def test_a_selection_that_makes_no_sense_selects_everything(
    study_of: StudyOf, selection: Any
) -> None:
    assert selected_mask(study_of(4), selection).all()


def test_a_selection_of_the_shown_study_selects(study_of: StudyOf) -> None:
    brush = {"view": "x", "kind": "trials", "trials": [2, 10**12]}
    mask = selected_mask(study_of(4), {"v": 1, "study": "s", "brushes": [brush]})
    assert np.flatnonzero(mask).tolist() == [2]
