/* Hyperparameter importance: trials and brushes over the marginal and the surface that Plotly drew. */
(function () {
  "use strict";
  const ht = window.ht;
  const { state, space } = ht;

  const RUG_PX = 7;
  const PICK_PX = 8;
  const NEAR_PX = 4;
  const EDGE = 1e-6;
  // More trials than these hide the surface they stand on; the best are always among them.
  const MOST_POINTS = 600;
  const MOST_TICKS = 1500;

  /* ---- what both plots share ---- */
  const clamp = (v, low, high) => Math.min(high, Math.max(low, v));

  /** In [-0.5, 0.5), the same for a row at every paint. */
  const spread = (row, salt) => ((row * 0.618034 + salt * 0.381966) % 1) - 0.5;

  /** Pixels of a parameter's values along an axis; choices spread inside their cell. */
  function places(view, axis, description) {
    const { n } = state.data;
    const pixels = new Float32Array(n).fill(NaN);
    const column = state.data.col(description.key);
    if (!column) return pixels;
    const { unit } = ht.scale(description);
    const count = description.choices.length;
    const zero = view.px(axis, 0);
    const length = view.px(axis, 1) - zero;
    const cell = count ? (length / Math.max(1, count - 1)) * 0.6 : 0;
    for (let i = 0; i < n; i++) {
      const u = unit(column.values[i]);
      if (Number.isNaN(u)) continue;
      pixels[i] = zero + clamp(u, 0, 1) * length + (count ? spread(i, axis === "x" ? 1 : 2) * cell : 0);
    }
    return pixels;
  }

  /** The range of column values between two pixels, null at an end where the axis ends. */
  function rangeBetween(view, axis, description, a, b) {
    const { value } = ht.scale(description);
    const [low, high] = [view.inv(axis, a), view.inv(axis, b)].sort((p, q) => p - q);
    if (description.choices.length) return codesBetween(value(low), value(high), description);
    return [low <= EDGE ? null : value(low), high >= 1 - EDGE ? null : value(high)];
  }

  /** All codes whose cells are touched. */
  function codesBetween(low, high, { choices }) {
    const last = choices.length - 1;
    return [clamp(Math.round(low), 0, last), clamp(Math.round(high), 0, last)];
  }

  /** Pixels of the ends of a range, whole cells for choices. */
  function pixelsOf(view, axis, description, [low, high]) {
    const { unit } = ht.scale(description);
    const count = description.choices.length;
    const half = count ? 0.5 / Math.max(1, count - 1) : 0;
    const from = low === null ? 0 : unit(low);
    const to = high === null ? 1 : unit(high);
    return [view.px(axis, clamp(from, 0, 1) - half), view.px(axis, clamp(to, 0, 1) + half)];
  }

  const rangesBrush = (description, ranges) => ({
    view: "importance",
    kind: "ranges",
    dims: [description.key],
    ranges,
    missing: false,
  });

  /* ---- marginal ---- */
  const marginal = {
    graph: "importance-marginal-graph",
    isLate: true,

    layout(view) {
      view.plot = ht.plotOf(view);
      view.xs = places(view, "x", view.meta.axis);
      view.rows = ht.sampled(MOST_TICKS);
    },

    base(g, view) {
      tint(g, view);
      g.strokeStyle = ht.token("soft");
      g.lineWidth = 1;
      rug(g, view, view.rows);
    },

    overlay(g, view) {
      const { axis } = view.meta;
      const brush = ht.brushOn("ranges", axis.key);
      for (const range of brush ? brush.ranges : []) {
        const [a, b] = pixelsOf(view, "x", axis, range);
        ht.brushRect(g, a, view.plot.top, Math.max(b, a + 1), view.plot.bottom);
      }
      g.strokeStyle = ht.token("accent");
      g.lineWidth = 1;
      g.globalAlpha = clamp(60 / state.count, 0.25, 0.9);
      rug(g, view, ht.sampled(MOST_TICKS, state.mask));
      g.globalAlpha = 1;
    },

    hover(g, view) {
      const x = state.hover < 0 ? NaN : view.xs[state.hover];
      if (Number.isNaN(x)) return;
      g.strokeStyle = ht.token("hot");
      g.lineWidth = 2;
      g.beginPath();
      g.moveTo(x, view.plot.bottom + 1);
      g.lineTo(x, view.plot.bottom - RUG_PX - 6);
      g.stroke();
    },

    pick(x, y, view) {
      if (y < view.plot.bottom - RUG_PX - 4 || y > view.plot.bottom + 4) return -1;
      let found = -1;
      let least = NEAR_PX;
      for (let i = 0; i < view.xs.length; i++) {
        const d = Math.abs(view.xs[i] - x) + (state.mask[i] ? 0 : 1);
        if (d < least) {
          least = d;
          found = i;
        }
      }
      return found;
    },

    press(x, y, view, event) {
      const { axis } = view.meta;
      if (!isInside(view, x, y) || !isColumn(axis)) return null;
      const old = ht.brushOn("ranges", axis.key);
      const before = event.shiftKey && old ? old.ranges : [];
      const brush = (toX) => rangesBrush(axis, [...before, rangeBetween(view, "x", axis, x, toX)]);
      return {
        move: (toX) => ht.previewBrush(brush(toX)),
        release: (toX) => ht.commitBrush(brush(toX)),
        click: (atX, atY) => {
          if (marginal.pick(atX, atY, view) >= 0) return false;
          const wantsChoice = axis.choices.length > 0 && !old;
          ht.commitBrush(wantsChoice ? brush(atX) : rangesBrush(axis, []));
          return true;
        },
      };
    },

    cursor: (x, y, view) => cursorAt(view, x, y),
  };

  /** What is promising on this axis, of the ranges that are meant. */
  function tint(g, view) {
    const { plot } = view;
    g.save();
    g.fillStyle = ht.token("performance-2");
    g.globalAlpha = 0.16;
    for (const stretch of meantOf(view) || []) {
      const [a, b] = stretch.map((u) => clamp(view.px("x", u), plot.left, plot.right));
      g.fillRect(a, plot.top, b - a, plot.bottom - plot.top);
    }
    g.restore();
  }

  function rug(g, view, rows) {
    const { xs, plot } = view;
    g.beginPath();
    for (const row of rows) {
      if (Number.isNaN(xs[row])) continue;
      g.moveTo(xs[row], plot.bottom);
      g.lineTo(xs[row], plot.bottom - RUG_PX);
    }
    g.stroke();
  }

  /** The training time of intervals is an axis, but no column of the trials: nothing to brush. */
  const isColumn = (axis) => Boolean(state.data.col(axis.key));

  function isInside(view, x, y) {
    const { left, right, top, bottom } = view.plot;
    return x >= left - 6 && x <= right + 6 && y >= top - 2 && y <= bottom + 2;
  }

  function cursorAt(view, x, y) {
    if (state.hover >= 0) return "pointer";
    return isInside(view, x, y) ? "crosshair" : "default";
  }

  /* ---- surface ---- */
  const surface = {
    graph: "importance-surface-graph",
    isLate: true,

    layout(view) {
      view.plot = ht.plotOf(view);
      view.xs = places(view, "x", view.meta.x);
      view.ys = places(view, "y", view.meta.y);
      view.rows = ht.sampled(MOST_POINTS);
      view.radius = state.data.n > 300 ? 1.3 : 1.7;
    },

    base(g, view) {
      box(g, view);
      ht.stamp(g, view, view.xs, view.ys, {
        rows: view.rows,
        radius: view.radius,
        alpha: 0.4,
        colour: ht.colour.pack(ht.token("card")),
      });
    },

    /** A dark heart in a light rim, or the reverse: seen on every colour of the surface. */
    overlay(g, view) {
      const rows = ht.sampled(MOST_POINTS, state.mask);
      const stamp = (token, radius) =>
        ht.stamp(g, view, view.xs, view.ys, {
          rows,
          radius,
          alpha: 0.95,
          colour: ht.colour.pack(ht.token(token)),
        });
      stamp("card", view.radius + 0.8);
      stamp("ink", view.radius);
      const [x, y] = brushedRanges(view);
      if (!x && !y) return;
      for (const xRange of x || [[null, null]]) {
        for (const yRange of y || [[null, null]]) {
          const [x0, x1] = pixelsOf(view, "x", view.meta.x, xRange);
          const [y0, y1] = pixelsOf(view, "y", view.meta.y, yRange);
          outline(g, x0, y0, x1, y1);
        }
      }
    },

    hover(g, view) {
      const row = state.hover;
      if (row < 0 || Number.isNaN(view.xs[row] + view.ys[row])) return;
      g.fillStyle = ht.token("hot");
      g.strokeStyle = ht.token("card");
      g.lineWidth = 1.5;
      g.beginPath();
      g.arc(view.xs[row], view.ys[row], 4.5, 0, 2 * Math.PI);
      g.fill();
      g.stroke();
    },

    pick(x, y, view) {
      let found = -1;
      let least = PICK_PX;
      for (let i = 0; i < view.xs.length; i++) {
        const dx = view.xs[i] - x;
        if (!(dx < PICK_PX && dx > -PICK_PX)) continue;
        const d = Math.hypot(dx, view.ys[i] - y) + (state.mask[i] ? 0 : 3);
        if (d < least) {
          least = d;
          found = i;
        }
      }
      return found;
    },

    press(x, y, view) {
      if (!isInside(view, x, y) || ![view.meta.x, view.meta.y].every(isColumn)) return null;
      const ranges = (toX, toY) => [
        rangeBetween(view, "x", view.meta.x, x, toX),
        rangeBetween(view, "y", view.meta.y, y, toY),
      ];
      return {
        move: (toX, toY) => previewPair(view, ranges(toX, toY)),
        release: (toX, toY) => commitPair(view, ranges(toX, toY)),
        click: (atX, atY) => {
          if (surface.pick(atX, atY, view) >= 0) return false;
          if (brushedRanges(view).some(Boolean)) commitPair(view, null);
          return true;
        },
      };
    },

    cursor: (x, y, view) => cursorAt(view, x, y),
  };

  /** A region of the surface is a range on either axis: the same brushes as on the axes. */
  const pairOf = (view, ranges) =>
    [view.meta.x, view.meta.y].map((axis, k) => rangesBrush(axis, ranges ? [ranges[k]] : []));

  const previewPair = (view, ranges) => ht.previewBrush(pairOf(view, ranges));
  const commitPair = (view, ranges) => ht.commitBrush(pairOf(view, ranges));

  const brushedRanges = (view) =>
    [view.meta.x, view.meta.y].map((axis) => {
      const brush = ht.brushOn("ranges", axis.key);
      return brush && brush.ranges.length ? brush.ranges : null;
    });

  /** No filling, which would change the colours the surface means. */
  function outline(g, x0, y0, x1, y1) {
    g.strokeStyle = ht.token("hot");
    g.lineWidth = 1.8;
    g.strokeRect(Math.min(x0, x1), Math.min(y0, y1), Math.abs(x1 - x0), Math.abs(y1 - y0));
  }

  /** The promising box that is meant, over the thinner outlines of all. */
  function box(g, view) {
    const { plot } = view;
    const [columns, rows] = meantOf(view) || [[], []];
    if (!columns.length && !rows.length) return;
    g.save();
    g.beginPath();
    for (const xs of columns.length ? columns : [null]) {
      for (const ys of rows.length ? rows : [null]) {
        const [x0, x1] = xs ? xs.map((u) => clamp(view.px("x", u), plot.left, plot.right)) : [plot.left, plot.right];
        const [y1, y0] = ys ? ys.map((u) => clamp(view.px("y", u), plot.top, plot.bottom)) : [plot.bottom, plot.top];
        g.rect(x0, y0, x1 - x0, y1 - y0);
      }
    }
    for (const [token, width] of [["ink", 4], ["card", 2]]) {
      g.strokeStyle = ht.token(token);
      g.lineWidth = width;
      g.stroke();
    }
    g.restore();
  }

  /* ---- which of the promising ranges is meant ---- */
  /** What a figure brought of them: stretches of its axis, or of both; undefined for nothing. */
  function meantOf({ meta }) {
    const kinds = Object.keys(meta.promising || {}).map((kind) => ({ kind }));
    return kinds.length ? meta.promising[space.meant(kinds).kind] : undefined;
  }

  let drawn = "";
  ht.onChange(() => {
    if (drawn === space.options().ranges) return;
    drawn = space.options().ranges;
    for (const view of ht.debug.views) if ([marginal, surface].includes(view.spec)) ht.invalidate(view);
  });

  ht.view(marginal);
  ht.view(surface);
})();
