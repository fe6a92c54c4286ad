"""Optimization overview: badges, a histogram per metric, the trade-off of two metrics."""

from __future__ import annotations

from typing import Any

import numpy as np
import plotly.graph_objects as go
from dash import html
from dash.development.base_component import Component

from hypertendril.analysis.histograms import Histogram
from hypertendril.analysis.overview import Hypervolume, Metric, OverviewData, TradeOff
from hypertendril.analysis.ticks import number_text, value_ticks
from hypertendril.layouts import ids
from hypertendril.layouts.frame import axis_style, frame_figure, graph, message_figure
from hypertendril.layouts.labels import plain, plotly_text, shortened, telling_ends
from hypertendril.layouts.panel import named_select, panel
from hypertendril.layouts.theme import TICK_PX, Theme
from hypertendril.model import Direction, TrialState

NO_TRIALS = "No trial has<br>been recorded yet."
NO_VALUES = "No trial has a<br>finite value of<br>any metric yet."
ONE_METRIC = "A trade-off needs<br>a second metric: these<br>trials record one."
# Shares of the figure's height above and below the bars of one histogram: a line of text each.
TITLE_SHARE = 0.095
TICKS_SHARE = 0.095
SMALL_PX = TICK_PX - 1
NAME_CHARS = 16
CHAR_PX = 5.4
# Name and note share a line as wide as the smallest page leaves; the note gives way.
NOTE_ROOM_CHARS = 16
ARROWS = {Direction.MAXIMIZE: "↑", Direction.MINIMIZE: "↓"}
STATE_WORDS = {
    TrialState.COMPLETE: "complete",
    TrialState.PRUNED: "pruned",
    TrialState.FAILED: "failed",
    TrialState.RUNNING: "running",
    TrialState.WAITING: "waiting",
}


def overview_panel() -> html.Section:
    """Return the panel of Optimization overview."""
    # The chooser of an axis is its title: a second text would say the same.
    y_axis = named_select(
        ids.OVERVIEW_Y, "Vertical axis of the trade-off", "overview-axis overview-y"
    )
    x_axis = named_select(
        ids.OVERVIEW_X, "Horizontal axis of the trade-off", "overview-axis overview-x"
    )
    histograms = html.Div(graph(ids.OVERVIEW_HISTOGRAMS), className="overview-histograms")
    tradeoff = html.Div(
        [*y_axis, graph(ids.OVERVIEW_TRADEOFF), *x_axis], className="overview-tradeoff"
    )
    body = [
        html.Div(id=ids.OVERVIEW_BADGES, className="overview-badges"),
        html.Div([histograms, tradeoff], className="overview-plots"),
    ]
    goal = html.Div(id=ids.OVERVIEW_GOAL, className="overview-head")
    return panel("B1", "Optimization overview", None, [goal], body, "overview")


def metric_options(metrics: tuple[Metric, ...]) -> list[dict[str, str]]:
    """Return what an axis can show; the arrow says which way is better."""
    return [{"label": metric_label(metric), "value": metric.key} for metric in metrics]


def metric_label(metric: Metric) -> str:
    """Return the name of a metric with the direction in which it is better."""
    return f"{plain(metric.name, 28)} {ARROWS[metric.direction]}"


def goal_badge(data: OverviewData) -> Component:
    """Return the leading objective with an arrow for its direction."""
    objective = data.objective
    text = f"{plain(objective.name, 24)} {ARROWS[objective.direction]}"
    words = [f"{plain(one.name)}: {one.direction.value}" for one in data.objectives]
    return html.Span(text, className="overview-goal", title=f"Objective {', '.join(words)}")


