/* Exploration overview: every evaluation in the monitoring plot and in one strip a parameter,
   the same trial joined by dashes, parent and child by a curve. */
(function () {
  "use strict";
  const ht = window.ht;
  const state = ht.state;

  const PICK_PX = 9;
  const BASE_ALPHA = 0.3;
  const MANY_LINES = 4000;

  function layout(view) {
    const { data } = state;
    const { strips } = view.meta;
    const column = (key) => data.col(key).values;
    view.trial = column("ev:trial");
    view.value = column("ev:value");
    view.last = column("ev:last");
    view.record = column("ev:record");
    view.previous = column("ev:previous");
    view.edges = column("ev:edges");
    const x = column("ev:x");
    view.xs = Float32Array.from(x, (at) => view.px("x", at));
    view.pitch = view.px("x", 1) - view.px("x", 0);
    view.scales = strips.map((strip) => ht.scale(strip));
    view.tops = strips.map((strip) => view.px("y", strip.top));
    view.bottoms = strips.map((strip) => view.px("y", strip.bottom));
    view.left = view.px("x", view.gd._fullLayout.xaxis.range[0]);
    view.right = view.px("x", view.gd._fullLayout.xaxis.range[1]);
    view.ys = strips.map((strip, k) => heights(view, strip, k));
    view.levels = levels(view);
    view.drawn = drawingOrder(view);
    view.rowsOf = marksByTrial(view);
    view.children = childrenOf(data.col("parent").values);
  }

  const clamp = (u) => Math.min(1.04, Math.max(-0.04, u));

  function heights(view, strip, k) {
    const [top, bottom] = [view.tops[k], view.bottoms[k]];
    const { unit } = view.scales[k];
    const n = view.trial.length;
    const ys = new Float32Array(n);
    const values = k ? state.data.col(strip.key).values : null;
    const lanes = strip.choices.length;
    const reach = lanes ? Math.min(10, ((bottom - top) / lanes) * 0.6) : 0;
    for (let i = 0; i < n; i++) {
      const u = unit(values ? values[view.trial[i]] : view.value[i]);
      ys[i] = Number.isNaN(u) ? NaN : bottom - clamp(u) * (bottom - top);
      // Members of one column share a category: spread them, the same way at every paint.
      if (reach) ys[i] += (((view.trial[i] * 0.618034) % 1) - 0.5) * reach;
    }
    return ys;
  }

  /** Colour level of each evaluation: performance at that moment, not at the end. */
  function levels(view) {
    const range = state.data.colour;
    const span = range.best - range.worst;
    return Uint8Array.from(view.value, (v) => {
      if (Number.isNaN(v)) return 255;
      const t = span ? (v - range.worst) / span : 1;
      return Math.round(254 * Math.min(1, Math.max(0, t)));
    });
  }

  /** Small marks before big ones, worse before better. */
  function drawingOrder(view) {
    const key = (i) => (view.levels[i] === 255 ? -1 : view.levels[i]) + (view.last[i] ? 1000 : 0);
    const order = Uint32Array.from({ length: view.trial.length }, (_, i) => i);
    return order.sort((a, b) => key(a) - key(b) || a - b);
  }

  function marksByTrial(view) {
    const starts = new Int32Array(state.data.n + 1);
    for (const row of view.trial) starts[row + 1] += 1;
    for (let k = 0; k < state.data.n; k++) starts[k + 1] += starts[k];
    const marks = new Int32Array(view.trial.length);
    const next = starts.slice();
    for (let i = 0; i < view.trial.length; i++) marks[next[view.trial[i]]++] = i;
    return { of: (row) => marks.subarray(starts[row], starts[row + 1]) };
  }

  function childrenOf(parent) {
    const children = new Map();
    for (let row = 0; row < parent.length; row++) {
      if (parent[row] < 0) continue;
      if (!children.has(parent[row])) children.set(parent[row], []);
      children.get(parent[row]).push(row);
    }
    return children;
  }

  /* ---- drawing ---- */
  const radiusOf = (view) => {
    const n = view.trial.length;
    return n > 20000 ? 1 : n > 3000 ? 1.5 : n > 800 ? 2 : 2.6;
  };

  function monitorArea(g, view) {
    const xs = state.data.col("best:x").values;
    const values = state.data.col("best:value").values;
    if (!xs.length) return;
    const [top, bottom] = [view.tops[0], view.bottoms[0]];
    const y = (v) => bottom - clamp(view.scales[0].unit(v)) * (bottom - top);
    const ground = view.meta.maximize ? bottom : top;
    const path = new Path2D();
    path.moveTo(view.px("x", xs[0]), ground);
    steps(path, view, xs, values, y);
    path.lineTo(view.px("x", xs[xs.length - 1]), ground);
    g.fillStyle = fill(g, view, y);
    g.globalAlpha = 0.75;
    g.fill(path);
    g.globalAlpha = 1;
    const line = new Path2D();
    line.moveTo(view.px("x", xs[0]), y(values[0]));
    steps(line, view, xs, values, y);
    g.setLineDash([1.5, 2.5]);
    g.strokeStyle = ht.token("ink");
    g.lineWidth = 1.4;
    g.stroke(line);
    g.setLineDash([]);
  }

  function steps(path, view, xs, values, y) {
    for (let k = 0; k < xs.length; k++) {
      const x = view.px("x", xs[k]);
      if (k) path.lineTo(x, y(values[k - 1]));
      path.lineTo(x, y(values[k]));
    }
  }

  function fill(g, view, y) {
    const { worst, best } = state.data.colour;
    const gradient = g.createLinearGradient(0, y(worst), 0, y(best));
    for (let k = 0; k <= 10; k++) gradient.addColorStop(k / 10, ht.colour.cssOfLevel(Math.round(k * 25.4)));
    return gradient;
  }

  function links(g, view, isChosen) {
    g.strokeStyle = ht.token("muted");
    g.lineWidth = 0.8;
    const count = view.previous.length * view.ys.length;
    g.globalAlpha = isChosen ? 0.55 : 0.2;
    for (let k = 1; k < view.ys.length; k++) {
      g.setLineDash(count > MANY_LINES * 2 ? [] : [2, 2.5]);
      g.beginPath();
      dashes(g, view, view.ys[k], isChosen);
      g.stroke();
      g.setLineDash([]);
      g.beginPath();
      curves(g, view, view.ys[k], isChosen);
      g.stroke();
    }
    g.globalAlpha = 1;
  }

  function dashes(g, view, ys, isChosen) {
    const { previous, trial, xs } = view;
    for (let i = 0; i < previous.length; i++) {
      const p = previous[i];
      if (p < 0 || (isChosen && !state.mask[trial[i]])) continue;
      g.moveTo(xs[p], ys[p]);
      g.lineTo(xs[i], ys[i]);
    }
  }

  function curves(g, view, ys, isChosen) {
    const { edges, trial, xs } = view;
    for (let e = 0; e < edges.length; e += 2) {
      const [child, parent] = [edges[e], edges[e + 1]];
      if (isChosen && !(state.mask[trial[child]] && state.mask[trial[parent]])) continue;
      curve(g, xs[parent], ys[parent], xs[child], ys[child]);
    }
  }

  function curve(g, x0, y0, x1, y1) {
    const middle = (x0 + x1) / 2;
    g.moveTo(x0, y0);
    g.bezierCurveTo(middle, y0, middle, y1, x1, y1);
  }

  /** All strips' points in one go: one raster, so one upload to the canvas. */
  function points(g, view, options) {
    const radius = radiusOf(view);
    const packed = ht.colour.packed();
    ht.stampMany(g, view, view.ys.slice(1).map((ys) => ({ xs: view.xs, ys })), {
      rows: view.drawn,
      trialOf: view.trial,
      radiusOf: (i) => (view.last[i] ? radius : radius * 0.62),
      colours: (i) => packed[view.levels[i]],
      ...options,
    });
  }

  function base(g, view) {
    monitorArea(g, view);
    circles(g, view, null, Math.min(0.3, 60 / Math.sqrt(view.trial.length + 1) / 20));
    links(g, view, false);
    points(g, view, { alpha: BASE_ALPHA });
  }

  /** A faint circle an evaluation, a ring a new best. */
  function circles(g, view, mask, alpha) {
    ht.stamp(g, view, view.xs, view.ys[0], {
      mask,
      trialOf: view.trial,
      colour: ht.colour.pack(ht.token("ink")),
      radius: radiusOf(view) * 0.7,
      alpha,
    });
  }

  function records(g, view) {
    g.strokeStyle = ht.token("ink");
    g.fillStyle = ht.token("card");
    g.lineWidth = 1.3;
    for (let i = 0; i < view.trial.length; i++) {
      if (!view.record[i]) continue;
      g.beginPath();
      g.arc(view.xs[i], view.ys[0][i], 3.6, 0, 7);
      g.fill();
      g.stroke();
    }
  }

  function overlay(g, view) {
    const isAll = state.count === state.data.n;
    if (!isAll) circles(g, view, state.mask, 0.5);
    records(g, view);
    links(g, view, true);
    points(g, view, { mask: state.mask, alpha: 1 });
    brushes(g, view);
  }

  function brushes(g, view) {
    view.meta.strips.forEach((strip, k) => {
      const brush = ht.brushOn("ranges", strip.key);
      if (!brush) return;
      for (const range of brush.ranges) {
        const [y0, y1] = pixels(view, k, range);
        ht.brushRect(g, view.left, y0, view.right, y1);
      }
    });
  }

  function pixels(view, k, [low, high]) {
    const [top, bottom] = [view.tops[k], view.bottoms[k]];
    const pad = view.meta.strips[k].choices.length ? 7 : 0;
    const y = (v) => bottom - view.scales[k].unit(v) * (bottom - top);
    return [
      low === null ? bottom + 4 : Math.min(bottom + 8, y(low) + pad),
      high === null ? top - 4 : Math.max(top - 8, y(high) - pad),
    ];
  }

  /* ---- lineage under the pointer ---- */
  function lineage(view, row) {
    const parent = state.data.col("parent").values;
    const rows = new Set([row]);
    for (let up = parent[row]; up >= 0 && !rows.has(up); up = parent[up]) rows.add(up);
    const queue = [row];
    while (queue.length) {
      for (const child of view.children.get(queue.pop()) || []) {
        if (!rows.has(child)) {
          rows.add(child);
          queue.push(child);
        }
      }
    }
    return rows;
  }

  function hover(g, view) {
    const row = state.hover;
    if (row < 0) return;
    const rows = lineage(view, row);
    const marks = [...rows].flatMap((r) => Array.from(view.rowsOf.of(r)));
    const hot = ht.token("hot");
    guide(g, view, row);
    g.strokeStyle = hot;
    g.lineWidth = 1.8;
    for (let k = 1; k < view.ys.length; k++) trail(g, view, view.ys[k], rows, marks);
    for (const i of marks) dot(g, view.xs[i], view.ys[0][i], 4, hot, "none");
    for (let k = 1; k < view.ys.length; k++) {
      for (const i of marks) {
        const isOwn = view.trial[i] === row;
        dot(g, view.xs[i], view.ys[k][i], isOwn ? 4.5 : 3, hot, isOwn ? hot : ht.token("card"));
      }
    }
  }

  function guide(g, view, row) {
    const own = view.rowsOf.of(row);
    if (!own.length) return;
    const x = view.xs[own[own.length - 1]];
    g.strokeStyle = ht.token("hot");
    g.globalAlpha = 0.45;
    g.lineWidth = 1;
    g.setLineDash([3, 3]);
    g.beginPath();
    g.moveTo(x, view.tops[0] - 4);
    g.lineTo(x, view.bottoms[view.bottoms.length - 1] + 4);
    g.stroke();
    g.setLineDash([]);
    g.globalAlpha = 1;
  }

  function trail(g, view, ys, rows, marks) {
    g.beginPath();
    for (const i of marks) {
      const p = view.previous[i];
      if (p < 0) continue;
      g.moveTo(view.xs[p], ys[p]);
      g.lineTo(view.xs[i], ys[i]);
    }
    for (let e = 0; e < view.edges.length; e += 2) {
      const [child, parent] = [view.edges[e], view.edges[e + 1]];
      if (!rows.has(view.trial[child]) || !rows.has(view.trial[parent])) continue;
      curve(g, view.xs[parent], ys[parent], view.xs[child], ys[child]);
    }
    g.stroke();
  }

  function dot(g, x, y, radius, stroke, fillStyle) {
    if (Number.isNaN(y)) return;
    g.beginPath();
    g.arc(x, y, radius, 0, 7);
    if (fillStyle !== "none") {
      g.fillStyle = fillStyle;
      g.fill();
    }
    g.lineWidth = 1.5;
    g.strokeStyle = stroke;
    g.stroke();
  }

  /* ---- pointer ---- */
  const stripAt = (y, view) =>
    view.tops.findIndex((top, k) => y >= top - 7 && y <= view.bottoms[k] + 7);

  function pick(x, y, view) {
    const k = stripAt(y, view);
    if (k < 0) return -1;
    const ys = view.ys[k];
    let best = -1;
    let least = PICK_PX * PICK_PX;
    for (let i = 0; i < ys.length; i++) {
      const dx = view.xs[i] - x;
      if (dx > PICK_PX || dx < -PICK_PX || !state.mask[view.trial[i]]) continue;
      const dy = ys[i] - y;
      const distance = dx * dx + dy * dy;
      if (distance < least) {
        least = distance;
        best = view.trial[i];
      }
    }
    return best;
  }

  function bound(view, k, y) {
    const u = (view.bottoms[k] - y) / (view.bottoms[k] - view.tops[k]);
    if (u <= 0 || u >= 1) return null;
    return view.scales[k].value(u);
  }

  function rangeOf(view, k, ya, yb) {
    const low = bound(view, k, Math.max(ya, yb));
    const high = bound(view, k, Math.min(ya, yb));
    const { choices } = view.meta.strips[k];
    if (!choices.length) return [low, high];
    const [a, b] = [low === null ? 0 : low, high === null ? choices.length - 1 : high];
    const codes = choices.map((_, code) => code).filter((code) => code >= a - 0.3 && code <= b + 0.3);
    return codes.length ? [codes[0], codes[codes.length - 1]] : null;
  }

  function press(x, y, view, event) {
    const k = stripAt(y, view);
    if (k < 0 || x < view.left - 4) return null;
    const dims = [view.meta.strips[k].key];
    const old = event.shiftKey ? ht.brushOn("ranges", ...dims) : null;
    const made = (y1) => ({
      view: "exploration",
      kind: "ranges",
      dims,
      ranges: [...(old ? old.ranges : []), rangeOf(view, k, y, y1)].filter(Boolean),
      missing: false,
    });
    return {
      move: (_, y1) => ht.previewBrush(made(y1)),
      release: (_, y1) => ht.commitBrush(made(y1)),
    };
  }

  function cursor(x, y, view) {
    if (state.hover >= 0) return "pointer";
    return stripAt(y, view) >= 0 && x >= view.left ? "crosshair" : "default";
  }

  ht.view({ graph: "exploration-frame-graph", layout, base, overlay, hover, pick, press, cursor });
})();
