"""DEHB: history.parquet.gzip with unit vectors; their meaning stands in configspace.json."""

from __future__ import annotations

import math
from collections.abc import Hashable, Mapping, Sequence
from pathlib import Path
from typing import Any

from hypertendril.model import (
    Choice,
    Direction,
    Method,
    Objective,
    Parameter,
    ParameterKind,
    SearchSpace,
)
from hypertendril.readers.about import About, Tested
from hypertendril.readers.drafts.budgets import (
    FAILED,
    OK,
    BudgetRun,
    Configuration,
    add_runs,
    number_or_nan,
    split_info,
)
from hypertendril.readers.drafts.configspace import FILE, DeclaredSpace, read_space
from hypertendril.readers.drafts.draft import Draft, header_of
from hypertendril.readers.files.json_text import as_number
from hypertendril.readers.files.parquet import has_columns, read_parquet
from hypertendril.readers.folders import RunFolder, as_dict, as_list, entries, optional_json
from hypertendril.readers.losses import Losses
from hypertendril.readers.result import ReadStudy
from hypertendril.readers.source import Source

NAMES = ("history.parquet.gzip", "history.parquet")
STATE = "dehb_state.json"
INCUMBENT = "incumbent.json"
WORDS = ("config_id", "fitness", "fidelity")
FITNESS = "fitness"
DIGITS = 13  # ConfigSpace rounds a decoded float to so many decimals


class Dehb(RunFolder):
    """Reads output folders of DEHB."""

    name = "dehb"
    about = About(
        title="DEHB",
        source=(
            "`history.parquet.gzip` with `dehb_state.json`, and a `configspace.json` put beside it"
        ),
        kept="one trial a configuration, one evaluation a row; values decoded from the unit vector",
        lost=(
            "without the space values stay between 0 and 1. Brackets: told from the lowest "
            "fidelity. Needs pyarrow"
        ),
        tested=Tested.REAL,
        logs="0.1.2, also resumed",
    )
    needs = ()
    watches = (*NAMES, STATE, INCUMBENT, FILE)

    def folder(self, source: Source) -> Path | None:
        """Return the folder of the history."""
        if source.path is None:
            return None
        return source.file if source.is_folder else source.file.parent

    def detects(self, source: Source) -> bool:
        """Return whether it is a Parquet file with DEHB's columns, or a folder with one."""
        return _history(source) is not None

    def is_run(self, folder: Path) -> bool:
        """Return whether the folder holds a history."""
        return _history(Source(path=folder)) is not None

    def read(self, source: Source) -> tuple[ReadStudy, ...]:
        """Return the study of a run."""
        file = _history(source)
        if file is None:
            raise source.error("is no run of DEHB any more.")
        folder, losses = file.parent, Losses(source.shown)
        declared = read_space(folder, losses)
        columns = read_parquet(file)
        decode = _Decoder(declared, folder, columns, losses)
        configs, runs = _rows(columns, decode)
        draft = Draft(losses, decode.space, declared.constants)
        is_halving = add_runs(draft, configs, runs, [FITNESS])
        objective = Objective(FITNESS, Direction.MINIMIZE)
        method = _method(folder, losses, is_halving=is_halving)
        name = folder.resolve().name
        header = header_of(name, self.name, [objective], method, {}, source.shown)
        return (draft.build(header),)


def _history(source: Source) -> Path | None:
    if source.path is None:
        return None
    if not source.is_folder:
        return source.file if has_columns(source.file, WORDS) else None
    listed = [e.name for e in entries(source.file) if ".parquet" in e.name]
    known = [name for name in NAMES if name in listed]
    names = [*known, *(name for name in listed if name not in known)]
    return next((source.file / n for n in names if has_columns(source.file / n, WORDS)), None)


