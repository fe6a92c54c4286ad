"""Selected experiments: a table of what the brushes left, best first, and the details of one trial."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import dash_bootstrap_components as dbc
import numpy as np
from dash import dcc, html
from dash.development.base_component import Component
from dash_ag_grid import AgGrid
from numpy.typing import NDArray

from hypertendril.analysis.lineage import ancestry, descendants
from hypertendril.analysis.ticks import choice_texts, number_text
from hypertendril.layouts import ids
from hypertendril.layouts.labels import plain, shortened, telling_ends
from hypertendril.layouts.panel import aria, data, panel
from hypertendril.layouts.theme import MODEL_COLOURS
from hypertendril.model import Parameter, Study, TrialState, broken_constraints

# More rows than anyone reads, few enough that a brush stays quick.
MAX_ROWS = 500
MAX_TOOLTIP_CHARS = 200
MIN_COLUMN_PX = 58
MAX_COLUMN_PX = 128
CHAR_PX = 6.4
HEADER_CHARS = 16  # fit into the widest column
DIGITS = 4
MAX_DECIMALS = 6
MAX_FULL = 1e9
CELL_PADDING_PX = 22
FIGURE_PX = 7.2  # figures are all as wide as the widest
PILL_PX = 14
LONGEST_FIGURE = len("1.2e-104")
# Share of a column's figures that may lose digits, so that the points of all stand in line.
BLURRED = 0.05

NO_VALUE = "–"

# Sorting and texts of numbers live in assets/46-table.js; AG Grid finds them by these names.
_NUMBER_COLUMN = {
    "filter": "agNumberColumnFilter",
    "cellClass": "is-number",
    "headerClass": "is-number",
    "comparator": {"function": "htCompare"},
    "valueFormatter": {"function": "htNumber(params.value, params.colDef.context)"},
    "filterValueGetter": {"function": "htFigure(params.data[params.colDef.field])"},
}
_CHOICE_COLUMN = {
    "filter": "agTextColumnFilter",
    "comparator": {"function": "htCompare"},
    "filterValueGetter": {"function": "htChoice(params)"},
}
# What assets/46-table.js looks for.
_COPIES: dict[str, Any] = {"data-copy": "configuration"}
_THEME = (
    "themeQuartz.withParams({"
    "backgroundColor: 'var(--card)', foregroundColor: 'var(--ink)', "
    "headerBackgroundColor: 'var(--card)', headerTextColor: 'var(--muted)', "
    "borderColor: 'var(--line)', accentColor: 'var(--accent)', "
    "chromeBackgroundColor: 'var(--fill)', "
    "oddRowBackgroundColor: 'var(--card)', rowHoverColor: 'var(--hot-fill)', "
    "fontFamily: 'var(--font)', fontSize: 11.5, headerFontSize: 10.5, headerFontWeight: 400, "
    "spacing: 4, cellHorizontalPadding: 8, rowHeight: 25, headerHeight: 25, "
    "wrapperBorder: false, wrapperBorderRadius: 0, browserColorScheme: 'inherit'"
    "})"
)


@dataclass(frozen=True, slots=True)
class StopButton:
    """What stops a trial under way.

    Attributes:
        is_stopping: Somebody has pressed it already.
    """

    job: str
    number: int
    is_stopping: bool = False


def selected_panel() -> html.Section:
    """Return the panel of view B2."""
    tools = [
        _tool("clear", ids.SELECTED_CLEAR, "Remove all brushes"),
        _tool("⋯", ids.SELECTED_MENU_BUTTON, "Columns and downloads"),
    ]
    body = [
        _table(),
        html.Div(id=ids.SELECTED_NOTE, className="selected-note"),
        _menu(),
        dcc.Store(id=ids.SELECTED_COLUMNS),
        dcc.Store(id=ids.SELECTED_OPEN),
        dcc.Download(id=ids.SELECTED_DOWNLOAD),
        dbc.Offcanvas(
            html.Div(id=ids.SELECTED_DETAIL_BODY),
            id=ids.SELECTED_DETAIL,
            is_open=False,
            placement="end",
            scrollable=True,
            backdrop=False,
            class_name="detail",
        ),
    ]
    return panel("B2", "Selected experiments", ids.SELECTED_TITLE, tools, body)


def _tool(words: str, component_id: str, title: str) -> html.Button:
    return html.Button(words, id=component_id, className="pill", title=title, **aria(label=title))


def _menu() -> html.Div:
    downloads: list[Component | str] = [
        "Download",
        _tool("CSV", ids.SELECTED_CSV, "All selected trials as CSV"),
        _tool("JSON", ids.SELECTED_JSON, "All selected trials in the generic form"),
    ]
    return html.Div(
        [html.Div(downloads, className="selected-downloads"), html.Div(id=ids.SELECTED_FIELDS)],
        id=ids.SELECTED_MENU,
        className="selected-menu",
        hidden=True,
    )


def _table() -> AgGrid:
    return AgGrid(
        id=ids.SELECTED_TABLE,
        className="selected-table",
        columnDefs=[],
        rowData=[],
        getRowId="params.data.row + ''",
        columnSize=None,
        defaultColDef={"sortable": True, "resizable": True, "suppressMovable": False},
        rowClassRules={
            f"is-model model-{k}": f"params.data.model === {k}" for k in range(len(MODEL_COLOURS))
        },
        dashGridOptions={
            "theme": {"function": _THEME},
            "columnTypes": {"figure": _NUMBER_COLUMN, "choice": _CHOICE_COLUMN},
            "animateRows": False,
            "suppressCellFocus": False,
            "suppressColumnVirtualisation": False,
            "tooltipShowDelay": 400,
            "enableCellTextSelection": False,
            "localeText": {"noRowsToShow": "No trials to show."},
        },
        style={"height": "100%", "width": "100%"},
    )


def column_definitions(study: Study) -> list[dict[str, Any]]:
    """Return AG Grid's columns: trial, state, objectives, metrics, parameters.

    Names of users appear as header texts only; fields are `o0`, `m0`, `p0` ..., because a field
    with a dot or called `__proto__` means something else to a script. Widths and pins are
    initial ones: what a person changed stays when trials arrive.
    """
    trials = study.trials
    columns: list[dict[str, Any]] = [
        {
            "field": "number",
            "headerName": "trial",
            "initialWidth": _number_width(trials.number),
            "initialPinned": "left",
            "type": "figure",
            "cellClass": "is-trial",
            "headerClass": "",
        },
        {
            "field": "state",
            "headerName": "state",
            "initialWidth": 70,
            "filter": "agTextColumnFilter",
            "cellClass": "is-state",
        },
    ]
    for i, objective in enumerate(study.objectives):
        # The smallest loss is what everyone looks for: it keeps its digits.
        columns.append(_figure(f"o{i}", objective.name, trials.objectives[:, i], blurred=0.0))
    for i, name in enumerate(study.header.metric_names):
        columns.append(_figure(f"m{i}", name, trials.metrics[:, i]))
    for i, parameter in enumerate(study.space):
        columns.append(_of_parameter(f"p{i}", parameter, trials.values[:, i]))
    names = [one.name for one in study.objectives]
    names += [*study.header.metric_names, *study.space.names]
    ends = telling_ends(names)
    for column, name in zip(columns[-len(names) :], names, strict=True):
        column["headerName"] = shortened(name, HEADER_CHARS, ends)
    # Else AG Grid takes the first loss of another study for the same column, and keeps its width.
    return [column | {"colId": f"{column['field']}@{study.id}"} for column in columns]


def _number_width(numbers: NDArray[np.int64]) -> int:
    """Return the width of the column of trial numbers, each with its pill before it."""
    longest = len(f"{int(numbers.max(initial=0)):,}")
    return max(62, round(PILL_PX + CELL_PADDING_PX + FIGURE_PX * longest))


def _figure(
    field: str, name: str, values: NDArray[np.float64], blurred: float = BLURRED
) -> dict[str, Any]:
    decimals = column_decimals(values, blurred)
    width = _figure_chars(values, decimals) * FIGURE_PX + CELL_PADDING_PX
    header = _header(field, name)
    header["initialWidth"] = min(max(header["initialWidth"], round(width)), MAX_COLUMN_PX)
    return {**header, "type": "figure", "context": {"decimals": decimals}}


def _figure_chars(values: NDArray[np.float64], decimals: int | None) -> int:
    """Return how many characters the longest figure of a column has, as the page writes it."""
    known = values[np.isfinite(values)]
    if not len(known):
        return 1
    if decimals is None:
        return LONGEST_FIGURE + int(known.min() < 0)
    ends = (f"{value:,.{decimals}f}" for value in (known.min(), known.max()))
    return max(map(len, ends))


def _of_parameter(field: str, parameter: Parameter, values: NDArray[np.float64]) -> dict[str, Any]:
    if not parameter.is_discrete_choice:
        return _figure(field, parameter.name, values)
    texts = {str(code): plain(text) for code, text in enumerate(choice_texts(parameter))}
    return {**_header(field, parameter.name), "type": "choice", "refData": texts}


def _header(field: str, name: str) -> dict[str, Any]:
    width = round(len(plain(name)) * CHAR_PX + CELL_PADDING_PX)
    return {
        "field": field,
        "headerTooltip": plain(name, MAX_TOOLTIP_CHARS),
        "initialWidth": min(max(width, MIN_COLUMN_PX), MAX_COLUMN_PX),
    }


def column_decimals(values: NDArray[np.float64], blurred: float = BLURRED) -> int | None:
    """Return how many decimals all figures of a column get, so that their points stand in line.

    Args:
        values: (n,) any floats.
        blurred: Share of the figures, the smallest, that may lose digits to that.

    Returns:
        None where one number of decimals cannot serve: nothing finite, huge values, and values
        over so many powers of ten that small ones would lose their digits.
    """
    sizes = np.abs(values[np.isfinite(values) & (values != 0)])
    if not len(sizes) or sizes.max() >= MAX_FULL:
        return None
    if (sizes == np.rint(sizes)).all():
        return 0
    decimals = max(0, DIGITS - 1 - math.floor(math.log10(sizes.max())))
    # Two of the digits must be left for most of the small values.
    is_narrow = np.quantile(sizes, blurred, method="lower") >= 10.0 ** (1 - decimals)
    return decimals if decimals <= MAX_DECIMALS and is_narrow else None


def row_records(study: Study, rows: NDArray[np.int64]) -> list[dict[str, Any]]:
    """Return one record a row of `rows`; the first ones carry the number of a model colour.

    Values stay raw, so that sorting and filtering are exact: null where missing, the texts
    `Infinity` and `-Infinity` because JSON has no such numbers, codes for choices.
    """
    trials = study.trials
    names = {int(state): state.name.lower() for state in TrialState}
    columns: dict[str, list[Any]] = {
        "row": rows.tolist(),
        "number": trials.number[rows].tolist(),
        "state": [names[int(state)] for state in trials.state[rows]],
        "model": [k if k < len(MODEL_COLOURS) else None for k in range(len(rows))],
    }
    groups = (("o", trials.objectives), ("m", trials.metrics), ("p", trials.values))
    for letter, values in groups:
        block = values[rows]
        for i in range(values.shape[1]):
            columns[f"{letter}{i}"] = _json_numbers(block[:, i])
    return [
        dict(zip(columns, record, strict=True)) for record in zip(*columns.values(), strict=True)
    ]


def _json_numbers(values: NDArray[np.float64]) -> list[Any]:
    if np.isfinite(values).all():
        return list(values.tolist())
    return [_json_number(value) for value in values.tolist()]


def _json_number(value: float) -> float | str | None:
    if math.isfinite(value):
        return value
    if math.isnan(value):
        return None
    return "Infinity" if value > 0 else "-Infinity"


def title_text(n_selected: int, n_trials: int) -> str:
    """Return what the panel's head says: how many trials of how many."""
    if n_selected == n_trials:
        return f"{n_trials:,} trial" if n_trials == 1 else f"{n_trials:,} trials"
    return f"{n_selected:,} of {n_trials:,}"


