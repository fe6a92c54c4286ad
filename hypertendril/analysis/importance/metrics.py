"""What an importance can be of: objectives, metrics, failing, gains, the value after so much training."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from hypertendril.analysis.importance.estimate import Importance, importance_of
from hypertendril.analysis.importance.intervals import gain_name, has_intervals, interval_study
from hypertendril.analysis.importance.joined import joined
from hypertendril.analysis.importance.targets import AT, FAILURE, is_failure, shared_resource
from hypertendril.analysis.overview import likely_direction, metrics_of
from hypertendril.analysis.progress import Tell, unheard
from hypertendril.model import Direction, Objective, Study

# The gain per interval of a study with lineage; answered by the study of its intervals.
GAIN = "gain"
NAIVE = (
    "Final values credit the values last in force with the work of those before them: "
    "look at the gain instead."
)


@dataclass(frozen=True, slots=True)
class ImportanceTarget:
    """One thing an importance can be of.

    Attributes:
        key: What `importance_of` and the page call it.
        objective: Its name, and which way is better.
        note: A word of caution, empty for none.
    """

    key: str
    objective: Objective
    note: str = ""


def targets_of(study: Study) -> tuple[ImportanceTarget, ...]:
    """Return what can be asked of a study, the most telling first.

    Where values change in training that is the gain per interval, and the final value is marked
    as misleading.
    """
    has_gains = has_intervals(study)
    found = (
        [ImportanceTarget(GAIN, Objective(gain_name(study), Direction.MAXIMIZE))]
        if has_gains
        else []
    )
    leading = study.objectives[0]
    for metric in metrics_of(study):
        is_final = has_gains and metric.key == f"objective:{leading.name}"
        note = "final values: misleading" if is_final else ""
        found.append(ImportanceTarget(metric.key, Objective(metric.name, metric.direction), note))
    if not any(target.key == f"objective:{leading.name}" for target in found):
        found.append(ImportanceTarget(f"objective:{leading.name}", leading))
    resource = shared_resource(study)
    if resource is not None:
        name = f"{leading.name} after {resource:g}"
        found.append(ImportanceTarget(f"{AT}{resource!r}", Objective(name, leading.direction)))
    if is_failure(study).any():
        found.append(ImportanceTarget(FAILURE, Objective("P(failure)", Direction.MINIMIZE)))
    return tuple(found)


def leading_key(study: Study) -> str:
    """Return the target that stands for a study where nobody asked for another."""
    return GAIN if has_intervals(study) else f"objective:{study.objectives[0].name}"


def target_named(study: Study, key: object) -> ImportanceTarget:
    """Return the target a page or a person asked for; the first one where there is no such."""
    targets = targets_of(study)
    return next((target for target in targets if target.key == key), targets[0])


def objective_of(study: Study, key: str) -> Objective:
    """Return name and direction of any metric key of `importance_of`."""
    for target in targets_of(study):
        if target.key == key:
            return target.objective
    name = key.partition(":")[2] or key
    return Objective(name, likely_direction(name))


def asked_study(study: Study, key: str, others: Sequence[Study] = ()) -> Study:
    """Return the study an importance of target `key` is computed of.

    Args:
        study: The one that is looked at.
        key: `gain` is of intervals.
        others: Studies put together with it, each a value of one more parameter.
    """
    return _asked(study, key, others)[0]


def asked_metric(study: Study, key: str) -> str:
    """Return what the study of `asked_study` calls target `key`."""
    return f"objective:{gain_name(study)}" if key == GAIN else key


def asked_importance(
    study: Study,
    key: str,
    others: Sequence[Study] = (),
    *,
    only_forest: bool = False,
    tell: Tell = unheard,
) -> Importance:
    """Return the importance of target `key`, with what must be known of it among the warnings.

    Args:
        study, key, others: As in `asked_study`.
        only_forest, tell: As in `importance_of`.
    """
    asked, said = _asked(study, key, others)
    metric = asked_metric(study, key)
    found = importance_of(asked, metric, only_forest=only_forest, tell=tell)
    naive = (NAIVE,) if is_naive(study, key) else ()
    return replace(found, warnings=(*naive, *found.warnings, *said))


def is_naive(study: Study, key: str) -> bool:
    """Tell whether target `key` credits final values with what others before them have done."""
    return key == f"objective:{study.objectives[0].name}" and has_intervals(study)


def _asked(study: Study, key: str, others: Sequence[Study]) -> tuple[Study, tuple[str, ...]]:
    if not others:
        return (interval_study(study) if key == GAIN else study), ()
    if key != GAIN:
        return joined((study, *others))
    told = [other for other in others if has_intervals(other)]
    return joined([interval_study(one) for one in (study, *told)])
