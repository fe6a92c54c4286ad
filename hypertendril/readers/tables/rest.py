"""What a table can't say of its study: ranges, conditions, rungs, the method; kept beside it."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from hypertendril.errors import SourceFormatError, SpaceError
from hypertendril.model import Choice, Parameter, SearchSpace, Study
from hypertendril.readers.files.json_text import BadJsonError, parse
from hypertendril.readers.files.parquet import MAGIC, stored_text
from hypertendril.readers.folders import as_dict, json_file
from hypertendril.readers.generic.export import evaluations_to_generic, header_to_generic
from hypertendril.readers.losses import Losses
from hypertendril.readers.result import ReadStudy
from hypertendril.readers.source import Source

SUFFIX = ".study.json"
TEXT_KEYS = ("name", "framework", "refined_from", "method", "attributes", "curves")


@dataclass(frozen=True)
class Rest:
    """What stands beside a table; nothing for one that another program wrote.

    Attributes:
        header: In the words of the generic form.
        space: Declared parameters by name, likewise.
        choices: Of each parameter that has some: cell to choice.
        evaluations: By number of trial.
    """

    header: Mapping[str, Any] = field(default_factory=dict)
    space: Mapping[str, dict[str, Any]] = field(default_factory=dict)
    choices: Mapping[str, Mapping[str, Choice]] = field(default_factory=dict)
    evaluations: Mapping[str, Any] = field(default_factory=dict)

    def told(self) -> dict[str, Any]:
        """Return what is told of the whole study, in the words of the generic form."""
        return {key: self.header[key] for key in TEXT_KEYS if self.header.get(key) is not None}


def rest_path(table: Path) -> Path:
    """Return where what a CSV table can't say is kept."""
    return table.with_name(f"{table.name.removesuffix('.csv')}{SUFFIX}")


def rest_text(study: Study | ReadStudy) -> str:
    """Return what a table can't say of a study, as JSON."""
    numbers, found = study.trials.number.tolist(), evaluations_to_generic(study)
    told = header_to_generic(study) | {
        "format": "hypertendril-table",
        "evaluations": {str(number): found.get(row, []) for row, number in enumerate(numbers)},
    }
    return json.dumps(told, allow_nan=False, ensure_ascii=False)


def rest_of(source: Source, losses: Losses) -> Rest:
    """Return what stands beside a table, in its metadata or in a file; a bad one is a loss."""
    path = rest_path(source.file)
    try:
        if source.head().startswith(MAGIC):
            stored = stored_text(source.file)
            told = parse(stored) if stored is not None else None
        else:
            told = json_file(path) if path != source.file and path.is_file() else None
        data = as_dict(told)
        space = SearchSpace.from_json(data.get("space", []))
    except (SourceFormatError, BadJsonError, SpaceError, KeyError, TypeError, ValueError) as error:
        losses.add(f"ranges and rungs beside the table were left out: {error}")
        return Rest()
    discrete = [parameter for parameter in space if parameter.is_discrete_choice]
    return Rest(
        header=data,
        space={parameter.name: parameter.to_json() for parameter in space},
        choices={p.name: dict(zip(choice_cells(p), p.choices, strict=True)) for p in discrete},
        evaluations=as_dict(data.get("evaluations")),
    )


def choice_cells(parameter: Parameter) -> list[str]:
    """Return the choices of a parameter as cells, each another one and none empty."""
    cells = [str(cell_of(choice)) for choice in parameter.choices]
    if len(set(cells)) == len(cells) and "" not in cells:
        return cells
    return [json.dumps(choice) for choice in parameter.choices]


def cell_of(value: Any) -> Any:
    """Return a value as a cell; numbers in the shortest form that reads back the same."""
    if value is None or isinstance(value, bool):
        return str(value).lower() if value is not None else "None"
    if isinstance(value, float):
        return "" if math.isnan(value) else repr(value)
    return value