def note_text(n_selected: int, n_sent: int) -> str:
    """Return the line under a table that was cut, empty for a whole one."""
    return f"best {n_sent:,} of {n_selected:,} shown" if n_sent < n_selected else ""


def detail_title(study: Study, row: int) -> str:
    """Return the heading of the details of trial `row`."""
    return f"Trial {study.trials.number[row]}"


def detail_body(study: Study, row: int, stop: StopButton | None = None) -> list[Component]:
    """Return all there is to know about trial `row`, and a button that stops it."""
    trials = study.trials
    values = _list(
        [(o.name, trials.objectives[row, i]) for i, o in enumerate(study.objectives)]
        + [(name, trials.metrics[row, i]) for i, name in enumerate(study.header.metric_names)]
    )
    parts: list[Component] = [
        html.P(_facts(study, row), className="detail-facts"),
        *([_stop(stop)] if stop is not None else []),
        html.H3("Objectives and metrics"),
        values,
        html.H3("Parameters"),
        _list(list(study.params(row).items())),
    ]
    note = trials.notes.get(row)
    if note:
        parts += [html.H3("Note"), html.Pre(plain(note, 4000), className="detail-note")]
    configuration = json.dumps(study.params(row), indent=2, ensure_ascii=False)
    parts += [
        html.Button(
            "Copy configuration",
            className="ht-button detail-copy",
            **_COPIES,
        ),
        html.Pre(configuration, className="detail-configuration", **aria(label="Configuration")),
    ]
    return parts


