"""Studies as an Optuna storage: a SQLite file that Optuna and its dashboard open."""

from __future__ import annotations

import math
import warnings
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import optuna
from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)
from optuna.trial import FrozenTrial
from optuna.trial import TrialState as OptunaState

from hypertendril.errors import HyperTendrilError
from hypertendril.model import Parameter, ParameterKind, Study, TrialState
from hypertendril.readers.files.json_text import plain
from hypertendril.readers.generic.export import header_to_generic, to_generic
from hypertendril.readers.optuna.attributes import EXPORTED
from hypertendril.readers.result import ReadStudy

AnyStudy = Study | ReadStudy
_STATES = {
    TrialState.WAITING: OptunaState.WAITING,
    TrialState.RUNNING: OptunaState.RUNNING,
    TrialState.COMPLETE: OptunaState.COMPLETE,
    TrialState.PRUNED: OptunaState.PRUNED,
    TrialState.FAILED: OptunaState.FAIL,
}


def write_optuna(studies: Sequence[AnyStudy], path: Path) -> list[str]:
    """Write studies into a new SQLite file, by Optuna itself; return what of them is lost.

    Raises:
        HyperTendrilError: The file is there already, or Optuna refuses a study.
    """
    if path.exists():
        raise HyperTendrilError(f"{path}: is there already; name a new file.")
    lost: list[str] = []
    temporary = path.with_name(f".{path.name}.part")
    temporary.unlink(missing_ok=True)
    before = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # names of metrics and imports count as experimental
            _write_all(studies, temporary, lost)
        temporary.replace(path)
    except (ValueError, TypeError, RuntimeError, optuna.exceptions.OptunaError) as error:
        reason = " ".join(str(error).split())[:300]
        raise HyperTendrilError(f"{path}: Optuna can't keep this study ({reason}).") from None
    finally:
        temporary.unlink(missing_ok=True)
        optuna.logging.set_verbosity(before)
    return list(dict.fromkeys(lost))


def _write_all(studies: Sequence[AnyStudy], path: Path, lost: list[str]) -> None:
    storage = optuna.storages.RDBStorage(f"sqlite:///{path}")
    try:
        taken: set[str] = set()
        for study in studies:
            name = study.header.name
            copies = (f"{name} {k}" for k in range(2, len(studies) + 2))
            name = name if name not in taken else next(c for c in copies if c not in taken)
            taken.add(name)
            _write(study, name, storage)
            lost += losses_of(study)
    finally:
        storage.remove_session()
        storage.engine.dispose()


def _write(study: AnyStudy, name: str, storage: optuna.storages.BaseStorage) -> None:
    header = study.header
    made = optuna.create_study(
        storage=storage, study_name=name, directions=[o.direction.value for o in header.objectives]
    )
    made.set_metric_names([objective.name for objective in header.objectives])
    for key, value in plain(dict(header.attributes)).items():
        made.set_user_attr(key, value)
    if header.method.name != "unknown" and "sampler" not in header.attributes:
        made.set_user_attr("sampler", header.method.name)
    study_id = storage.get_study_id_from_name(name)
    storage.set_study_system_attr(study_id, EXPORTED, header_to_generic(study))
    made.add_trials(frozen_trials(study))


def frozen_trials(study: AnyStudy) -> list[FrozenTrial]:
    """Return the trials as Optuna keeps them, in their order and numbered anew from 0.

    What Optuna has no place for stands in an attribute of each, for this program to read back.
    """
    distributions = [_distribution(study, i, p) for i, p in enumerate(study.header.space)]
    reports = _reports(study)
    whole = to_generic(study)["trials"]
    return [
        _frozen(study, row, distributions, reports[row], whole[row])
        for row in range(len(study.trials))
    ]


def _frozen(
    study: AnyStudy,
    row: int,
    distributions: Sequence[BaseDistribution],
    reports: dict[int, float],
    whole: dict[str, Any],
) -> FrozenTrial:
    trials, header = study.trials, study.header
    values = [float(value) for value in trials.objectives[row]]
    state = TrialState(int(trials.state[row]))
    if state is TrialState.COMPLETE and any(math.isnan(value) for value in values):
        state = TrialState.FAILED
    space = [(i, p) for i, p in enumerate(header.space) if not math.isnan(trials.values[row, i])]
    metrics = zip(header.metric_names, trials.metrics[row].tolist(), strict=True)
    violation = float(trials.violation[row])
    is_valued = state is TrialState.COMPLETE or (
        state is TrialState.PRUNED and not any(math.isnan(value) for value in values)
    )
    started, ended = _times(study, row, state)
    return FrozenTrial(
        number=row,
        trial_id=row,
        state=_STATES[state],
        value=None,
        values=values if is_valued else None,
        datetime_start=started,
        datetime_complete=ended,
        params={p.name: p.decode(float(trials.values[row, i])) for i, p in space},
        distributions={p.name: distributions[i] for i, p in space},
        user_attrs={name: value for name, value in metrics if not math.isnan(value)},
        system_attrs={EXPORTED: whole}
        | ({} if math.isnan(violation) else {"constraints": [violation]}),
        intermediate_values=reports,
    )


