/* Optimization overview, right: any two metrics against each other. Plotly draws axes and front. */
(function () {
  "use strict";
  const ht = window.ht;
  const state = ht.state;

  const PICK_PX = 9;
  const UNSELECTED_HANDICAP_PX = 4;
  const RING_PX = 5;

  function layout(view) {
    const { n } = state.data;
    const { x, y } = view.meta;
    view.plot = ht.plotOf(view);
    view.columns = [state.data.col(x), state.data.col(y)];
    view.xs = new Float32Array(n).fill(NaN);
    view.ys = new Float32Array(n).fill(NaN);
    view.radius = n > 5000 ? 1.5 : n > 1000 ? 2 : 2.5;
    if (!view.columns[0] || !view.columns[1]) return;
    const { left, right, top, bottom } = view.plot;
    place(view, "x", view.columns[0].values, view.xs, left, right);
    place(view, "y", view.columns[1].values, view.ys, top, bottom);
  }

  /** Pixels of values; what lies beyond the axis is drawn at its end, what is missing nowhere. */
  function place(view, axis, values, into, least, most) {
    const a = view.gd._fullLayout[`${axis}axis`];
    const isLog = a.type === "log";
    for (let i = 0; i < into.length; i++) {
      const v = values[i];
      if (Number.isNaN(v)) continue;
      const p = a._offset + a.l2p(isLog ? Math.log10(Math.max(v, 0)) : v);
      into[i] = Math.min(most - 2, Math.max(least + 2, p));
    }
  }

  function base(g, view) {
    ht.stamp(g, view, view.xs, view.ys, {
      rows: state.data.order,
      radius: view.radius,
      alpha: 0.75,
      colour: ht.colour.pack(ht.token("soft")),
    });
  }

  function overlay(g, view) {
    const packed = ht.colour.packed();
    const { levels } = state.data;
    ht.stamp(g, view, view.xs, view.ys, {
      rows: state.data.order,
      mask: state.mask,
      radius: view.radius,
      alpha: 1,
      colours: (row) => packed[levels[row]],
    });
    front(g, view);
    rings(g, view);
    const brush = ht.brushOn("box", view.meta.x, view.meta.y);
    if (brush) ht.brushRect(g, ...boxPixels(view, brush.ranges));
    axisBrush(g, view, "x", view.meta.x);
    axisBrush(g, view, "y", view.meta.y);
  }

  /** The front once more, over the points that hide it where they are dense. */
  function front(g, view) {
    const line = view.gd._fullData[0];
    if (!line || !line.x || line.x.length < 2) return;
    const { l, t, w, h } = view.gd._fullLayout._size;
    g.save();
    // The best in one metric may lie beyond an axis that outliers do not stretch.
    g.beginPath();
    g.rect(l, t, w, h);
    g.clip();
    g.beginPath();
    for (let i = 0; i < line.x.length; i++) {
      const [x, y] = [view.px("x", line.x[i]), view.px("y", line.y[i])];
      if (i === 0) g.moveTo(x, y);
      else {
        g.lineTo(x, view.px("y", line.y[i - 1]));
        g.lineTo(x, y);
      }
    }
    for (const [token, width] of [["card", 3], ["ink", 1.2]]) {
      g.strokeStyle = ht.token(token);
      g.lineWidth = width;
      g.globalAlpha = 0.85;
      g.stroke();
    }
    g.restore();
  }

  function rings(g, view) {
    g.lineWidth = 1.8;
    state.highlighted.forEach((row, k) => {
      if (!(row < view.xs.length) || Number.isNaN(view.xs[row] + view.ys[row])) return;
      g.strokeStyle = ht.modelColour(k);
      g.beginPath();
      g.arc(view.xs[row], view.ys[row], RING_PX, 0, 2 * Math.PI);
      g.stroke();
    });
  }

  /** A range brushed elsewhere on a metric shown here: a bar along its axis. */
  function axisBrush(g, view, axis, key) {
    const brush = ht.brushOn("ranges", key);
    if (!brush) return;
    const { left, right, top, bottom } = view.plot;
    for (const range of brush.ranges) {
      const [a, b] = ends(view, axis, range);
      if (axis === "x") ht.brushRect(g, a, bottom - 3, b, bottom);
      else ht.brushRect(g, left, a, left + 3, b);
    }
  }

  function ends(view, axis, [low, high]) {
    const { left, right, top, bottom } = view.plot;
    const [least, most] = axis === "x" ? [left, right] : [bottom, top];
    const pixel = (bound, end) => {
      const p = bound === null ? end : view.px(axis, bound);
      return Number.isFinite(p) ? clamp(p, Math.min(least, most), Math.max(least, most)) : end;
    };
    return [pixel(low, least), pixel(high, most)];
  }

  const clamp = (v, least, most) => Math.min(most, Math.max(least, v));

  function boxPixels(view, ranges) {
    const [x0, x1] = ends(view, "x", ranges[0]);
    const [y0, y1] = ends(view, "y", ranges[1]);
    return [x0, y0, x1, y1];
  }

  function hover(g, view) {
    const row = state.hover;
    if (row < 0 || Number.isNaN(view.xs[row] + view.ys[row])) return;
    const [x, y] = [view.xs[row], view.ys[row]];
    g.fillStyle = ht.colour.css(row);
    g.strokeStyle = ht.token("hot");
    g.lineWidth = 2;
    g.beginPath();
    g.arc(x, y, RING_PX, 0, 2 * Math.PI);
    g.fill();
    g.stroke();
  }

  function pick(x, y, view) {
    const { xs, ys } = view;
    const { mask } = state;
    let found = -1;
    let least = PICK_PX;
    for (let i = 0; i < xs.length; i++) {
      const dx = xs[i] - x;
      if (!(dx < PICK_PX && dx > -PICK_PX)) continue;
      const d = Math.hypot(dx, ys[i] - y) + (mask[i] ? 0 : UNSELECTED_HANDICAP_PX);
      if (d < least) {
        least = d;
        found = i;
      }
    }
    return found;
  }

  const isInside = ({ left, right, top, bottom }, x, y) =>
    x >= left - 4 && x <= right + 4 && y >= top - 4 && y <= bottom + 4;

  /** A bound beyond the ends of an axis is none: there stand the trials that lie further out. */
  function bound(view, axis, pixel) {
    const [low, high] = view.meta.ends[axis];
    const value = view.inv(axis, pixel);
    return value <= low || value >= high ? null : value;
  }

  function press(x, y, view) {
    if (!isInside(view.plot, x, y)) return null;
    const { x: xKey, y: yKey } = view.meta;
    const brush = (toX, toY) => ({
      view: "overview",
      kind: "box",
      dims: [xKey, yKey],
      ranges: [
        [bound(view, "x", Math.min(x, toX)), bound(view, "x", Math.max(x, toX))],
        [bound(view, "y", Math.max(y, toY)), bound(view, "y", Math.min(y, toY))],
      ],
      missing: false,
    });
    return {
      move: (toX, toY) => ht.previewBrush(brush(toX, toY)),
      release: (toX, toY) => ht.commitBrush(brush(toX, toY)),
      // A click on no trial takes the box away.
      click: (atX, atY) => {
        if (pick(atX, atY, view) >= 0) return false;
        if (ht.brushOn("box", xKey, yKey)) ht.commitBrush({ ...brush(atX, atY), ranges: [] });
        return true;
      },
    };
  }

  ht.view({
    graph: "overview-tradeoff-graph",
    layout,
    base,
    overlay,
    hover,
    pick,
    press,
    cursor: (x, y, view) => (state.hover >= 0 ? "pointer" : isInside(view.plot, x, y) ? "crosshair" : "default"),
  });
})();
