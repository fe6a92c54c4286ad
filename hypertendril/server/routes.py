"""What the page's scripts fetch by themselves: columns of a study, and whether anything changed."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from flask import Blueprint, Response, abort, jsonify, request

from hypertendril.analysis.exploration.axes import AXES, METHOD
from hypertendril.analysis.exploration.story import story_of
from hypertendril.errors import StoreError
from hypertendril.model import Study
from hypertendril.server.exploration_feed import ExplorationFeed
from hypertendril.server.wire import encode_arrays, encode_study
from hypertendril.store import ExperimentStore


def blueprint(
    store: ExperimentStore, news: Callable[[Sequence[str]], Mapping[str, Any]]
) -> Blueprint:
    """Return the routes under `_ht/`: `pulse`, and of a study `columns`, `exploration`, `story`.

    Args:
        store: Asked to take in what other processes wrote, at each pulse.
        news: Whatever else a page must hear of, given the tickets of the results it waits for.
    """
    routes = Blueprint("hypertendril", __name__)

    @routes.get("/_ht/pulse")
    def pulse() -> Response:
        store.refresh()
        return jsonify({"studies": store.versions(), **news(request.args.getlist("awaited"))})

    feed = ExplorationFeed()

    def found(study_id: str) -> Study:
        try:
            return store.snapshot(study_id)
        except StoreError as error:
            abort(404, str(error))

    @routes.get("/_ht/columns/<study_id>")
    def columns(study_id: str) -> Response:
        study = found(study_id)
        return _packed(encode_study(study, feed.arrays(study)))

    @routes.get("/_ht/exploration/<study_id>")
    def exploration(study_id: str) -> Response:
        study, axis = found(study_id), request.args.get("x", METHOD)
        if axis not in AXES:
            abort(400, f"x must be one of {', '.join(AXES)}.")
        header = {"study": study.id, "version": study.version, "n": len(study), "x": axis}
        return _packed(encode_arrays(header, feed.arrays(study, axis)))

    @routes.get("/_ht/story/<study_id>/<int:row>")
    def story(study_id: str, row: int) -> Response:
        study = found(study_id)
        if row >= len(study):
            abort(404, "The study has no such trial.")
        return jsonify(story_of(study, feed.layout(study), row).to_json())

    return routes


def _packed(body: bytes) -> Response:
    headers = {"Cache-Control": "no-cache"}
    return Response(body, mimetype="application/octet-stream", headers=headers)