def _stop(stop: StopButton) -> html.Button:
    return html.Button(
        "stopping …" if stop.is_stopping else "Stop this trial",
        className="ht-button detail-stop",
        disabled=stop.is_stopping,
        title="It fails with a note; the other trials go on",
        **data(do="stop-trial", job=stop.job, trial=str(stop.number)),
    )


def _facts(study: Study, row: int) -> list[Component | str]:
    trials = study.trials
    state = TrialState(int(trials.state[row])).name.lower()
    facts: list[Component | str] = [html.Span(state, className=f"state state-{state}")]
    parent = int(trials.parent[row])
    if parent >= 0:
        facts.append(f"forked from trial {trials.number[parent]}")
        founder, *_, _own = line = ancestry(study, row)
        if len(line) > 2:
            facts.append(f"{len(line) - 1} forks after trial {trials.number[founder]}")
    if n := len(descendants(study, row)):
        facts.append(f"{n:,} {'trial' if n == 1 else 'trials'} descend from it")
    if trials.bracket[row] >= 0:
        facts.append(f"bracket {trials.bracket[row]}")
    evaluations = int(np.count_nonzero(study.evaluations.trial == row))
    facts.append(f"{evaluations} evaluation" + ("" if evaluations == 1 else "s"))
    started, ended = float(trials.started[row]), float(trials.ended[row])
    if math.isfinite(started):
        facts.append(f"started {_time_text(started)}")
    if math.isfinite(ended - started):
        facts.append(f"took {duration_text(ended - started)}")
    if trials.violation[row] > 0:
        facts.append(f"infeasible by {number_text(float(trials.violation[row]))}")
        broken = broken_constraints(study, row)
        facts += [f"breaks {plain(str(one), MAX_TOOLTIP_CHARS)}" for one in broken]
    return [part for fact in facts for part in (fact, " · ")][:-1]


