"""What the columns of a table are likely to be, by their names and their cells."""

from __future__ import annotations

import itertools
import math
import re
from collections.abc import Mapping, Sequence

from hypertendril.model import Direction, Parameter
from hypertendril.readers.drafts.directions import direction_of, rank_of
from hypertendril.readers.drafts.inferred import infer_parameter
from hypertendril.readers.drafts.state_words import state_of
from hypertendril.readers.files.times import posix
from hypertendril.readers.ray_tune.trials import OWN_KEYS
from hypertendril.readers.tables.cells import typed_cells
from hypertendril.readers.tables.reader import PLAIN, TOLD

IGNORED = ""
FEWEST_STEPS = 3
COUNTED = 5  # rows, so that numbers one after the other are no accident
# Of W&B, MLflow, HiPlot and their kin: groups of columns by what stands before the name.
_PARAMETERS = re.compile(
    r"^(?:run\.)?(?:config|params?|hparams?|hp|hyperparameters?|parameters?|in)[./: _](?:(?:general|args)/)?"
    r"(?=.)|^--(?=.)",
    re.IGNORECASE,
)
_METRICS = re.compile(
    r"^(?:metrics?|summary|results?|scores?|user_attrs|values|out)[./: _]+(?=.)", re.IGNORECASE
)
# When a trial began and ended, as many call it.
_STARTED = re.compile(
    r"datetime_start|(?:(?:(?:trial|run)[_ ]?)?start(?:ed)?|creat(?:ed|ion))(?:[_ ]?(?:time|at|date))?",
    re.IGNORECASE,
)
_ENDED = re.compile(
    r"datetime_complete|(?:(?:trial|run|server)[_ ]?)?(?:end(?:ed)?|finish(?:ed)?|completed)"
    r"(?:[_ ]?(?:time|at|date))?",
    re.IGNORECASE,
)
# The goal by its bare name; Optuna has a column each of several.
_GOAL = re.compile(
    r"^(?:value|values_.+|objective(?:[_ ](?:value|\d+))?|target|fitness|y|best_primary_metric)$",
    re.IGNORECASE,
)
_COUNTERS = re.compile(
    r"^(?:#|idx|nr\.?|n°|no\.|number|(?:trial|run|config|job|tuning)[_ ]?(?:id|number|index|no)?|tid"
    r"|versuch|lauf|essai|prueba)$",
    re.IGNORECASE,
)
# A column for each step of a curve: acc_epoch_1, acc_epoch_2 ...; not for each fold or seed.
_POINT = re.compile(
    r"^(?P<name>.*?[^\d_/. @-])[_/. @-]*(?P<word>(?<=[_/. @-])(?:epoch|ep|e|step|iter(?:ation)?|round|t)"
    r"[_/. -]?)?(?P<step>\d{1,9})$",
    re.IGNORECASE,
)
_REPEATED = re.compile(r"fold|split|seed|rep|cv|run|class|label|top|layer", re.IGNORECASE)
_NAMES_TRIAL = re.compile(
    r"^(?:(?:trial|run|config|job|experiment|arm)s?(?:[_ .]?(?:id|name|number|index|no|uuid|hash))?|tid"
    r"|id|uid|uuid|name|number)$",
    re.IGNORECASE,
)
_STATES = re.compile(r"^(?:trial|run|job|task)?[_ ]?(?:state|status)$", re.IGNORECASE)
# What counts the steps of a training: no parameter, whatever its values are.
_STEPS = re.compile(r"^(?:_?step|epoch|iterations?|training_iteration|global_step)$", re.IGNORECASE)
_SPENT = re.compile(r"^(?:budget|n_?resources?|resource|fidelity)$", re.IGNORECASE)
_TOOK = re.compile(
    r"(?:^|.*[_ /.])(?:time|duration|seconds|latency|elapsed)(?:[_ ](?:s|ms|sec|seconds|total|taken))*$",
    re.IGNORECASE,
)
_WHEN = re.compile(r"^(?:.*[_ ])?(?:time|date|at)$", re.IGNORECASE)
_ADMINISTRATION = re.compile(
    r"^(?:unnamed: \d+|index|id|uid|from_uid|uuid|name|tags?|notes?|label|user|owner|operation|commit"
    r"|(?:run|arm|trial|file|display|session_group|source|project|experiment)[._ ]?(?:id|name|uuid|type|hash)?"
    r"|.*[._ /]uuid|run\.(?:hash|name|experiment|active)|host(?:name)?|pid|seed|random_state|.*timestamp"
    r"|date.*|created.*|updated.*|started.*|ended.*|_.*|state|status|generat(?:ion|or)_(?:method|node|model)"
    r"|is_feasible|best_iteration|models?|dataset|git.*|runtime|duration|sweep|group|job type|logdir"
    r"|system_attrs[_/].*|sys/.*|trialjobid|)$",
    re.IGNORECASE,
)


