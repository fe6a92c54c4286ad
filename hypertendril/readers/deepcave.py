"""DeepCAVE's own runs: meta.json, configs.json, history.jsonl, configspace.json, origins.json."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Sequence
from pathlib import Path
from typing import Any

from hypertendril.model import Direction, Method, Objective
from hypertendril.readers.about import About, Tested
from hypertendril.readers.drafts.budgets import (
    FAILED,
    OK,
    RUNNING,
    BudgetRun,
    Configuration,
    add_runs,
    number_or_nan,
    split_info,
)
from hypertendril.readers.drafts.configspace import FILE, read_space
from hypertendril.readers.drafts.draft import NAN, Draft, header_of
from hypertendril.readers.files.json_lines import JsonLines
from hypertendril.readers.files.json_text import brief, clean, last_line
from hypertendril.readers.folders import (
    RunFolder,
    as_dict,
    as_list,
    file_token,
    head_of,
    json_as_far_as_it_goes,
    optional_json,
)
from hypertendril.readers.losses import Losses
from hypertendril.readers.result import ReadStudy, Tail
from hypertendril.readers.source import Source

META = "meta.json"
CONFIGS = "configs.json"
HISTORY = "history.jsonl"
ORIGINS = "origins.json"
COMBINED = -1  # DeepCAVE's budget and seed for runs without one
_STATUS = {1: "success", 2: "timeout", 3: "memory out", 4: "crashed", 5: "aborted", 6: "running"}


class DeepCave(RunFolder):
    """Reads what DeepCAVE's recorder writes."""

    name = "deepcave"
    about = About(
        title="DeepCAVE",
        source="`meta.json`, `configs.json`, `history.jsonl`, `configspace.json`, `origins.json`",
        kept="all objectives with their directions, budgets, states, origins",
        lost="times are seconds since the start of the run, so dates are unknown",
        tested=Tested.REAL,
        logs="three runs, crashes",
    )
    needs = (META, CONFIGS, HISTORY)
    watches = (FILE, ORIGINS)

    def is_run(self, folder: Path) -> bool:
        """Return whether the meta data declares objectives as DeepCAVE does."""
        head = head_of(folder / META)
        return b'"objectives"' in head and b'"optimize"' in head

    def read_run(self, folder: Path) -> tuple[ReadStudy, ...]:
        """Return the study of a run."""
        return _DeepCaveTail(self, Source(path=folder)).read_on(folder)

    def follow(self, source: Source) -> Tail:
        """Return a tail that reads new lines of the history only."""
        return _DeepCaveTail(self, source)


class _DeepCaveTail:
    """Reads each row of the history once, and the other files of a run again."""

    def __init__(self, reader: DeepCave, source: Source) -> None:
        self._reader = reader
        self._source = source
        self._history: tuple[int, History] | None = None
        self._configs: tuple[Hashable, dict[Hashable, Configuration]] | None = None

    def advance(self) -> tuple[ReadStudy, ...]:
        """Read what is new and return the study."""
        return self._reader.read_by(self.read_on, self._source)

    def read_on(self, folder: Path) -> tuple[ReadStudy, ...]:
        """Return the study of the run in `folder`."""
        losses = Losses(str(folder))
        meta = as_dict(json_as_far_as_it_goes(folder / META, losses))
        objectives = _objectives(meta, losses)
        declared = read_space(folder, losses)
        configs = self._configs_of(folder, losses)
        m = len(objectives)
        if self._history is None or self._history[0] != m:
            self._history = m, History(folder / HISTORY, m)
        runs = self._history[1].runs(losses)
        _complete(configs, runs, losses)
        draft = Draft(losses, declared.space, declared.constants)
        add_runs(draft, configs, runs, [objective.name for objective in objectives])
        attributes = {k: v for k, v in meta.items() if k not in ("objectives", "budgets")}
        origins = as_dict(optional_json(folder / ORIGINS, losses))
        counted = Counter(clean(o) for o in origins.values() if isinstance(o, str))
        if counted:
            attributes["origins"] = dict(counted)
        method = Method(settings={"budgets": as_list(meta.get("budgets"))})
        name = folder.resolve().name
        header = header_of(name, self._reader.name, objectives, method, attributes)
        return (draft.build(header),)

    def _configs_of(self, folder: Path, losses: Losses) -> dict[Hashable, Configuration]:
        """Return the configurations; those of a file that was whole are read once."""
        token = file_token(folder / CONFIGS)
        if self._configs is not None and self._configs[0] == token:
            return self._configs[1].copy()
        own = Losses(str(folder))
        found = _configs(folder, own)
        self._configs = None if own.listed() else (token, found)
        losses.extend(own)
        return found.copy()


