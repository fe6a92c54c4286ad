"""The program put together: for a server of its own, or below a path of somebody's Flask site."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from contextvars import Context
from functools import partial
from pathlib import Path

from dash import Dash
from flask import Flask, request
from flask.typing import ResponseReturnValue
from werkzeug.wrappers import Response

from hypertendril.callbacks.application import create_app
from hypertendril.callbacks.diagnosis_feed import DiagnosisFeed
from hypertendril.callbacks.importance_feed import ImportanceFeed
from hypertendril.callbacks.services import Services
from hypertendril.errors import HyperTendrilError
from hypertendril.jobs.keeper import WorkerKeeper
from hypertendril.jobs.queue.job_queue import JobQueue
from hypertendril.jobs.spec.objectives import Registry, load_registry
from hypertendril.jobs.watch import WorkerWatch
from hypertendril.server.front import Front
from hypertendril.settings import Settings
from hypertendril.store import Derived, ExperimentStore
from hypertendril.store.opened import UPLOADS, OpenedResults

METHODS = ("GET", "POST", "PUT", "DELETE")
ENDPOINT = "hypertendril"
View = Callable[..., ResponseReturnValue]


def build(
    sources: Sequence[str | Path],
    settings: Settings,
    roots: Sequence[str | Path] = (),
    front: Front | None = None,
) -> Dash:
    """Return the application over `sources`, followed live, and what was run here before."""
    store = ExperimentStore.open(settings.store)
    opened = OpenedResults(settings.data, store, sources, roots)
    opened.follower.start()
    derived = Derived()
    registry = load_registry(settings.objectives) if settings.objectives else Registry()
    queue = JobQueue(settings.queue)
    services = Services(
        store=store,
        queue=queue,
        registry=registry,
        derived=derived,
        importances=ImportanceFeed(store, derived, time.monotonic),
        diagnoses=DiagnosisFeed(derived, time.monotonic),
        settings=settings,
        follower=opened.follower,
        opened=opened,
        worker=WorkerWatch(queue, settings),
    )
    return create_app(services, front or Front())


def mount(
    site: Flask,
    prefix: str,
    *sources: str | Path,
    settings: Settings | None = None,
    names: Iterable[str] = (),
    guard: Callable[[View], View] | None = None,
    worker: bool = True,
) -> None:
    """Put the dashboard below a path of a Flask site.

    A Flask application of its own answers what has passed the site's `before_request` and `guard`.

    Args:
        site: Where it is shown.
        prefix: The path, such as `/tuning`.
        sources: Files, folders and storage URLs to show. A page may open what lies beside them.
        settings: Where things are kept; by default as the environment says.
        names: Host names of the site, besides those of this machine itself.
        guard: Decorates the view, as `login_required` of Flask-Login does.
        worker: Whether jobs are run, too.

    Raises:
        HyperTendrilError: The prefix, a name or the settings make no sense, or a dashboard is there.

    Example:
        >>> mount(site, "/tuning", "runs", names=["intranet.example.org"], guard=login_required)
    """
    front = Front.find(prefix, names)
    endpoint = ENDPOINT
    if endpoint in site.view_functions:
        endpoint += front.prefix.rstrip("/").replace("/", "_")
    if endpoint in site.view_functions:
        raise HyperTendrilError(f"There is a dashboard below {front.prefix} already.")
    found = settings or Settings.find()
    # Without a root of ours the current folder would be one, and a site's holds its secrets.
    application = build(sources, found, [found.data / UPLOADS], front).server

    def hypertendril(path: str) -> ResponseReturnValue:  # noqa: ARG001 - the environment has it
        """Answer what was asked for below the prefix."""
        # In a context of its own, to the end: two applications of Flask would pop each other's.
        ask = partial(Response.from_app, application.wsgi_app, request.environ.copy())
        return Context().run(ask, buffered=True)

    view = guard(hypertendril) if guard else hypertendril
    for rule, defaults in ((front.prefix, {"path": ""}), (f"{front.prefix}<path:path>", None)):
        site.add_url_rule(rule, endpoint, view, defaults=defaults, methods=METHODS)
    if worker:
        WorkerKeeper(found).start()
