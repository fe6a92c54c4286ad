"""Tables that known programs write: how each is recognised, and what its columns are."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

from hypertendril.model import TrialState

# What a role may be told: as of `read_table`; \1 is what the pattern has caught of the name.
_IGNORED = ""
_METRIC, _PARAMETER = r"metric:\g<0>", r"param:\g<0>"
_PARAMETERS = (
    r"(?:params?|parameters|hparams?|hyper ?parameters(?:[./](?:general|args))?|config)[./]+(.+)"
)
_METRICS = r"(?:metrics?|scalars|summary|last metrics)[./]+(.+)"


@dataclass(frozen=True)
class Dialect:
    """The table of one program.

    Attributes:
        framework: Name of the program.
        signs: Patterns; where each fits the name of a column, the table is one of the program.
        rules: Patterns of names, each with the role of a column; the first that fits counts.
        others: Role of the columns no rule knows.
        is_single: Of several objectives the first is one, the others are metrics.
        without_value: What a trial without its objective is, where no column tells.
    """

    framework: str
    signs: tuple[str, ...]
    rules: tuple[tuple[str, str], ...]
    others: str = _IGNORED
    is_single: bool = False
    without_value: TrialState = TrialState.COMPLETE

    def knows(self, names: Sequence[str]) -> bool:
        """Return whether the columns are those of the program."""
        lines = "\n".join(names)  # of thousands of names, each sign is looked for in one go
        flags = re.IGNORECASE | re.MULTILINE
        return all(re.search(f"^(?:{sign})$", lines, flags) for sign in self.signs)

    def roles(self, names: Sequence[str]) -> dict[str, str]:
        """Return the role of each column."""
        roles = {name: self._role(name) for name in names}
        goals = [name for name, role in roles.items() if role.startswith("objective:")]
        for name in goals[1:] if self.is_single else ():
            roles[name] = f"metric:{roles[name].split(':')[1]}"
        return roles

    def _role(self, name: str) -> str:
        for pattern, role in (*self.rules, (".*", self.others)):
            match = _fits(pattern, name)
            if match is not None:
                return match.expand(role)
        return _IGNORED


def _fits(pattern: str, name: str) -> re.Match[str] | None:
    return _compiled(pattern).fullmatch(name)


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern, re.IGNORECASE | re.DOTALL)


def dialect_of(names: Sequence[str]) -> Dialect | None:
    """Return the dialect of a table with these columns, None where no program is known by them."""
    return next((dialect for dialect in DIALECTS if dialect.knows(names)), None)


# Columns of MLflow, Neptune, Comet, ClearML and their kin.
_RUNS = (
    (r"run_?id|run id|sys/id|id|experiment_?key|task id|name|sys/name", "id"),
    (r"(?:trial|run)(?:[_ ](?:number|index))?|number", "number"),
    (r"status|state|sys/state", "state"),
    (r"start[_ ]time|sys/creation_time|started|created|start_server_timestamp", "started"),
    (r"end[_ ]time|sys/ping_time|completed|ended|end_server_timestamp", "ended"),
    (_PARAMETERS, r"param:\1"),
    (_METRICS, r"metric:\1"),
)

DIALECTS = (
    Dialect(
        "scikit-learn",
        (r"param_.+", r"mean_test_.+", r"rank_test_.+"),
        (
            (r"param_(.+)", r"param:\1"),
            (r"mean_test_.+", r"objective:\g<0>:maximize"),  # higher is better, always
            (r"n_resources", "resource"),
            (r"(?:split\d+|std)_test_.+|.+_train_.+|(?:mean|std)_(?:fit|score)_time", _METRIC),
        ),
        is_single=True,
        without_value=TrialState.FAILED,
    ),
    Dialect(
        "optuna",
        (r"number", r"datetime_start", r"value|values[_/].+", r"state"),
        (
            (r"number|state", r"\g<0>"),
            (r"datetime_start", "started"),
            (r"datetime_complete", "ended"),
            (r"value", r"objective:value"),
            (r"values[_/](\d+)", r"objective:value_\1"),
            (r"values[_/](.+)", r"objective:\1"),
            (r"params[_/](.+)", r"param:\1"),
            (r"user_attrs[_/](.+)", r"metric:\1"),
        ),
    ),
    Dialect(
        "optuna",  # what its dashboard saves
        (r"Number", r"State", r"Param .+"),
        (
            (r"Number", "number"),
            (r"State", "state"),
            (r"Value", r"objective:value"),
            (r"Objective (\d+)", r"objective:value_\1"),
            (r"Objective (.+)", r"objective:\1"),
            (r"Param (.+)", r"param:\1"),
            (r"UserAttribute (.+)", r"metric:\1"),
        ),
    ),
    Dialect(
        "ray-tune",
        (r"config/.+", r"trial_id", r"training_iteration"),
        (
            (r"config/(.+)", r"param:\1"),
            (r"trial_id", "id"),
            (r"training_iteration|time_total_s", _METRIC),
            (r"timestamp", "ended"),
            (r"checkpoint_dir_name|done|date|pid|hostname|node_ip|logdir|error", _IGNORED),
            (r"time_.+|.+_since_restore|(?:timesteps|episodes)_total|experiment_.+|", _IGNORED),
        ),
        others=_METRIC,
    ),
    Dialect(
        "syne-tune",
        (r"trial_id", r"config_.+", r"st_(?:decision|tuner_time|worker_time)"),
        (
            (r"config_(.+)", r"param:\1"),
            (r"trial_id", "id"),
            (r"epochs?|step|iteration|st_worker_iter", "step"),
            (r"st_.+|elapsed_time|", _IGNORED),
        ),
        others=_METRIC,
    ),
    Dialect(
        "nni",
        (r"trialJobId", r"(?:parameter/.+|reward|default)"),
        (
            (r"trialJobId", "id"),
            (r"reward|default|value|value/default", r"objective:reward"),
            (r"parameter/(.+)", r"param:\1"),
            (r"status", "state"),
            (r"intermediate|sequence|startTime|endTime|logPath|", _IGNORED),
        ),
        others=_PARAMETER,
    ),
    Dialect(
        "bayesian-optimization",
        (r"target", r"params/.+"),
        ((r"target", r"objective:target:maximize"), (r"params/(.+)", r"param:\1")),
    ),
    Dialect(
        "nevergrad",
        (r"#parametrization", r"#loss", r"#uid"),
        (
            (r"#uid", "id"),
            (r"#parents_uids", "from"),
            (r"#loss", r"objective:loss:minimize"),
            (r"#losses#(.+)", r"metric:loss_\1"),
            (r"(?:.*#.*|.+\.indices(?:/\d+)?|)", _IGNORED),
        ),
        others=_PARAMETER,
    ),
    Dialect(
        "sagemaker",
        (r"TrainingJobName", r"FinalObjectiveValue"),
        (
            (r"TrainingJobName", "id"),
            (r"TrainingJobStatus", "state"),
            (r"FinalObjectiveValue", r"objective:FinalObjectiveValue"),
            (r"TrainingStartTime", "started"),
            (r"TrainingEndTime", "ended"),
            (r"TrainingElapsedTimeSeconds", _METRIC),
            (r"", _IGNORED),
        ),
        others=_PARAMETER,
    ),
    Dialect(
        "determined",
        (r"searcherMetricValue", r"hparams\..+"),
        (
            (r"id", "id"),
            (r"state", "state"),
            (r"startTime", "started"),
            (r"endTime", "ended"),
            (r"searcherMetricValue", r"objective:searcherMetricValue"),
            (_PARAMETERS, r"param:\1"),
            (r"experimentId|searcherMetric|", _IGNORED),
        ),
        others=_METRIC,
    ),
    Dialect(
        "neptune",
        (r"sys/id", _PARAMETERS),
        (*_RUNS, (r"sys/.+|", _IGNORED)),
        others=_METRIC,
    ),
    Dialect("mlflow", (r"run_id|Run ID", r"params\..+", r"metrics\..+"), _RUNS),
    Dialect(
        "wandb",  # as its documents save the runs of a project
        (r"config/.+", r"summary/.+", r"name"),
        (
            (r"summary/(?:_step|_runtime|_timestamp|_wandb.*)", _IGNORED),
            (r"config/_.*", _IGNORED),
            *_RUNS,
        ),
    ),
    Dialect("clearml", (r"Hyperparameters/.+", _METRICS), _RUNS),
    Dialect("tracker-table", (_PARAMETERS, _METRICS), _RUNS),
)