def _list(items: Sequence[tuple[str, Any]]) -> html.Dl:
    rows: list[Component] = []
    for name, value in items:
        rows += [html.Dt(plain(name, MAX_TOOLTIP_CHARS)), html.Dd(_value_text(value))]
    return html.Dl(rows, className="detail-list")


def _value_text(value: Any) -> str:
    """Return the shortest text that reads back as the same value: nothing is rounded here."""
    if isinstance(value, (bool, str)) or value is None:
        return plain(value, 1000)
    if math.isnan(value):
        return NO_VALUE
    is_whole = math.isfinite(value) and value == int(value) and abs(value) < MAX_FULL
    return f"{int(value):,}" if is_whole else repr(float(value))


def _time_text(seconds: float) -> str:
    try:
        return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
    except (OverflowError, OSError, ValueError):
        return "at an impossible time"


def duration_text(seconds: float) -> str:
    """Return a duration as a person says it: 0.4 s, 12 min, 5 h 12 min, 3 d 4 h."""
    if seconds < 60:
        return f"{number_text(max(seconds, 0.0), 2)} s"
    minutes = round(seconds / 60)
    if minutes < 60:
        return f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    if hours < 48:
        return f"{hours} h {minutes} min"
    days, hours = divmod(hours, 24)
    return f"{days:,} d {hours} h"
