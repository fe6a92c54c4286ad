"""Exploration layouts for the page's scripts, each computed once while it is asked for."""

from __future__ import annotations

import threading
from collections import OrderedDict
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hypertendril.analysis.exploration.axes import METHOD
from hypertendril.analysis.exploration.crowding import crowd_places
from hypertendril.analysis.exploration.picture import Exploration, prepare_exploration
from hypertendril.model import Study

KEPT = 8


class ExplorationFeed:
    """The last layouts by (study, version, axis): columns, stories and comparisons share them."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._layouts: OrderedDict[tuple[str, int, str], Exploration] = OrderedDict()

    def layout(self, study: Study, axis: str = METHOD) -> Exploration:
        """Return the layout of this very version of `study` along `axis`."""
        key = (study.id, study.version, axis)
        with self._lock:
            found = self._layouts.get(key)
        if found is None:
            found = prepare_exploration(study, axis)
        with self._lock:
            self._layouts[key] = found
            self._layouts.move_to_end(key)
            while len(self._layouts) > KEPT:
                self._layouts.popitem(last=False)
        return found

    def arrays(self, study: Study, axis: str = METHOD) -> dict[str, NDArray[Any]]:
        """Return the layout as the extra columns of the wire format."""
        layout = self.layout(study, axis)
        places = {f"ev:place:{key}": place for key, place in crowd_places(study, layout).items()}
        return {
            "ev:trial": layout.trial,
            "ev:x": layout.x,
            "ev:column": layout.column,
            "ev:when": layout.when,
            "ev:value": layout.value,
            "ev:outcome": layout.outcome,
            "ev:last": layout.is_last.astype(np.int8),
            "ev:record": layout.is_record.astype(np.int8),
            "ev:previous": layout.previous,
            "ev:edges": layout.edges.ravel(),
            "best:x": layout.incumbent_x,
            "best:value": layout.incumbent_value,
            "infeasible": (study.trials.violation > 0).astype(np.int8),
            **places,
        }
