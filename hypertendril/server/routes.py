"""What the page's scripts fetch by themselves: columns of a study, and whether anything changed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from flask import Blueprint, Response, abort, jsonify
from numpy.typing import NDArray

from hypertendril.analysis.exploration import prepare_exploration
from hypertendril.errors import StoreError
from hypertendril.model import Study
from hypertendril.server.wire import encode_study
from hypertendril.store import ExperimentStore


def exploration_arrays(study: Study) -> dict[str, NDArray[Any]]:
    """Return the exploration layout as the extra columns of the wire format."""
    layout = prepare_exploration(study)
    return {
        "ev:trial": layout.trial,
        "ev:x": layout.x,
        "ev:value": layout.value,
        "ev:outcome": layout.outcome,
        "ev:last": layout.is_last.astype(np.int8),
        "ev:record": layout.is_record.astype(np.int8),
        "ev:previous": layout.previous,
        "ev:edges": layout.edges.ravel(),
        "best:x": layout.incumbent_x,
        "best:value": layout.incumbent_value,
    }


def blueprint(store: ExperimentStore, news: Callable[[], Mapping[str, Any]]) -> Blueprint:
    """Return the routes `_ht/pulse` and `_ht/columns/<study>`.

    Args:
        store: Asked to take in what other processes wrote, at each pulse.
        news: Whatever else a page must hear of; equal answers mean that nothing changed.
    """
    routes = Blueprint("hypertendril", __name__)

    @routes.get("/_ht/pulse")
    def pulse() -> Response:
        store.refresh()
        return jsonify({"studies": store.versions(), **news()})

    @routes.get("/_ht/columns/<study_id>")
    def columns(study_id: str) -> Response:
        try:
            study = store.snapshot(study_id)
        except StoreError as error:
            abort(404, str(error))
        body = encode_study(study, exploration_arrays(study))
        headers = {"Cache-Control": "no-cache"}
        return Response(body, mimetype="application/octet-stream", headers=headers)

    return routes
