"""What a page says it shows, read as data from outside: never trusted, never a traceback."""

from __future__ import annotations

import logging
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hypertendril.callbacks.services import Services
from hypertendril.errors import SelectionError, StoreError
from hypertendril.model import Selection, Study

logger = logging.getLogger(__name__)


def shown_study(services: Services, shown: Any) -> Study | None:
    """Return the study the page shows, None where it shows none or one that is gone."""
    study_id = shown.get("study") if isinstance(shown, dict) else None
    if not isinstance(study_id, str) or not study_id:
        return None
    try:
        return services.store.snapshot(study_id)
    except StoreError:
        return None


def selected_mask(study: Study, selection: Any) -> NDArray[np.bool_]:
    """Return (n,) the trials a page has selected; all where its brushes are of another study.

    A page may send the brushes of the study it has just left, or after a column has gone.
    """
    everything = np.ones(len(study), dtype=bool)
    try:
        parsed = Selection.from_json(selection)
        return parsed.mask(study) if parsed.study == study.id else everything
    except SelectionError as error:
        logger.warning("Selection left aside: %s", error)
        return everything