def _rows(
    columns: Mapping[str, Sequence[Any]], decode: _Decoder
) -> tuple[dict[Hashable, Configuration], list[BudgetRun]]:
    configs: dict[Hashable, Configuration] = {}
    runs = []
    n = len(columns.get("config_id", ()))
    empty: list[Any] = [None] * n
    names = ("config_id", "config", FITNESS, "cost", "fidelity", "info")
    for key, vector, fitness, cost, fidelity, info in zip(
        *(columns.get(name, empty) for name in names), strict=True
    ):
        if not isinstance(key, int):
            continue
        configs.setdefault(key, Configuration(key, decode.params(as_list(vector))))
        value = as_number(fitness)
        metrics, lists = split_info(as_dict(info), (FITNESS, "fidelity"))
        if as_number(cost) is not None:
            metrics.setdefault("cost", cost)
        is_ok = value is not None and not math.isnan(value)
        runs.append(
            BudgetRun(
                key,
                number_or_nan(fidelity),
                [number_or_nan(value)],
                OK if is_ok else FAILED,
                metrics=metrics,
                lists=lists,
                note=None if is_ok else "no fitness",
            )
        )
    return configs, runs


class _Decoder:
    """Turns unit vectors into configurations, as DEHB does with its ConfigSpace."""

    def __init__(
        self,
        declared: DeclaredSpace,
        folder: Path,
        columns: Mapping[str, Sequence[Any]],
        losses: Losses,
    ) -> None:
        self._declared = declared
        self.space = declared.space
        self._order = declared.order
        width = max((len(as_list(v)) for v in columns.get("config", ())), default=0)
        self._is_known = declared.known and len(declared.order) == width
        if not self._is_known:
            if declared.known:
                losses.add(f"{FILE} has {len(declared.order)} parameters, the vectors {width}")
            names = _names(folder, width, losses)
            self._order = tuple(names)
            self.space = SearchSpace(
                tuple(Parameter(name, ParameterKind.FLOAT, 0.0, 1.0) for name in names)
            )
            losses.add(
                f"there is no {FILE} that fits: values are shown as DEHB keeps them, from 0 to 1; "
                "put the space beside the history to see what they mean"
            )

    def params(self, vector: Sequence[Any]) -> dict[str, Any]:
        """Return the configuration of a vector, without what is inactive."""
        units = zip(self._order, map(number_or_nan, vector), strict=False)
        pairs = [(self.space[name], unit) for name, unit in units if name in self.space]
        if not self._is_known:
            return {p.name: unit for p, unit in pairs if not math.isnan(unit)}
        found = {p.name: _decoded(p, unit) for p, unit in pairs if not math.isnan(unit)}
        for name in self.space.names:
            if not self._declared.is_active(name, found):
                found.pop(name, None)
        return found


def _decoded(parameter: Parameter, unit: float) -> Choice:
    unit = min(max(unit, 0.0), 1.0)
    if parameter.is_discrete_choice:
        count = len(parameter.choices)
        edges = [i * (1 / count) for i in range(count)]
        return parameter.choices[max(i for i, edge in enumerate(edges) if unit >= edge)]
    low, high = parameter.low or 0.0, parameter.high or 0.0
    if parameter.log:
        value = math.exp(math.log(low) + unit * (math.log(high) - math.log(low)))
    else:
        value = low + unit * (high - low)
    return round(value) if parameter.kind is ParameterKind.INT else round(value, DIGITS)


def _names(folder: Path, width: int, losses: Losses) -> list[str]:
    """Return names of the vector's places: those of the incumbent, where it has as many."""
    best = as_dict(as_dict(optional_json(folder / INCUMBENT, losses)).get("config"))
    names = sorted(map(str, best))
    return names if len(names) == width else [f"x{i}" for i in range(width)]


def _method(folder: Path, losses: Losses, *, is_halving: bool) -> Method:
    state = as_dict(optional_json(folder / STATE, losses))
    settings: dict[str, Any] = {}
    for part in ("DE_params", "HB_params"):
        given = as_dict(state.get(part)).items()
        settings |= {k: v for k, v in given if isinstance(v, (int, float, str))}
    settings.pop("output_path", None)
    return Method("dehb" if is_halving or state else "de", settings)