def guessed_roles(
    names: Sequence[str], columns: Sequence[Sequence[str]], numbers: Sequence[Sequence[float]]
) -> list[str]:
    """Return the role each column is likely to have, as `read_table` takes it.

    Args:
        names: Of the columns.
        columns: Their first cells.
        numbers: What `numbers_of` made of them.
    """
    roles = [_role(n, c, v) for n, c, v in zip(names, columns, numbers, strict=True)]
    ends = _find_curves(names, numbers, roles)
    _join_rows(names, columns, roles)
    _count_rows(roles, numbers)
    _leave_one_of_each(names, roles)
    _choose_objective(names, numbers, roles, ends)
    return roles


def numbers_of(cells: Sequence[str]) -> list[float]:
    """Return the numbers of a column; none where a cell is something else."""
    found = [cell for cell in typed_cells(cells) if cell is not None]
    is_number = all(isinstance(c, (int, float)) and not isinstance(c, bool) for c in found)
    return [float(cell) for cell in found] if is_number else []


def _role(name: str, cells: Sequence[str], numbers: Sequence[float]) -> str:
    itself = _role_itself(name, cells, numbers)
    if itself is not None:
        return itself
    if _PARAMETERS.match(name):
        return _parameter_role(_PARAMETERS.sub("", name), cells)
    is_measured = any(known.match(name) for known in (_METRICS, _STEPS, _GOAL, _TOOK))
    if numbers and (is_measured or rank_of(name) < 3):
        return f"metric:{_METRICS.sub('', name)}"
    return _parameter_role(name, cells) if _may_be_parameter(name, cells, numbers) else IGNORED


def _role_itself(name: str, cells: Sequence[str], numbers: Sequence[float]) -> str | None:
    """Return the role of a column that says something of the trial itself, None for others."""
    if name in PLAIN or TOLD.match(name):
        return name
    for role, pattern in (("started", _STARTED), ("ended", _ENDED)):
        if pattern.fullmatch(name) and any(not math.isnan(posix(cell)) for cell in cells):
            return role
    if _STATES.match(name) and all(state_of(cell) is not None for cell in cells if cell.strip()):
        return "state"
    if _COUNTERS.match(name):
        is_count = len({*numbers}) == len(cells) and all(v.is_integer() for v in numbers)
        return "number" if numbers and is_count else IGNORED
    return None


def _may_be_parameter(name: str, cells: Sequence[str], numbers: Sequence[float]) -> bool:
    if name in OWN_KEYS or _ADMINISTRATION.match(name) or _METRICS.match(name) or not any(cells):
        return False
    if len(cells) > 3 and len(set(cells)) == 1:
        return False  # what is the same in all trials was not searched
    if not numbers and _WHEN.match(name):
        return False
    is_name_of_each = len(cells) > 3 and len(set(cells)) == len(cells)
    return bool(numbers) or not is_name_of_each


def curve_role(name: str) -> str | None:
    """Return the role of a column that holds a step of a curve, by its name; None for others."""
    match = _POINT.match(name)
    return f"curve:{match['name']}:{int(match['step'])}" if match else None


