"""The generic form: one JSON object a study. docs/formats.md describes every key."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from hypertendril.errors import SpaceError
from hypertendril.model import Direction, Method, Objective, Parameter, SearchSpace, StudyHeader
from hypertendril.readers.about import About, Tested
from hypertendril.readers.drafts.draft import MOST_NAMES
from hypertendril.readers.drafts.inferred import infer_parameter
from hypertendril.readers.files.json_text import as_choice, brief, clean, plain
from hypertendril.readers.folders import as_dict, json_as_far_as_it_goes, json_file
from hypertendril.readers.generic.export import FORMAT, VERSION
from hypertendril.readers.generic.trials import TrialList
from hypertendril.readers.losses import Losses
from hypertendril.readers.result import ReadStudy, Tail
from hypertendril.readers.source import Source
from hypertendril.readers.tables.record_rows import holds_records

STUDY_KEYS = frozenset(
    {"format", "version", "name", "framework", "refined_from", "objectives", "method"}
    | {"attributes", "metrics", "curves", "space", "trials"}
)
TELLING_KEYS = frozenset({"objectives", "space", "trials"})  # one of them makes it a study
PARAMETER_KEYS = frozenset({"name", "kind", "low", "high", "log", "step", "choices", "condition"})


class GenericJson:
    """Reads the generic form."""

    name = "generic"
    about = About(
        title="Generic form",
        source="a JSON file, [described below](#the-generic-form)",
        kept="everything",
        lost="",
        tested=Tested.REAL,
        logs="its own; any program may write it",
    )

    def detects(self, source: Source) -> bool:
        """Return whether the file starts like a JSON object; other JSON readers are asked before."""
        if source.path is None or holds_records(source):
            return False
        return source.head().lstrip(b"\xef\xbb\xbf \t\r\n")[:1] == b"{"

    def read(self, source: Source) -> tuple[ReadStudy, ...]:
        """Return the one study of the file; of a damaged one the trials that are whole."""
        losses = Losses(source.shown)
        return (_study(_whole_part(source.file, losses), source, losses),)

    def change_token(self, source: Source) -> Hashable:
        """Return what the file system says of the file."""
        return source.stat_token()

    def follow(self, source: Source) -> Tail:
        """Return a tail that reads the file again."""
        return _GenericTail(source)


class _GenericTail:
    """Once a file was whole, one that is not is being written: what was read before stays."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._was_whole = False

    def advance(self) -> tuple[ReadStudy, ...]:
        path, losses = self._source.file, Losses(self._source.shown)
        data = json_file(path) if self._was_whole else _whole_part(path, losses)
        self._was_whole = not losses.listed()
        return (_study(data, self._source, losses),)


def _whole_part(path: Path, losses: Losses) -> Any:
    """Return the JSON value of a file; of a damaged one what is whole, if that holds a trial."""
    data = json_as_far_as_it_goes(path, losses)
    return data if not losses.listed() or as_dict(data).get("trials") else json_file(path)


def _study(data: Any, source: Source, losses: Losses) -> ReadStudy:
    if not isinstance(data, dict) or not TELLING_KEYS & data.keys():
        raise source.error(
            "is JSON, but not a study.", "A study has the key trials, space or objectives."
        )
    found = from_generic(data, source)
    skipped = (*losses.listed(), *found.header.skipped)
    return replace(found, header=replace(found.header, skipped=skipped))


def from_generic(
    data: Mapping[str, Any],
    source: Source,
    framework: str = "generic",
    table: TrialList | None = None,
) -> ReadStudy:
    """Return the study described by the generic form.

    Args:
        data: The JSON object.
        source: Where it came from.
        framework: What the header says if `data` doesn't.
        table: The trials, where they are not in `data`.

    Raises:
        SourceFormatError: The objectives or the trials are of the wrong type.
    """
    losses = Losses(source.shown) if table is None else table.losses
    _check_version(data, source)
    for key in data:
        if key not in STUDY_KEYS:
            losses.add(f"unknown key {brief(key)!r}")
    if not isinstance(data.get("trials", []), list):
        raise source.error("must be a list of trials.", field="trials")
    items = TrialList(data.get("trials", []), losses) if table is None else table
    objectives = _objectives(data, items, source, losses)
    space = SearchSpace(tuple(_parameters(data, items, losses)))
    metric_names = _names(data.get("metrics"), items.found_names("metrics"), losses, "metrics")
    curve_names = _names(data.get("curves"), items.found_names("curves"), losses, "curves")
    trials = items.trials(space, [objective.name for objective in objectives], metric_names)
    evaluations = items.evaluations(trials)
    curves = items.curves(curve_names)
    attributes = data.get("attributes", {})
    if not isinstance(attributes, dict):
        losses.add("attributes: not an object")
        attributes = {}
    header = StudyHeader(
        name=_text(data.get("name")) or source.file.name.partition(".")[0],
        space=space,
        objectives=objectives,
        method=_method(data.get("method"), losses),
        metric_names=metric_names,
        curve_names=curve_names,
        framework=_text(data.get("framework")) or framework,
        source=source.shown,
        refined_from=_text(data.get("refined_from")),
        attributes=plain(attributes),
        skipped=losses.listed(),
    )
    return ReadStudy(header, trials, evaluations, curves)