def badges(data: OverviewData) -> list[Component]:
    """Return the best value and the trials counted by state, the usual states first."""
    figures = data.figures
    found: list[Component] = []
    if figures.best_row is not None:
        words = ["best ", html.B(number_text(figures.best_value))]
        found.append(_badge(words, "best", f"Best complete trial: number {data.best_number}"))
    for state, word in STATE_WORDS.items():
        if count := figures.counts[state]:
            found.append(_badge([html.B(f"{count:,}"), f" {word}"], word, f"{count:,} {word}"))
    if figures.n_infeasible:
        n_infeasible = f"{figures.n_infeasible:,}"
        title = f"{n_infeasible} violate a constraint: whatever their state, none of them counts as best"
        found.append(_badge([html.B(n_infeasible), " infeasible"], "infeasible", title))
    if data.tradeoff is not None and data.tradeoff.volume is not None:
        found.append(_volume_badge(data.tradeoff, data.tradeoff.volume))
    return found


def _volume_badge(tradeoff: TradeOff, volume: Hypervolume) -> html.Span:
    n = len(tradeoff.front)
    title = (
        f"{n:,} {'trial' if n == 1 else 'trials'} on the front dominate {volume.share:.3f} of the "
        f"area between the worst and the best {plain(tradeoff.x.name, 40)} and "
        f"{plain(tradeoff.y.name, 40)}. Half of the trials had {100 * volume.half:.0f} % of that; "
        f"trial {volume.last_number} was the last to add to it."
    )
    return _badge(["hypervolume ", html.B(f"{volume.share:.2f}")], "hypervolume", title)


def _badge(words: list[Any], kind: str, title: str) -> html.Span:
    return html.Span(words, className=f"overview-badge {kind}", title=title)


def draw_histograms(data: OverviewData, theme: Theme) -> go.Figure:
    """Return the axes of the histograms; the bars are drawn by the page from `meta`.

    Args:
        data: Counts of all trials give the height of each histogram, so that it does not jump
            while one selects.
        theme: Look.
    """
    if not data.histograms:
        return message_figure(theme, NO_VALUES if data.n else NO_TRIALS)
    meta: dict[str, Any] = {"study": data.study, "view": "overview", "histograms": []}
    # The greatest count of all stands left of its axis.
    most = max(int(counted.counts.max()) for _, counted in data.histograms)
    left = max(27, round(9 + CHAR_PX * len(number_text(most))))
    figure = frame_figure(theme, {}, {"l": left, "r": 7, "t": 1, "b": 1})
    share = 1.0 / len(data.histograms)
    ends = telling_ends(metric.name for metric in data.metrics)
    for i, (metric, histogram) in enumerate(data.histograms):
        top = 1.0 - i * share
        domain = [top - share + TICKS_SHARE, top - TITLE_SHARE]
        meta["histograms"].append(_add_histogram(figure, theme, i, metric, histogram, domain))
        _add_title(figure, theme, i, shortened(metric.name, NAME_CHARS, ends), histogram)
    figure.update_layout(meta=meta)
    return figure


def _add_histogram(
    figure: go.Figure,
    theme: Theme,
    i: int,
    metric: Metric,
    histogram: Histogram,
    domain: list[float],
) -> dict[str, Any]:
    suffix = str(i + 1) if i else ""
    highest = max(1, int(histogram.counts.max()))
    mark = float(value_ticks(0, highest, 2)[0][-1])
    y_style = axis_style(theme, grid=True) | {
        "domain": domain,
        "anchor": f"x{suffix}",
        "range": [0, highest * 1.05],
        "tickvals": [0, mark],
        "ticktext": ["0", number_text(mark)],
        "tickfont": {"size": SMALL_PX, "color": theme.muted},
    }
    x_style = value_axis(theme, histogram, 3) | {"anchor": f"y{suffix}", "domain": [0, 1]}
    figure.update_layout({f"xaxis{suffix}": x_style, f"yaxis{suffix}": y_style})
    # A line without text tells Plotly to draw axes that no trace uses.
    figure.add_trace(
        go.Scatter(x=[None], y=[None], xaxis=f"x{suffix}", yaxis=f"y{suffix}", mode="lines")
    )
    return {
        "key": metric.key,
        "x": f"x{suffix}",
        "y": f"y{suffix}",
        "edges": histogram.edges.tolist(),
        "below": histogram.n_below > 0,
        "above": histogram.n_above > 0,
    }


