"""What Optuna itself reads from a study, as plain facts an importer must reproduce."""

from __future__ import annotations

import math
from collections import Counter
from typing import Any

import optuna
from optuna.trial import FrozenTrial, TrialState


def facts(study: optuna.Study) -> dict[str, Any]:
    """Return the facts of a study; the keys are those of the larger sample studies."""
    trials = study.get_trials(deepcopy=False)
    complete = [t for t in trials if t.state is TrialState.COMPLETE]
    points = [v for t in trials for v in t.intermediate_values.values()]
    found = {
        "directions": [d.name.lower() for d in study.directions],
        "metric_names": study.metric_names,
        "n_trials": len(trials),
        "states": dict(Counter(t.state.name for t in trials)),
        "study_user_attrs": study.user_attrs,
        "n_param_values": sum(len(t.params) for t in trials),
        "n_intermediate": len(points),
        "n_intermediate_nonfinite": sum(not math.isfinite(v) for v in points),
        "intermediate_finite_sum": sum(v for v in points if math.isfinite(v)),
        "max_step": max((s for t in trials for s in t.intermediate_values), default=None),
        "value_sums": [
            sum(t.values[i] for t in complete if math.isfinite(t.values[i]))
            for i in range(len(study.directions))
        ],
        "params": {
            name: _param(name, trials)
            for name in dict.fromkeys(n for t in trials for n in t.params)
        },
        "trial_user_attr_keys": sorted({k for t in trials for k in t.user_attrs}),
    }
    finite = any(math.isfinite(t.values[0]) for t in complete)
    if len(study.directions) > 1:
        found["pareto_numbers"] = sorted(t.number for t in study.best_trials)
    elif finite:
        best = study.best_trial
        found["best"] = {"number": best.number, "value": best.value, "params": best.params}
    return found


def _param(name: str, trials: list[FrozenTrial]) -> dict[str, Any]:
    having = [t for t in trials if name in t.params]
    values = [t.params[name] for t in having]
    found: dict[str, Any] = {
        "n_trials_with_it": len(having),
        "distributions": sorted(
            {optuna.distributions.distribution_to_json(t.distributions[name]) for t in having}
        ),
    }
    if isinstance(having[0].distributions[name], optuna.distributions.CategoricalDistribution):
        return found | {"counts": dict(Counter(str(value) for value in values))}
    return found | {"min": min(values), "max": max(values)}