def _times(study: AnyStudy, row: int, state: TrialState) -> tuple[datetime | None, datetime | None]:
    """Return local times without a zone, as Optuna keeps them; it insists on some."""
    is_over = state not in (TrialState.RUNNING, TrialState.WAITING)
    started, ended = float(study.trials.started[row]), float(study.trials.ended[row])
    first = _local(started) or (None if state is TrialState.WAITING else _local(ended))
    if first is None and state is not TrialState.WAITING:
        first = datetime.now()  # noqa: DTZ005 (naive on purpose)
    return first, (_local(ended) or first) if is_over else None


def _local(seconds: float) -> datetime | None:
    try:
        return datetime.fromtimestamp(seconds) if math.isfinite(seconds) else None  # noqa: DTZ006
    except (OverflowError, OSError, ValueError):
        return None


def _distribution(study: AnyStudy, i: int, parameter: Parameter) -> BaseDistribution:
    """Return a parameter as Optuna knows it, wide enough for the values it was given."""
    if parameter.is_discrete_choice:
        return CategoricalDistribution(list(parameter.choices))
    low, high = _bounds(study, i, parameter)
    step = parameter.step if _fits_step(study, i, parameter) else None
    if parameter.kind is ParameterKind.INT:
        whole = 1 if parameter.log or not step else int(step)
        return IntDistribution(int(low), int(high), log=parameter.log, step=whole)
    return FloatDistribution(low, high, log=parameter.log, step=None if parameter.log else step)


def _bounds(study: AnyStudy, i: int, parameter: Parameter) -> tuple[float, float]:
    column = study.trials.values[:, i]
    seen = column[~_isnan(column)].tolist()
    return min([*seen, float(parameter.low or 0.0)]), max([*seen, float(parameter.high or 0.0)])


def _fits_step(study: AnyStudy, i: int, parameter: Parameter) -> bool:
    if not parameter.step:
        return False
    low, high = _bounds(study, i, parameter)
    is_inside = (low, high) == (parameter.low, parameter.high)
    column = study.trials.values[:, i]
    units = (column[~_isnan(column)] - low) / parameter.step
    return is_inside and bool((abs(units - units.round()) < 1e-8).all())


def _isnan(column: Any) -> Any:
    return column != column  # noqa: PLR0124 (true of NaN alone)


def _reports(study: AnyStudy) -> list[dict[int, float]]:
    """Return the leading objective's curve of each trial, by whole steps."""
    found: list[dict[int, float]] = [{} for _ in range(len(study.trials))]
    names = study.header.curve_names
    leading = study.header.objectives[0].name
    if leading not in names:
        return found
    points, code = study.curves, names.index(leading)
    rows = zip(points.trial, points.metric, points.step, points.value, strict=True)
    for trial, metric, step, value in rows:
        if metric == code and math.isfinite(step) and float(step).is_integer():
            found[int(trial)][int(step)] = float(value)
    return found


def losses_of(study: AnyStudy) -> list[str]:
    """Return what Optuna does not see of a study, in sentences; reading it here shows all of it."""
    header, trials = study.header, study.trials
    others = [name for name in header.curve_names if name != header.objectives[0].name]
    checks = (
        (bool(others), f"the curves of {', '.join(others)}"),
        (len(study.evaluations) > len(trials), "rungs and generations"),
        (bool((trials.parent >= 0).any()), "parents of trials"),
        (bool(trials.notes), "notes of trials"),
        (any(p.condition for p in header.space), "conditions of parameters"),
        (
            any(p.kind is ParameterKind.ORDINAL for p in header.space),
            "that ordinal parameters have an order",
        ),
        (
            trials.number.tolist() != list(range(len(trials))),
            "numbers of trials: it counts from 0",
        ),
    )
    unseen = [words for is_unseen, words in checks if is_unseen]
    found = [f"Optuna does not show {'; '.join(unseen)}. They are kept for this program."]
    times = "Trials without times get the time of writing in Optuna, because it insists on one."
    return (found if unseen else []) + ([times] if _isnan(trials.started).any() else [])