def _add_title(figure: go.Figure, theme: Theme, i: int, name: str, histogram: Histogram) -> None:
    """Write the name above a histogram, and how many trials are not in it where there is room."""
    title = {"xref": "paper", "yref": f"y{i + 1 if i else ''} domain", "y": 1, "yanchor": "bottom"}
    title |= {"showarrow": False, "borderpad": 0, "yshift": -1}
    text = plotly_text(name)
    figure.add_annotation(title, text=text, x=0, xanchor="left", font={"color": theme.ink})
    note = _missing_note(histogram)
    if note and len(name) + len(note) <= NOTE_ROOM_CHARS:
        figure.add_annotation(title, text=note, x=1, xanchor="right", font={"size": SMALL_PX})


def _missing_note(histogram: Histogram) -> str:
    """Return how many trials are in no bin; nobody may think they do not exist."""
    n_outside = histogram.n_missing + histogram.n_infinite
    return f"{n_outside:,} n/a" if n_outside else ""


def value_axis(theme: Theme, histogram: Histogram, max_ticks: int) -> dict[str, Any]:
    """Return an axis over the edges of `histogram`, logarithmic where those are."""
    low, high = float(histogram.edges[0]), float(histogram.edges[-1])
    values, texts = value_ticks(low, high, max_ticks, log=histogram.log)
    return axis_style(theme) | {
        "type": "log" if histogram.log else "linear",
        "range": [float(np.log10(low)), float(np.log10(high))] if histogram.log else [low, high],
        "tickvals": values.tolist(),
        "ticktext": list(texts),
        "tickfont": {"size": SMALL_PX, "color": theme.muted},
    }


def draw_tradeoff(data: OverviewData, theme: Theme) -> go.Figure:
    """Return the axes of the trade-off and its Pareto front; points are drawn by the page."""
    tradeoff = data.tradeoff
    if tradeoff is None:
        # Without any metric the histograms say so already.
        return message_figure(theme, ONE_METRIC if data.metrics else "")
    meta = {
        "study": data.study,
        "view": "overview",
        "x": tradeoff.x.key,
        "y": tradeoff.y.key,
        # Between these lies every value that is not piled up at an end of an axis.
        "ends": {
            "x": tradeoff.x_histogram.edges[[0, -1]].tolist(),
            "y": tradeoff.y_histogram.edges[[0, -1]].tolist(),
        },
    }
    figure = frame_figure(theme, meta, {"l": 36, "r": 8, "t": 3, "b": 14})
    grid = {"showgrid": True, "layer": "below traces"}
    figure.update_layout(
        xaxis=_padded(value_axis(theme, tradeoff.x_histogram, 4)) | grid,
        yaxis=_padded(value_axis(theme, tradeoff.y_histogram, 4)) | grid,
    )
    figure.add_trace(_front_line(tradeoff, theme))
    if tradeoff.n_missing:
        corner = {"x": 1, "xanchor": "right", "y": 0, "yanchor": "bottom", "borderpad": 1}
        place = corner | {"xref": "paper", "yref": "paper", "showarrow": False}
        figure.add_annotation(
            place, text=f"{tradeoff.n_missing:,} n/a", font={"size": SMALL_PX, "color": theme.muted}
        )
    return figure


# Points on the border of the plot must not be cut in half.
PAD_SHARE = 0.03


def _padded(axis: dict[str, Any]) -> dict[str, Any]:
    low, high = axis["range"]
    pad = PAD_SHARE * (high - low)
    return axis | {"range": [low - pad, high + pad]}


def _front_line(tradeoff: TradeOff, theme: Theme) -> go.Scatter:
    """Return the border of what the front dominates."""
    return go.Scatter(
        x=tradeoff.front_x,
        y=tradeoff.front_y,
        mode="lines",
        # From the best x on: at each step worse in x first, only then better in y.
        line={"color": theme.ink, "width": 1.2, "shape": "hv"},
        opacity=0.7,
        name="Pareto front",
    )