def _objectives(meta: dict[str, Any], losses: Losses) -> list[Objective]:
    found: dict[str, Objective] = {}
    for item in map(as_dict, as_list(meta.get("objectives"))):
        name, optimize = item.get("name"), item.get("optimize")
        if not isinstance(name, str) or not name or name in found:
            name = f"objective_{len(found)}"
            losses.add(f"{META}: an objective without a name of its own")
        if optimize not in ("lower", "upper"):
            losses.guess(f"{META}: the direction of {name!r} is unknown; minimize is assumed")
        direction = Direction.MAXIMIZE if optimize == "upper" else Direction.MINIMIZE
        found[name] = Objective(clean(name), direction)
    if not found:
        losses.guess(f"{META}: no objectives; 'cost' to be minimized is assumed")
    return list(found.values()) or [Objective("cost", Direction.MINIMIZE)]


def _configs(folder: Path, losses: Losses) -> dict[Hashable, Configuration]:
    found: dict[Hashable, Configuration] = {}
    for key, params in as_dict(json_as_far_as_it_goes(folder / CONFIGS, losses, depth=1)).items():
        # Newer versions store [values, configuration space]; the values come first.
        values = params[0] if isinstance(params, list) and params else params
        if key.removeprefix("-").isdecimal() and len(key) < 19 and isinstance(values, dict):
            found[int(key)] = Configuration(int(key), values)
        else:
            losses.add(f"{CONFIGS}: a configuration that can't be understood: {brief(key)}")
    return found


class History:
    """The rows of a history; each is read once.

    Args:
        path: The file.
        m: How many objectives each row has.
    """

    def __init__(self, path: Path, m: int) -> None:
        self._lines = JsonLines(path, b"[", list)
        self._path = path
        self._m = m
        self._runs: list[BudgetRun] = []
        self._unknown = Losses(str(path.parent))

    def runs(self, losses: Losses) -> list[BudgetRun]:
        """Return all runs so far; `losses` gets what was left out of them.

        Raises:
            OSError: The file can't be read.
        """
        is_anew, records = self._lines.new_records()
        if is_anew:
            self._runs, self._unknown = [], Losses(str(self._path.parent))
        for line, record in records:
            run = _run(record, self._m)
            if run is None:
                self._unknown.add(f"{HISTORY}: a row of no known layout: {brief(record)}", line)
            else:
                self._runs.append(run)
        losses.extend(self._unknown)
        self._lines.report(losses)
        return self._runs


def _complete(
    configs: dict[Hashable, Configuration], runs: Sequence[BudgetRun], losses: Losses
) -> None:
    """Add the configurations that are not listed, without parameters."""
    for run in runs:
        if run.config not in configs:
            losses.count(f"{HISTORY}: runs of a configuration that is not listed")
            assert isinstance(run.config, int)
            configs[run.config] = Configuration(run.config, {})


def _run(record: list[Any], m: int) -> BudgetRun | None:
    """Return a row: id, budget, seed, costs, start, end, [CPU time,] status, what else was noted."""
    if len(record) < 8 or isinstance(record[0], bool) or not isinstance(record[0], int):
        return None
    if abs(record[0]) >= 2**62:
        return None
    config_id, budget, _, costs = record[:4]
    info, code = record[-1], record[-2]
    word = _STATUS.get(code, "unknown") if isinstance(code, int) else str(code).lower()
    status = OK if word == "success" else RUNNING if word == "running" else FAILED
    spent = number_or_nan(budget)
    values = [number_or_nan(cost) for cost in as_list(costs)[:m]]
    values += [NAN] * (m - len(values))
    metrics, lists = split_info(as_dict(info), ("traceback",))
    traceback = as_dict(info).get("traceback")
    note = f"{word}: {last_line(traceback)}" if isinstance(traceback, str) and traceback else word
    return BudgetRun(
        config_id,
        NAN if spent == COMBINED else spent,
        values,
        status,
        number_or_nan(record[4]),
        number_or_nan(record[5]),
        metrics,
        lists,
        None if status == OK else note,
    )
