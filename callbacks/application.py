"""The Dash application: panels put on the page, callbacks wired, routes and guards in front."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from dash import Dash, html

from hypertendril.callbacks import (
    control,
    crossfilter,
    curves,
    diagnosis,
    exploration,
    importance,
    notices,
    opening,
    overview,
    page,
    selected,
    space,
    steering,
)
from hypertendril.callbacks.next_study import METHOD_CHOICES
from hypertendril.callbacks.opening_actions import reading_words
from hypertendril.callbacks.services import Services
from hypertendril.exports.formats import packed_in_memory
from hypertendril.jobs.disk import disk_trouble
from hypertendril.layouts.control import control_panel
from hypertendril.layouts.curves import curves_panel
from hypertendril.layouts.exploration import exploration_panel
from hypertendril.layouts.importance import importance_panel
from hypertendril.layouts.overview import overview_panel
from hypertendril.layouts.page import page as page_layout
from hypertendril.layouts.selected import selected_panel
from hypertendril.layouts.space import space_panel
from hypertendril.server.compression import compress
from hypertendril.server.exports import exports_blueprint
from hypertendril.server.front import Front, without_prefix
from hypertendril.server.routes import blueprint
from hypertendril.server.security import protect
from hypertendril.server.uploads import uploads_blueprint

ASSETS = Path(__file__).resolve().parent.parent / "assets"
VIEWS = (
    control,
    opening,
    steering,
    notices,
    overview,
    selected,
    space,
    curves,
    exploration,
    importance,
    diagnosis,
    page,
)


def create_app(services: Services, front: Front) -> Dash:
    """Return the application over `services`; `.server` is its WSGI application."""
    app = Dash(
        "hypertendril",
        title="HyperTendril",
        assets_folder=str(ASSETS),
        # assets/00-vendor.css brings them in, in a layer of their own.
        assets_path_ignore=["vendor"],
        update_title="",
        serve_locally=True,
        requests_pathname_prefix=front.prefix,
        routes_pathname_prefix="/",
    )
    app.layout = lambda: page_layout(_panels(), services.first_shown(), services.derived.count)
    crossfilter.register(app)
    for view in VIEWS:
        view.register(app, services)
    app.server.register_blueprint(
        blueprint(services.store, lambda tickets: _news(services, tickets))
    )
    app.server.register_blueprint(uploads_blueprint(services.opened.uploads))
    app.server.register_blueprint(exports_blueprint(services.store, packed_in_memory))
    compress(app.server)
    server_wsgi = without_prefix(app.server.wsgi_app, front.prefix)
    app.server.wsgi_app = server_wsgi
    protect(app.server, names=front.names, script_hashes=app.csp_hashes)
    return app


def _panels() -> dict[str, html.Section]:
    return {
        "A": control_panel(secrets.token_hex(8), METHOD_CHOICES),
        "B1": overview_panel(),
        "B2": selected_panel(),
        "C": space_panel(),
        "D": curves_panel(),
        "E1": exploration_panel(),
        "E2": importance_panel(),
    }


def _news(services: Services, tickets: Sequence[str]) -> dict[str, Any]:
    services.importances.catch_up()
    hidden = services.opened.hidden
    versions = services.store.versions()
    return {
        "studies": {study: version for study, version in versions.items() if study not in hidden},
        "derived": services.derived.count,
        "under_way": services.importances.under_way(tickets),
        "jobs": services.queue.change_count(),
        "problems": sorted(services.follower.problems.values()),
        "reading": reading_words(services),
        "opened": services.opened.change_count,
        "no_worker": services.worker.is_missed(),
        "disk": disk_trouble(services.settings.data) is not None,
        "first": services.first_study(),
    }