def _check_version(data: Mapping[str, Any], source: Source) -> None:
    version = data.get("version", VERSION)
    if data.get("format", FORMAT) == FORMAT and isinstance(version, int) and version <= VERSION:
        return
    raise source.error(
        f"is a study of format {brief(data.get('format'), 40)!r}, version {brief(version, 20)};"
        f" this program reads {FORMAT!r} up to version {VERSION}.",
        "Use a newer HyperTendril.",
        field="version",
    )


def _text(value: Any) -> str | None:
    return clean(value) if isinstance(value, str) and value else None


def _objectives(
    data: Mapping[str, Any], items: TrialList, source: Source, losses: Losses
) -> tuple[Objective, ...]:
    declared = data.get("objectives")
    if declared is None:
        names = items.found_names("values") or ["value"]
        losses.guess(f"objectives are missing; {', '.join(names)} to be minimized is assumed")
        return tuple(Objective(name, Direction.MINIMIZE) for name in names)
    if not isinstance(declared, list) or not declared:
        raise source.error("must be a list of at least one objective.", field="objectives")
    found: dict[str, Objective] = {}
    for i, item in enumerate(declared):
        name = _text(item.get("name")) if isinstance(item, dict) else _text(item)
        if name is None or name in found:
            raise source.error("needs a name of its own.", field=f"objectives[{i}].name")
        direction = item.get("direction") if isinstance(item, dict) else None
        if direction not in list(Direction):
            losses.guess(
                f"objectives[{i}].direction: not minimize or maximize; minimize is assumed"
            )
            direction = Direction.MINIMIZE
        found[name] = Objective(name, Direction(direction))
    return tuple(found.values())


def _parameters(data: Mapping[str, Any], items: TrialList, losses: Losses) -> list[Parameter]:
    declared = data.get("space") or []
    if not isinstance(declared, list):
        losses.add("space: not a list of parameters; it is told from the values")
        declared = []
    found: dict[str, Parameter] = {}
    for i, item in enumerate(declared):
        try:
            parameter = Parameter.from_json(_checked(item, i, losses))
        except (
            SpaceError,
            TypeError,
            KeyError,
            ValueError,
            OverflowError,
            AttributeError,
        ) as error:
            losses.add(f"space[{i}]: {brief(error, 200)}")
            continue
        if parameter.name in found:
            losses.add(f"space[{i}]: the name {parameter.name!r} is taken")
        found.setdefault(parameter.name, parameter)
    for name, values in items.undeclared(found).items():
        inferred = infer_parameter(name, values)
        if inferred is None:
            losses.add(f"parameter {name!r}: no usable value")
        else:
            found[name] = inferred
    if len(found) > MOST_NAMES:
        losses.add(f"{len(found)} parameters; the first {MOST_NAMES} are kept")
    return list(found.values())[:MOST_NAMES]


def _checked(item: Any, i: int, losses: Losses) -> dict[str, Any]:
    """Return the description of a parameter with clean texts and each choice once."""
    if not isinstance(item, dict):
        raise SpaceError("a parameter must be an object.")
    for key in item:
        if key not in PARAMETER_KEYS:
            losses.add(f"space[{i}]: unknown key {brief(key)!r}")
    checked = dict(item)
    if isinstance(item.get("name"), str):
        checked["name"] = clean(item["name"])
    if isinstance(item.get("choices"), list):
        choices = [as_choice(choice) for choice in item["choices"]]
        once = {(isinstance(choice, bool), choice): choice for choice in choices}
        if len(once) < len(choices):
            losses.add(f"space[{i}]: the same choice twice; the first one stands for both")
        checked["choices"] = list(once.values())
    condition = item.get("condition")
    if condition is not None:
        values = [as_choice(value) for value in condition["values"]]
        checked["condition"] = {"parent": clean(condition["parent"]), "values": values}
    return checked


def _names(declared: Any, found: Sequence[str], losses: Losses, key: str) -> tuple[str, ...]:
    """Return the declared names, then the ones only the trials have."""
    names: dict[str, None] = {}
    if declared is not None:
        if isinstance(declared, list) and all(isinstance(name, str) for name in declared):
            names = dict.fromkeys(map(clean, declared))
        else:
            losses.add(f"{key}: not a list of names")
    return tuple(names | dict.fromkeys(found))


def _method(data: Any, losses: Losses) -> Method:
    if data is None:
        return Method()
    if isinstance(data, str):
        return Method(clean(data) or "unknown")
    settings = data.get("settings", {}) if isinstance(data, dict) else None
    if not isinstance(settings, dict):
        losses.add("method: must be an object with name and settings")
        return Method()
    return Method(_text(data.get("name")) or "unknown", plain(settings))
