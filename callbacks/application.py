"""The Dash application: panels put on the page, callbacks wired, routes and guards in front."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from dash import Dash, html

from hypertendril.callbacks import (
    control,
    crossfilter,
    curves,
    exploration,
    importance,
    overview,
    page,
    selected,
    space,
)
from hypertendril.callbacks.services import Services
from hypertendril.layouts.control import control_panel
from hypertendril.layouts.curves import curves_panel
from hypertendril.layouts.exploration import exploration_panel
from hypertendril.layouts.importance import importance_panel
from hypertendril.layouts.overview import overview_panel
from hypertendril.layouts.page import page as page_layout
from hypertendril.layouts.selected import selected_panel
from hypertendril.layouts.space import space_panel
from hypertendril.server.compression import compress
from hypertendril.server.routes import blueprint
from hypertendril.server.security import protect

ASSETS = Path(__file__).resolve().parent.parent / "assets"
VIEWS = (control, overview, selected, space, curves, exploration, importance, page)


def create_app(services: Services) -> Dash:
    """Return the application over `services`; `.server` is its WSGI application."""
    app = Dash(
        "hypertendril",
        title="HyperTendril",
        assets_folder=str(ASSETS),
        # assets/00-vendor.css brings them in, in a layer of their own.
        assets_path_ignore=["vendor"],
        update_title="",
        serve_locally=True,
    )
    app.layout = lambda: page_layout(_panels(), services.first_shown())
    crossfilter.register(app)
    for view in VIEWS:
        view.register(app, services)
    app.server.register_blueprint(blueprint(services.store, lambda: _news(services)))
    compress(app.server)
    protect(app.server, script_hashes=app.csp_hashes)
    return app


def _panels() -> dict[str, html.Section]:
    return {
        "A": control_panel(),
        "B1": overview_panel(),
        "B2": selected_panel(),
        "C": space_panel(),
        "D": curves_panel(),
        "E1": exploration_panel(),
        "E2": importance_panel(),
    }


def _news(services: Services) -> dict[str, Any]:
    services.importances.catch_up()
    return {
        "derived": services.derived.count,
        "jobs": services.queue.change_count(),
        "problems": sorted(services.follower.problems.values()),
        "first": services.first_study(),
    }
