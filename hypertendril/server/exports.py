"""Studies as files to save, in each format there is."""

from __future__ import annotations

import re
from collections.abc import Callable

from flask import Blueprint, Response, abort, request
from werkzeug.exceptions import HTTPException

from hypertendril.errors import HyperTendrilError, StoreError
from hypertendril.model import Study
from hypertendril.store import ExperimentStore

# Study, format and stem of the name -> content and name of the file.
Writer = Callable[[Study, str, str], tuple[bytes, str]]


def exports_blueprint(store: ExperimentStore, write: Writer) -> Blueprint:
    """Return the route `_ht/export/<study>?format=...`."""
    routes = Blueprint("exports", __name__)

    @routes.get("/_ht/export/<study_id>")
    def export(study_id: str) -> Response:
        """Send a study as a file in the asked format."""
        try:
            study = store.snapshot(study_id)
            stem = re.sub(r"[^A-Za-z0-9]+", "-", study.name).strip("-")[:60] or "study"
            content, name = write(study, request.args.get("format", "json"), stem)
        except StoreError as error:
            abort(404, str(error))
        except HyperTendrilError as error:
            abort(400, str(error))
        headers = {"Content-Disposition": f'attachment; filename="{name}"'}
        return Response(content, mimetype="application/octet-stream", headers=headers)

    @routes.errorhandler(HTTPException)
    def say(error: HTTPException) -> Response:
        return Response(error.description, error.code, mimetype="text/plain")

    return routes
