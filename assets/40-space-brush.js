/* Search space overview: ranges drawn on an axis, several an axis, lanes of trials without a value. */
(function () {
  "use strict";
  const ht = window.ht;
  const state = ht.state;
  const space = ht.space;

  const GRAB_PX = 14;
  const EDGE_PX = 5;
  const LANE_PX = 9;
  const CHOICE_PAD_PX = 12;
  const BEYOND_PX = 3;
  const FAILED = 4;

  space.axisAt = (x, view) => {
    let best = -1;
    for (const j of view.shown) {
      const distance = Math.abs(view.xs[j] - x);
      if (distance <= GRAB_PX && (best < 0 || distance < Math.abs(view.xs[best] - x))) best = j;
    }
    return best;
  };

  const part = (view, y) => (view.bottom - y) / (view.bottom - view.top);

  /** Column value at a height; null beyond the ends, so that values outside the space are kept. */
  function bound(view, j, y) {
    const u = part(view, y);
    return u <= 0 || u >= 1 ? null : view.scales[j].value(u);
  }

  /** [lower, upper] end of a range in pixels, the larger number first. */
  space.pixels = function (view, j, [low, high]) {
    const height = view.bottom - view.top;
    const { unit, isFlipped } = view.scales[j];
    const pad = view.meta.axes[j].choices.length ? CHOICE_PAD_PX : 0;
    const ends = isFlipped ? [high, low] : [low, high];
    const y0 = ends[0] === null ? view.bottom + BEYOND_PX : view.bottom - unit(ends[0]) * height;
    const y1 = ends[1] === null ? view.top - BEYOND_PX : view.bottom - unit(ends[1]) * height;
    return [Math.min(y0 + pad, view.bottom + 8), Math.max(y1 - pad, view.top - 8)];
  };

  function rangeOf(view, j, ya, yb) {
    const axis = view.meta.axes[j];
    const { isFlipped, value } = view.scales[j];
    const [under, over] = [Math.max(ya, yb), Math.min(ya, yb)];
    // Below the axis stand only trials without a value.
    if (over > Math.min(...Object.values(view.lanes)) - LANE_PX) return null;
    if (!axis.choices.length) {
      const ends = [bound(view, j, under), bound(view, j, over)];
      return isFlipped ? ends.reverse() : ends;
    }
    const ends = [value(part(view, under)), value(part(view, over))].sort((a, b) => a - b);
    const last = axis.choices.length - 1;
    const grab = Math.min(0.5, last ? 0.5 : 1) * 0.6;
    const codes = axis.choices.map((_, code) => code).filter((c) => c >= ends[0] - grab && c <= ends[1] + grab);
    return codes.length ? [codes[0], codes[codes.length - 1]] : null;
  }

  /** Whether a drag from one height to another touches the lane of trials without a value. */
  function reachesLane(view, j, ya, yb) {
    const lane = view.lanes.none;
    const isThere = view.meta.axes[j].hasMissing && lane !== undefined;
    return isThere && Math.min(ya, yb) <= lane + LANE_PX && Math.max(ya, yb) >= lane - LANE_PX;
  }

  function brushOf(view, j, ranges, missing) {
    const clean = ranges.filter(Boolean);
    return { view: "space", kind: "ranges", dims: [view.meta.axes[j].key], ranges: clean, missing };
  }

  space.press = function (x, y, view, event) {
    const j = space.axisAt(x, view);
    const floor = Math.max(view.bottom, ...Object.values(view.lanes)) + 14;
    if (j < 0 || y < view.top - 14 || y > floor || space.isMoving()) return null;
    const old = ht.brushOn("ranges", view.meta.axes[j].key);
    const ranges = old ? old.ranges : [];
    const missing = Boolean(old && old.missing);
    const at = ranges.findIndex((range) => holds(view, j, range, y));
    const isChoice = view.meta.axes[j].choices.length > 0;
    const reshapes = at >= 0 && !event.shiftKey && !isChoice;
    const shape = reshapes ? reshape(view, j, ranges[at], y) : (y1) => rangeOf(view, j, y, y1);
    let others = event.shiftKey ? ranges : [];
    if (reshapes) others = ranges.filter((_, k) => k !== at);
    const keepsMissing = missing && (event.shiftKey || at >= 0);
    const made = (y1) =>
      brushOf(view, j, [...others, shape(y1)], keepsMissing || (!reshapes && reachesLane(view, j, y, y1)));
    return {
      move: (_, y1) => ht.previewBrush(made(y1)),
      release: (_, y1) => {
        ht.commitBrush(made(y1));
        space.refresh();
      },
      click: () => click(view, j, y, { ranges, missing, isAdditive: event.shiftKey, at }),
    };
  };

  function holds(view, j, range, y) {
    const [y0, y1] = space.pixels(view, j, range);
    return y <= y0 + EDGE_PX && y >= y1 - EDGE_PX;
  }

  /** Drag an edge of a range, or all of it. */
  function reshape(view, j, range, y) {
    const [y0, y1] = space.pixels(view, j, range);
    if (Math.abs(y - y0) <= EDGE_PX) return (to) => rangeOf(view, j, to, y1);
    if (Math.abs(y - y1) <= EDGE_PX) return (to) => rangeOf(view, j, y0, to);
    return (to) => rangeOf(view, j, y0 + to - y, y1 + to - y);
  }

  /** A click on an axis: a choice or a lane is toggled, a range is removed. */
  function click(view, j, y, { ranges, missing, isAdditive, at }) {
    const axis = view.meta.axes[j];
    const isAt = (lane) => lane !== undefined && Math.abs(y - lane) <= LANE_PX;
    if (axis.hasFailed && isAt(view.lanes.failed)) {
      toggleFailed();
      return true;
    }
    if (axis.hasMissing && isAt(view.lanes.none)) {
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

  /** Failed trials are told by their state: those that merely have no value yet are not among them. */
  function toggleFailed() {
    const ranges = ht.brushOn("ranges", "state") ? [] : [[FAILED, FAILED]];
    ht.commitBrush({ view: "space", kind: "ranges", dims: ["state"], ranges, missing: false });
  }

  space.drawBrushes = function (g, view, half) {
    for (const j of view.shown) {
      const axis = view.meta.axes[j];
      const brush = ht.brushOn("ranges", axis.key);
      const x = view.xs[j];
      const lane = (y) => ht.brushRect(g, x - half, y - 7, x + half, y + 7);
      for (const range of brush ? brush.ranges : []) {
        const [y0, y1] = space.pixels(view, j, range);
        ht.brushRect(g, x - half, y0, x + half, y1);
      }
      if (brush && brush.missing && view.lanes.none !== undefined) lane(view.lanes.none);
      if (axis.hasFailed && holdsFailed()) lane(view.lanes.failed);
    }
  };

  function holdsFailed() {
    const brush = ht.brushOn("ranges", "state");
    return Boolean(brush && brush.ranges.some(([a, b]) => a === FAILED && b === FAILED));
  }

  space.cursor = function (x, y, view) {
    const j = space.axisAt(x, view);
    if (j < 0) return state.hover >= 0 ? "pointer" : "default";
    const brush = ht.brushOn("ranges", view.meta.axes[j].key);
    for (const range of brush ? brush.ranges : []) {
      const [y0, y1] = space.pixels(view, j, range);
      if (Math.abs(y - y0) <= EDGE_PX || Math.abs(y - y1) <= EDGE_PX) return "ns-resize";
      if (y < y0 && y > y1) return "grab";
    }
    return "crosshair";
  };
})();
