/* Search space overview: a line a trial over the axes of a Plotly frame. */
(function () {
  "use strict";
  const ht = window.ht;
  const state = ht.state;

  // More lines than this are one grey carpet; the best are always among those drawn.
  const MOST_LINES = 2000;
  // While a brush is dragged fewer do, so that every frame is in time; on release all are drawn.
  const MOST_WHILE_DRAGGING = 600;
  const BRUSH_HALF_PX = 7;
  const GRAB_PX = 14;
  const EDGE_PX = 5;
  const PICK_PX = 8;
  const JITTER_PX = 9;
  const OUT_OF_SPACE = 0.03;

  /** In [-0.5, 0.5), the same for a row at every paint. */
  const spread = (row, axis) => ((row * 0.618034 + axis * 0.381966) % 1) - 0.5;

  function layout(view) {
    const { axes, noneLane } = view.meta;
    const { n } = state.data;
    view.top = view.px("y", 1);
    view.bottom = view.px("y", 0);
    view.lane = noneLane === null ? null : view.px("y", noneLane);
    view.xs = axes.map((axis) => view.px("x", axis.x));
    view.scales = axes.map((axis) => ht.scale(axis));
    view.ys = axes.map((axis, j) => positions(view, axis, j, n));
    view.order = ht.thinned(state.data.order, MOST_LINES);
  }

  function positions(view, axis, j, n) {
    const { values } = state.data.col(axis.key);
    const { unit } = view.scales[j];
    const height = view.bottom - view.top;
    const isChoice = axis.choices.length > 0;
    const jitter = isChoice ? Math.min(JITTER_PX * 2, (height / axis.choices.length) * 0.5) : 0;
    const ys = new Float32Array(n);
    for (let i = 0; i < n; i++) {
      const u = unit(values[i]);
      if (Number.isNaN(u)) {
        ys[i] = view.lane === null ? NaN : view.lane + spread(i, j) * 8;
        continue;
      }
      const clamped = Math.min(1 + OUT_OF_SPACE, Math.max(-OUT_OF_SPACE, u));
      const edge = isChoice ? (0.5 - clamped) * jitter : 0;
      ys[i] = view.bottom - clamped * height + (isChoice ? spread(i, j) * jitter + edge * -1 : 0);
    }
    return ys;
  }

  function trace(g, view, row) {
    const { xs, ys } = view;
    let isDown = false;
    for (let j = 0; j < xs.length; j++) {
      const y = ys[j][row];
      if (Number.isNaN(y)) {
        isDown = false;
        continue;
      }
      if (!isDown) g.moveTo(xs[j], y);
      else {
        // Control points at the thirds make the curve ht.smooth itself.
        const third = (xs[j] - xs[j - 1]) / 3;
        g.bezierCurveTo(xs[j - 1] + third, ys[j - 1][row], xs[j] - third, y, xs[j], y);
      }
      isDown = true;
    }
  }

  function base(g, view) {
    g.strokeStyle = ht.token("soft");
    g.globalAlpha = Math.min(0.6, Math.max(0.22, 120 / view.order.length));
    g.lineWidth = 1;
    g.beginPath();
    for (const row of view.order) trace(g, view, row);
    g.stroke();
    g.globalAlpha = 1;
  }

  /** The selected rows that are drawn: all up to the limit, else every k-th and the best. */
  function chosenRows() {
    const most = state.preview ? MOST_WHILE_DRAGGING : MOST_LINES;
    const { order } = state.data;
    if (state.count === state.data.n) return ht.thinned(order, most);
    return ht.thinned(order.filter((row) => state.mask[row]), most);
  }

  function overlay(g, view) {
    const packed = ht.colour.packed();
    ht.strokeLines(g, view, chosenRows(), view.xs, view.ys, {
      colours: (row) => packed[state.data.levels[row]],
      alpha: state.count > 300 ? 0.72 : 0.9,
    });
    brushes(g, view);
  }

  function brushes(g, view) {
    view.meta.axes.forEach((axis, j) => {
      const brush = ht.brushOn("ranges", axis.key);
      if (!brush) return;
      const x = view.xs[j];
      for (const range of brush.ranges) {
        const [y0, y1] = pixels(view, j, range);
        ht.brushRect(g, x - BRUSH_HALF_PX, y0, x + BRUSH_HALF_PX, y1);
      }
      if (brush.missing && view.lane !== null) {
        ht.brushRect(g, x - BRUSH_HALF_PX, view.lane - 7, x + BRUSH_HALF_PX, view.lane + 7);
      }
    });
  }

  function labels(g, view) {
    const font = getComputedStyle(document.body).fontFamily;
    g.font = `10px ${font}`;
    g.textBaseline = "middle";
    view.meta.axes.forEach((axis, j) => {
      const isLast = j === view.xs.length - 1;
      g.textAlign = isLast ? "left" : "right";
      const x = view.xs[j] + (isLast ? 9 : -6);
      axis.ticks.forEach((value, k) => {
        const y = tickPosition(view, j, value);
        label(g, axis.tickLabels[k], x, y, isLast, j === 0 ? 54 : 76);
      });
      if (axis.hasMissing && view.lane !== null) {
        label(g, axis.key.startsWith("objective:") ? "no value" : "not set", x, view.lane, isLast, 54);
      }
    });
  }

  function tickPosition(view, j, value) {
    const height = view.bottom - view.top;
    return view.bottom - view.scales[j].unit(value) * height;
  }

  function label(g, text, x, y, isLeft, most) {
    let short = text;
    while (short.length > 3 && g.measureText(short).width > most) {
      short = `${short.slice(0, -2)}…`.replace("……", "…");
    }
    const w = g.measureText(short).width;
    g.fillStyle = ht.token("card");
    g.globalAlpha = 0.8;
    g.fillRect(isLeft ? x - 1 : x - w - 1, y - 6, w + 2, 12);
    g.globalAlpha = 1;
    g.fillStyle = ht.token("ink");
    g.fillText(short, x, y + 0.5);
  }

  function hover(g, view) {
    const row = state.hover;
    if (row < 0) return;
    g.strokeStyle = ht.token("hot");
    g.lineWidth = 2.4;
    g.beginPath();
    trace(g, view, row);
    g.stroke();
    view.meta.axes.forEach((axis, j) => {
      const column = state.data.col(axis.key);
      const value = column.values[row];
      const text = Number.isNaN(value) ? "not set" : column.text(value);
      if (!Number.isNaN(view.ys[j][row])) {
        ht.tag(g, view, text, view.xs[j] + 6, view.ys[j][row], ht.token("hot"));
      }
    });
  }

  /* ---- picking ---- */
  function pick(x, y, view) {
    const { xs, ys } = view;
    if (x < xs[0] - 4 || x > xs[xs.length - 1] + 4) return -1;
    let j = xs.findIndex((at) => at > x) - 1;
    if (j === -2) j = xs.length - 2;
    if (j < 0) j = 0;
    const s = ht.smooth(Math.min(1, Math.max(0, (x - xs[j]) / (xs[j + 1] - xs[j]))));
    const [a, b] = [ys[j], ys[j + 1]];
    let best = -1;
    let least = PICK_PX;
    for (let i = 0; i < a.length; i++) {
      if (!state.mask[i]) continue;
      const distance = Math.abs(a[i] + (b[i] - a[i]) * s - y);
      if (distance < least) {
        least = distance;
        best = i;
      }
    }
    return best;
  }

  /* ---- brushing an axis ---- */
  const axisAt = (x, view) => view.xs.findIndex((at) => Math.abs(at - x) <= GRAB_PX);

  /** Column value at a height; null beyond the ends, so that values outside the space are kept. */
  function bound(view, j, y) {
    const u = (view.bottom - y) / (view.bottom - view.top);
    if (u <= 0 || u >= 1) return null;
    return view.scales[j].value(u);
  }

  function pixels(view, j, [low, high]) {
    const height = view.bottom - view.top;
    const { unit } = view.scales[j];
    const isChoice = view.meta.axes[j].choices.length > 0;
    const pad = isChoice ? JITTER_PX + 3 : 0;
    const y0 = low === null ? view.bottom + 3 : view.bottom - unit(low) * height;
    const y1 = high === null ? view.top - 3 : view.bottom - unit(high) * height;
    return [Math.min(y0 + pad, view.bottom + 8), Math.max(y1 - pad, view.top - 8)];
  }

  function rangeOf(view, j, ya, yb) {
    const axis = view.meta.axes[j];
    const low = bound(view, j, Math.max(ya, yb));
    const high = bound(view, j, Math.min(ya, yb));
    if (!axis.choices.length) return [low, high];
    const height = view.bottom - view.top;
    const reach = axis.choices.length > 1 ? 0.5 / (axis.choices.length - 1) : 1;
    const u = (y) => (view.bottom - y) / height;
    const first = view.scales[j].value(u(Math.max(ya, yb)) );
    const last = view.scales[j].value(u(Math.min(ya, yb)));
    const grab = Math.min(0.5, reach * (axis.choices.length - 1)) * 0.6;
    const codes = axis.choices.map((_, code) => code).filter((c) => c >= first - grab && c <= last + grab);
    return codes.length ? [codes[0], codes[codes.length - 1]] : null;
  }

  function brushOf(view, j, ranges, missing) {
    const clean = ranges.filter(Boolean);
    return { view: "space", kind: "ranges", dims: [view.meta.axes[j].key], ranges: clean, missing };
  }

  function press(x, y, view, event) {
    const j = axisAt(x, view);
    if (j < 0 || y < view.top - 14 || y > view.bottom + 30) return null;
    const old = ht.brushOn("ranges", view.meta.axes[j].key);
    const ranges = old ? old.ranges : [];
    const missing = Boolean(old && old.missing);
    const at = ranges.findIndex((range) => holds(view, j, range, y));
    const isChoice = view.meta.axes[j].choices.length > 0;
    const shape =
      at >= 0 && !event.shiftKey && !isChoice
        ? reshape(view, j, ranges[at], y)
        : (y1) => rangeOf(view, j, y, y1);
    const others =
      at >= 0 && !event.shiftKey && !isChoice
        ? ranges.filter((_, k) => k !== at)
        : event.shiftKey
          ? ranges
          : [];
    const keepsMissing = missing && (event.shiftKey || at >= 0);
    const made = (y1) => brushOf(view, j, [...others, shape(y1)], keepsMissing);
    return {
      move: (_, y1) => ht.previewBrush(made(y1)),
      release: (_, y1) => ht.commitBrush(made(y1)),
      click: () => click(view, j, y, { ranges, missing, isAdditive: event.shiftKey, at }),
    };
  }

  function holds(view, j, range, y) {
    const [y0, y1] = pixels(view, j, range);
    return y <= y0 + EDGE_PX && y >= y1 - EDGE_PX;
  }

  /** Drag an edge of a range, or all of it. */
  function reshape(view, j, range, y) {
    const [y0, y1] = pixels(view, j, range);
    if (Math.abs(y - y0) <= EDGE_PX) return (to) => rangeOf(view, j, to, y1);
    if (Math.abs(y - y1) <= EDGE_PX) return (to) => rangeOf(view, j, y0, to);
    return (to) => rangeOf(view, j, y0 + to - y, y1 + to - y);
  }

  /** A click on an axis: a choice or the lane of nothing is toggled, a range is removed. */
  function click(view, j, y, { ranges, missing, isAdditive, at }) {
    const axis = view.meta.axes[j];
    const onLane = view.lane !== null && axis.hasMissing && Math.abs(y - view.lane) <= 9;
    if (onLane) {
      ht.commitBrush(brushOf(view, j, isAdditive ? ranges : [], !missing));
      return true;
    }
    if (at >= 0) {
      ht.commitBrush(brushOf(view, j, ranges.filter((_, k) => k !== at), missing));
      return true;
    }
    if (!axis.choices.length) return false;
    const range = rangeOf(view, j, y, y);
    if (!range) return false;
    ht.commitBrush(brushOf(view, j, isAdditive ? [...ranges, range] : [range], isAdditive && missing));
    return true;
  }

  function cursor(x, y, view) {
    const j = axisAt(x, view);
    if (j < 0) return state.hover >= 0 ? "pointer" : "default";
    const brush = ht.brushOn("ranges", view.meta.axes[j].key);
    for (const range of brush ? brush.ranges : []) {
      const [y0, y1] = pixels(view, j, range);
      if (Math.abs(y - y0) <= EDGE_PX || Math.abs(y - y1) <= EDGE_PX) return "ns-resize";
      if (y < y0 && y > y1) return "grab";
    }
    return "crosshair";
  }

  ht.view({
    graph: "space-parcoords-graph",
    layout,
    base,
    overlay,
    labels,
    hover,
    pick,
    press,
    cursor,
  });
})();