def _find_curves(
    names: Sequence[str], numbers: Sequence[Sequence[float]], roles: list[str]
) -> dict[int, str]:
    """Find the columns that are steps of a curve; return the last one of each, and its name."""
    curves: dict[str, dict[int, int]] = {}
    for i, name in enumerate(names):
        match = _POINT.match(name)
        if match and roles[i] and numbers[i] and (match["word"] or rank_of(match["name"]) < 3):
            curves.setdefault(match["name"], {})[int(match["step"])] = i
    ends = {}
    for name, columns in curves.items():
        steps = sorted(columns)
        is_even = len({b - a for a, b in itertools.pairwise(steps)}) == 1
        if len(steps) < FEWEST_STEPS or not is_even or _REPEATED.search(name):
            continue
        for step, i in columns.items():
            roles[i] = f"curve:{name}:{step}"
        ends[columns[steps[-1]]] = name
    return ends


def _join_rows(names: Sequence[str], columns: Sequence[Sequence[str]], roles: list[str]) -> None:
    """Find the step, or what was spent, where several rows are one trial: by its name or its values."""
    counting = [(i, "step") for i, name in enumerate(names) if _STEPS.match(name)]
    counting += [(i, "resource") for i, name in enumerate(names) if _SPENT.match(name)]
    for at, role in counting:
        chosen = [i for i, r in enumerate(roles) if r.startswith("param:") and i != at]
        named = [[i] for i, name in enumerate(names) if _NAMES_TRIAL.match(name)]
        for key in [*named, chosen]:
            cells = list(zip(*(columns[i] for i in key), strict=True))
            pairs = {*zip(cells, columns[at], strict=False)}
            if len({*cells}) < len(cells) == len(pairs) and all(map(any, cells)):
                roles[at] = role
                for i in key if key is not chosen else ():
                    roles[i] = "id"
                return


def _count_rows(roles: list[str], numbers: Sequence[Sequence[float]]) -> None:
    """Take a first column that counts the rows for their numbers, if another one is a parameter."""
    if "number" in roles or not roles[0].startswith("param:"):
        return
    if not any(role.startswith("param:") for role in roles[1:]) or len(numbers[0]) < COUNTED:
        return
    first = numbers[0][0]
    if first in (0, 1) and list(numbers[0]) == [first + i for i in range(len(numbers[0]))]:
        roles[0] = "number"


def _leave_one_of_each(names: Sequence[str], roles: list[str]) -> None:
    """Of several columns that say the same of a trial, keep the one of that name, or the first."""
    for plain in PLAIN:
        same = [i for i, role in enumerate(roles) if role == plain]
        kept = next((i for i in same if names[i] == plain), same[0] if same else None)
        for i in same:
            if i != kept:
                roles[i] = IGNORED


def _parameter_role(name: str, cells: Sequence[str]) -> str:
    found: Parameter | None = infer_parameter(name, typed_cells(cells))
    if found is None or found.is_discrete_choice:
        return f"param:{name}"
    return f"param:{name}:{'log' if found.log else 'linear'}"


def _choose_objective(
    names: Sequence[str],
    numbers: Sequence[Sequence[float]],
    roles: list[str],
    ends: Mapping[int, str],
) -> None:
    """Make the likeliest metrics the objectives; without one, the last column of numbers.

    Args:
        names: Of the columns.
        numbers: In them.
        roles: What they are likely to be; changed.
        ends: Columns at which curves end, with their names.
    """
    if any(role.startswith("objective:") for role in roles):
        return
    metrics = {i: role[7:] for i, role in enumerate(roles) if role.startswith("metric:")}
    others = [i for i, name in enumerate(names) if not _PARAMETERS.match(name)]
    measured = [i for i in others if roles[i].startswith("param:") and numbers[i]]
    if not metrics and any(rank_of(names[i]) < 3 for i, some in enumerate(numbers) if not some):
        return  # what looks like the goal is made of texts: somebody has to say
    chosen = [i for i in metrics if _GOAL.match(names[i])]
    metrics |= {i: name for i, name in ends.items() if name not in metrics.values()}
    if metrics and not chosen:
        chosen = [min(metrics, key=lambda i: _unlikeliness(metrics[i]))]
    for i in chosen or measured[-1:]:
        name = metrics.get(i, names[i])
        roles[i] = f"objective:{name}:{direction_of(name)[0].value}"


def _unlikeliness(name: str) -> tuple[int, bool]:
    return rank_of(name), direction_of(name)[0] is Direction.MINIMIZE  # a score goes before a loss
