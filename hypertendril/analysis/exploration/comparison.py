"""Several searches side by side: shared scales, one range of colours, settings that differ."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

from hypertendril.analysis.colour_range import colour_range, is_log_coloured
from hypertendril.analysis.column_axis import ColumnAxis, measured_axis, parameter_axis
from hypertendril.analysis.exploration.crowding import MAX_LANES, lane_values
from hypertendril.analysis.exploration.frame import (
    EDGE,
    GAP,
    MONITOR_HEIGHT,
    BandText,
    Strip,
    band_texts,
    drawn_bands,
    placed_strip,
)
from hypertendril.analysis.exploration.picture import Band, Exploration
from hypertendril.analysis.ticks import axis_ticks, value_ticks
from hypertendril.model import Direction, Study

MOST = 6
MAX_STRIPS = 8
MAX_SETTINGS = 6
STRIP_TICKS = 3


@dataclass(frozen=True, slots=True)
class Setting:
    """A setting in a caption; `is_other` where the studies shown do not agree on it."""

    text: str
    is_other: bool


@dataclass(frozen=True)
class ComparedStudy:
    """One column of the comparison; its name without the words that all names begin with."""

    study: str
    version: int
    name: str
    method: str
    settings: tuple[Setting, ...]
    kind: str
    x_range: tuple[float, float]
    bands: tuple[Band, ...]
    texts: tuple[BandText, ...]


@dataclass(frozen=True)
class Comparison:
    """All that is drawn.

    Attributes:
        columns: A study each, in the order asked for.
        strips: Shared; the first is the monitoring of the leading objective.
        height: Of the vertical axis; it starts at 0.
        worst, best: Ends of the shared range of colours.
        is_log: Colours change with the logarithm of the objective, as they do in a study of these.
        left_out: Why a study or parameter asked for is not shown, in sentences.
    """

    columns: tuple[ComparedStudy, ...]
    strips: tuple[Strip, ...]
    height: float
    worst: float
    best: float
    is_log: bool
    maximize: bool
    left_out: tuple[str, ...]


def prepare_comparison(studies: Sequence[Study], layouts: Sequence[Exploration]) -> Comparison:
    """Return the comparison of `studies` (one to six), each with its method's own layout.

    Studies whose leading objective is another than the first one's are left out: their colours
    could not be compared. So are parameters that not all studies have in the same kind.

    Source: HyperTendril, figure 5.
    """
    kept = [k for k, study in enumerate(studies) if study.objectives[0] == studies[0].objectives[0]]
    left_out = [
        f"{study.name} optimises something else."
        for k, study in enumerate(studies)
        if k not in kept
    ]
    shown = [studies[k] for k in kept][:MOST]
    names = [name for name in shown[0].space.names if _is_shared(shown, name)]
    if hidden := sorted({n for study in shown for n in study.space.names} - set(names)):
        left_out.append(f"Not in all studies alike: {', '.join(hidden)}.")
    strips, height = _stacked(shown, names[:MAX_STRIPS])
    ranges = [colour_range(study) for study in shown]
    low, high = min(r[0] for r in ranges), max(r[1] for r in ranges)
    maximize = shown[0].objectives[0].direction is Direction.MAXIMIZE
    names_shown = without_common_words([study.name for study in shown])
    return Comparison(
        columns=tuple(
            replace(_column(study, layouts[k], shown), name=name)
            for k, study, name in zip(kept, shown, names_shown, strict=False)
        ),
        strips=strips,
        height=height,
        worst=low if maximize else high,
        best=high if maximize else low,
        is_log=low > 0 and any(is_log_coloured(study) for study in shown),
        maximize=maximize,
        left_out=tuple(left_out),
    )


def alike(study: Study, others: Sequence[Study], *, is_same_method: bool = False) -> list[str]:
    """Return ids of at most six studies, `study` among them, that can be compared with it.

    They share its leading objective and some parameters, and stand together by method. As many
    methods as possible are among them, unless only those of the same method are asked for.
    """
    method = study.header.method.name
    found = [study]
    for other in others:
        is_alike = other.objectives[0] == study.objectives[0] and any(
            _is_shared([study, other], name) for name in study.space.names
        )
        is_wanted = not is_same_method or other.header.method.name == method
        if is_alike and is_wanted and other.id != study.id:
            found.append(other)
    turns: dict[str, int] = {}
    for k, one in enumerate(found):
        name = one.header.method.name
        turns[one.id] = sum(o.header.method.name == name for o in found[:k])
    found.sort(key=lambda one: turns[one.id])  # each method's first, then each one's second
    return [one.id for one in sorted(found[:MOST], key=lambda one: one.header.method.name)]


def _is_shared(studies: Sequence[Study], name: str) -> bool:
    if not all(name in study.space for study in studies):
        return False
    parameters = [study.space[name] for study in studies]
    return len({(p.kind, p.choices, p.log) for p in parameters}) == 1


def without_common_words(names: Sequence[str]) -> list[str]:
    """Return `names` without the words all of them begin with; each keeps at least one word."""
    words = [name.split() for name in names]
    most = min((len(own) for own in words), default=1) - 1
    k = 0
    while len(names) > 1 and k < most and len({own[k] for own in words}) == 1:
        k += 1
    return [" ".join(own[k:]) for own in words] if k else list(names)


def _column(study: Study, layout: Exploration, shown: Sequence[Study]) -> ComparedStudy:
    return ComparedStudy(
        study=study.id,
        version=study.version,
        name=study.name,
        method=study.header.method.name,
        settings=_settings(study, shown),
        kind=layout.kind,
        x_range=(layout.x_low, layout.x_high),
        bands=drawn_bands(layout.bands),
        texts=band_texts(layout, 6),
    )


def _settings(study: Study, shown: Sequence[Study]) -> tuple[Setting, ...]:
    """Return settings in words, those first that studies of the same method disagree on."""
    own = study.header.method
    peers = [s.header.method.settings for s in shown if s.header.method.name == own.name]
    words = [
        Setting(f"{name} {_text(value)}", any(other.get(name) != value for other in peers))
        for name, value in own.settings.items()
        if isinstance(value, (str, int, float, bool))
    ]
    return tuple(sorted(words, key=lambda setting: not setting.is_other)[:MAX_SETTINGS])


def _text(value: Any) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)


def _stacked(studies: Sequence[Study], names: list[str]) -> tuple[tuple[Strip, ...], float]:
    leading = f"objective:{studies[0].objectives[0].name}"
    axes = [_merged([measured_axis(study, leading, STRIP_TICKS) for study in studies])]
    axes += [_shared_axis(studies, name) for name in names]
    heights = [MONITOR_HEIGHT] + [1.0] * len(names)
    height = 2 * EDGE + sum(heights) + GAP * (len(axes) - 1)
    strips, top = [], height - EDGE
    for k, (axis, tall) in enumerate(zip(axes, heights, strict=True)):
        if k:
            strip = placed_strip(axis, top - tall, top, _lanes(studies, names[k - 1]))
        else:
            strip = Strip(axis, top - tall, top, is_monitor=True)
        strips.append(strip)
        top -= tall + GAP
    return tuple(strips), height


def _shared_axis(studies: Sequence[Study], name: str) -> ColumnAxis:
    axes = [parameter_axis(study, name, STRIP_TICKS) for study in studies]
    if not axes[0].choices:
        return _merged(axes)
    ticks, labels = axis_ticks(studies[0].space[name], STRIP_TICKS)
    return _with(axes, axes[0].low, axes[0].high, (ticks, labels))


def _merged(axes: Sequence[ColumnAxis]) -> ColumnAxis:
    low, high = min(axis.low for axis in axes), max(axis.high for axis in axes)
    if all(a.low == b.low and a.high == b.high for a, b in pairwise(axes)):
        return _with(axes, low, high, (axes[0].ticks, axes[0].tick_labels))
    return _with(axes, low, high, value_ticks(low, high, STRIP_TICKS, log=_is_log(axes)))


def _is_log(axes: Sequence[ColumnAxis]) -> bool:
    return all(axis.log for axis in axes)


def _with(axes: Sequence[ColumnAxis], low: float, high: float, ticks: Any) -> ColumnAxis:
    first = axes[0]
    return ColumnAxis(
        key=first.key,
        label=first.label,
        low=low,
        high=high,
        log=_is_log(axes),
        choices=first.choices,
        ticks=ticks[0],
        tick_labels=ticks[1],
        has_missing=any(axis.has_missing for axis in axes),
    )


def _lanes(studies: Sequence[Study], name: str) -> tuple[float, ...]:
    found: set[float] = set()
    for study in studies:
        lanes = lane_values(study.space[name], study.column(f"param:{name}"))
        if not len(lanes):
            return ()
        found.update(lanes.tolist())
    return tuple(sorted(found)) if len(found) <= 2 * MAX_LANES else ()
